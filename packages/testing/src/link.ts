// One client connection and the connection to the target behind it: two sockets, two lines, and how they end.
// It knows nothing of HTTP; `upstream.ts` and `downstream.ts` move the bytes.
import { connect, type Socket } from 'node:net'
import type { EventLog } from './events.ts'
import type { Exchange } from './exchange.ts'
import { createLine, type Line } from './line.ts'
import { createReader, type Reader } from './reader.ts'
import type { Rulebook, Standing } from './rulebook.ts'
import type { Direction, Ending, ExchangeInfo, FaultName } from './rules.ts'
import type { Timers } from './timers.ts'

/** What the whole proxy shares. */
export interface Shared {
  events: EventLog
  rules: Rulebook
  timers: Timers
  random: () => number
  target(): { host: string; port: number }
  /** Keeps count of a socket until it has closed, and swallows its errors: a reset is an event here, never a crash. */
  track(socket: Socket, side: 'client' | 'target'): void
  countBytes(direction: Direction, count: number): void
}

export interface Link {
  readonly id: number
  readonly shared: Shared
  readonly client: Reader
  readonly up: Line
  readonly down: Line
  /** The exchange under way, else the last one. */
  exchange: Exchange | null
  /** Connects to the target unless that was done; `started` gets the reader of a fresh connection. */
  reachTarget(started: (target: Reader) => void): void
  /** Sends the end of one side's bytes after them; the other side then sees what this side did. */
  passEnd(direction: Direction): void
  /** Ends sockets now; what is on its way is lost. A side that is spared learns nothing. */
  cut(how: Ending, side?: 'client' | 'target' | 'both'): void
  report(fault: FaultName, rule: Standing | null, more?: { direction?: Direction; detail?: string }): void
  /** True once a black hole took something from it. */
  lossy(): boolean
  wake(): void
  destroy(): void
  /** A bug of ours or of a function we were given: recorded, and the end of this link only. */
  fail(error: unknown): void
}

export function createLink(id: number, clientSocket: Socket, shared: Shared, gone: () => void): Link {
  const { events, rules, timers } = shared
  const client = createReader(clientSocket)
  let target: { socket: Socket; reader: Reader } | null = null
  const endedByUs = new Set<Socket>()

  const up = lineTo('up', () => target?.socket ?? null)
  const down = lineTo('down', () => clientSocket)

  function lineTo(direction: Direction, sink: () => Socket | null): Line {
    return createLine({
      weather: (exchange) => rules.weather({ connection: id, exchange, direction }),
      onPassage(passage, exchange) {
        if (passage === 'pass') return
        const fault = passage === 'hold' ? 'hold' : 'black-hole'
        events.add({ type: 'fault', fault, connection: id, direction, ...placed(exchange) })
      },
      write(bytes) {
        const socket = sink()
        if (socket === null || !socket.writable) return true
        shared.countBytes(direction, bytes.length)
        return socket.write(bytes)
      },
      timers,
      random: shared.random,
    })
  }

  function adopt(socket: Socket, side: 'client' | 'target', reader: Reader, from: Direction, into: Line): void {
    socket.setNoDelay(true)
    shared.track(socket, side)
    socket.on('drain', () => into.drained())
    socket.on('close', (hadError) => {
      into.drained()
      // The end of its bytes was passed on by whoever read them; a reset after that is news.
      if (hadError && reader.finish() === 'end') link.passEnd(from)
      const by = endedByUs.has(socket) ? 'proxy' : hadError ? 'reset' : (reader.finish() ?? 'reset')
      events.add({ type: 'closed', connection: id, side, by })
      settle()
    })
  }

  function settle(): void {
    if (!clientSocket.destroyed || (target !== null && !target.socket.destroyed)) return
    up.sever()
    down.sever()
    gone()
  }

  function end(socket: Socket, how: Ending): void {
    if (socket.destroyed) return
    endedByUs.add(socket)
    if (how === 'reset') socket.resetAndDestroy()
    else socket.destroySoon()
  }

  const link: Link = {
    id,
    shared,
    client,
    up,
    down,
    exchange: null,
    reachTarget(started) {
      if (target !== null || up.severed()) return
      const socket = connect({ ...shared.target(), allowHalfOpen: true })
      target = { socket, reader: createReader(socket) }
      adopt(socket, 'target', target.reader, 'down', up)
      started(target.reader)
    },
    passEnd(direction) {
      const line = direction === 'up' ? up : down
      const how = (direction === 'up' ? client : target?.reader)?.finish() ?? 'end'
      const broken = direction === 'up' ? clientSocket.errored : target?.socket.errored
      const exchange = link.exchange ?? undefined
      line.mark(() => {
        const socket = direction === 'up' ? target?.socket : clientSocket
        // Nothing was ever asked of the target: there is nobody but us to answer the client's end.
        if (socket === undefined) down.mark(() => end(clientSocket, 'end'), exchange)
        else if (how === 'reset' || broken) end(socket, 'reset')
        else socket.end()
      }, exchange)
    },
    cut(how, side = 'both') {
      up.sever()
      down.sever()
      if (side !== 'target') end(clientSocket, how)
      if (side !== 'client' && target !== null) end(target.socket, how)
      // A spared side that ends by itself gets its answer, or it would stay half-closed for ever.
      if (side === 'client' && target !== null) answerEnd(target.socket, target.reader)
      if (side === 'target') answerEnd(clientSocket, client)
    },
    report(fault, rule, more = {}) {
      events.add({
        type: 'fault',
        fault,
        connection: id,
        ...placed(link.exchange),
        ...(rule && { rule: rule.id }),
        ...more,
      })
    },
    lossy: () => up.lossy() || down.lossy(),
    wake() {
      up.wake()
      down.wake()
    },
    destroy() {
      up.sever()
      down.sever()
      for (const socket of [clientSocket, target?.socket]) {
        if (socket === undefined || socket.destroyed) continue
        endedByUs.add(socket)
        socket.destroy()
      }
    },
    fail(error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
      events.add({ type: 'error', connection: id, message })
      link.destroy()
    },
  }
  adopt(clientSocket, 'client', client, 'up', down)
  return link
}

function answerEnd(socket: Socket, reader: Reader): void {
  if (reader.finish() === null) socket.once('end', () => socket.end())
  else socket.end()
}

function placed(
  exchange: ExchangeInfo | null | undefined,
): { exchange: number; kind: ExchangeInfo['kind'] } | undefined {
  return exchange ? { exchange: exchange.id, kind: exchange.kind } : undefined
}
