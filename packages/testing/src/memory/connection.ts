// One connection in memory: two lines, and an end at each of them. Whatever is told is told in a later turn, so that nobody is called from
// within a call of their own.
import { sizeOf, type Packet } from '@holdfast/protocol'
import type { EventLog } from '../event-log.ts'
import { placeOf } from '../exchange.ts'
import { fateOf } from '../frame-fate.ts'
import { createLine, type Line } from '../line.ts'
import type { Rulebook } from '../rulebook.ts'
import type { Direction, ExchangeInfo } from '../rules.ts'
import type { Ticks } from '../timers.ts'
import type { ClientSocket, Dial, MemorySocket, SocketEvents, SocketServer } from './socket.ts'

/** What all connections of a network share. */
export interface Common {
  readonly rules: Rulebook
  readonly events: EventLog
  readonly timers: Ticks
  readonly random: () => number
  /** Who is there when a connection arrives. */
  server(): SocketServer | null
}

export interface Connection {
  readonly exchange: ExchangeInfo
  readonly client: ClientSocket
  /** Ends it for one side or both. A side that is spared learns nothing and hears nothing any more. */
  cut(side: 'client' | 'target' | 'both'): void
  /** True once a black hole took something from it. */
  lossy(): boolean
  wake(): void
}

type Side = 'client' | 'target'

export function createConnection(
  id: number,
  { url, protocols, kind }: Dial,
  { rules, events, timers, random, server }: Common,
  tell: SocketEvents,
  gone: () => void,
): Connection {
  const { pathname, search } = new URL(url)
  const exchange: ExchangeInfo = {
    id,
    connection: id,
    kind,
    method: 'GET',
    path: pathname + search,
    headers: {},
    body: undefined,
    status: 101,
  }
  /** Who hears at each side; null where nobody does any more. The target's is there once the server has been reached. */
  const ears: { client: SocketEvents | null; target: SocketEvents | null } = { client: tell, target: null }
  /** Who has not left yet. The target counts while it is still to be reached, too. */
  const present = { client: true, target: true }
  const lines: Record<Direction, Line> = { up: createLine(lineOptions('up')), down: createLine(lineOptions('down')) }
  let phase: 'connecting' | 'open' = 'connecting'

  function lineOptions(direction: Direction): Parameters<typeof createLine>[0] {
    return {
      weather: () => rules.weather({ connection: id, exchange, direction }),
      onPassage(passage) {
        if (passage === 'pass') return
        const fault = passage === 'hold' ? 'hold' : 'black-hole'
        events.add({ type: 'fault', fault, connection: id, exchange: id, kind, direction })
      },
      write: () => true,
      timers,
      random,
    }
  }
  /** Something gets to the other side, later, in order, if nothing happens to it. */
  function cross(direction: Direction, arrive: () => void, wait?: number): void {
    const line = lines[direction]
    line.mark(() => queueMicrotask(() => line.severed() || arrive()), exchange, wait)
  }
  function leave(side: Side, by: 'end' | 'reset'): void {
    if (!present[side]) return
    present[side] = false
    ears[side] = null
    events.add({ type: 'closed', connection: id, side, by })
    if (!present.client && !present.target) gone()
  }
  /** A side hears of the end, once. */
  function end(side: Side, by: 'end' | 'reset', code: number, reason: string): void {
    const listener = ears[side]
    leave(side, by)
    listener?.closed(code, reason)
  }
  function send(direction: Direction, packet: Packet): void {
    const to = direction === 'up' ? 'target' : 'client'
    const length = sizeOf(packet)
    const { fate, wait } = fateOf({ rules, events }, exchange, direction, { isMessage: true, length })
    const opcode = typeof packet === 'string' ? 1 : 2
    events.add({ type: 'frame', ...placeOf(exchange), direction, opcode, length, fate })
    const times = fate === 'dropped' ? 0 : fate === 'duplicated' ? 2 : 1
    for (let i = 0; i < times; i++) cross(direction, () => ears[to]?.message(packet), wait)
  }

  function arrive(): void {
    const serve = server()
    if (serve === null) return refuse()
    const heard = serve(createServerEnd())
    // It may have closed in the midst of that.
    if (present.target) ears.target = heard
  }
  const createServerEnd = (): MemorySocket => ({
    connection: id,
    kind,
    url: exchange.path,
    protocols,
    open(protocol = '') {
      events.add({ type: 'upgrade', ...placeOf(exchange) })
      cross('down', () => {
        phase = 'open'
        ears.client?.opened?.(protocol)
      })
    },
    send: (packet) => present.target && send('down', packet),
    close(code = 1000, reason = '') {
      if (!present.target) return
      cross('down', () => end('client', 'end', code, reason))
      leave('target', 'end')
    },
  })

  function refuse(): void {
    cross('down', () => end('client', 'reset', 1006, ''))
    leave('target', 'reset')
  }
  function dial(): void {
    events.add({ type: 'connection', connection: id })
    const refusal = rules.take('refuse', { connection: id })
    if (refusal === null) return cross('up', arrive)
    events.add({ type: 'fault', fault: 'refuse', rule: refusal.id, connection: id })
    refuse()
  }

  dial()
  return {
    exchange,
    client: {
      send: (packet) => present.client && phase === 'open' && send('up', packet),
      close(code, reason) {
        if (!present.client) return
        cross('up', () => end('target', 'end', code, reason))
        leave('client', 'end')
      },
    },
    cut(side) {
      lines.up.sever()
      lines.down.sever()
      for (const struck of side === 'both' ? (['client', 'target'] as const) : [side])
        queueMicrotask(() => end(struck, 'reset', 1006, ''))
    },
    lossy: () => lines.up.lossy() || lines.down.lossy(),
    wake() {
      lines.up.wake()
      lines.down.wake()
    },
  }
}
