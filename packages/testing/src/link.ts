// One client connection and the connection to the target behind it: two sockets, two lines, and how they end.
// It knows nothing of HTTP; `upstream.ts` and `downstream.ts` move the bytes.
import { connect, type Socket } from 'node:net'
import { describe } from './errors.ts'
import type { EventLog } from './event-log.ts'
import type { Exchange } from './exchange.ts'
import { createLine, type Line } from './line.ts'
import { createPeer, type Peer } from './peer.ts'
import type { Reader } from './reader.ts'
import type { Replays } from './replays.ts'
import type { Rulebook } from './rulebook.ts'
import type { Direction, Ending } from './rules.ts'
import type { Timers } from './timers.ts'

/** What the whole proxy shares. */
export interface Shared {
  events: EventLog
  rules: Rulebook
  replays: Replays
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
  /** True once a black hole took something from it. */
  lossy(): boolean
  wake(): void
  destroy(): void
  /** A bug of ours or of a function we were given: recorded, and the end of this link only. */
  fail(error: unknown): void
}

export function createLink(id: number, clientSocket: Socket, shared: Shared, gone: () => void): Link {
  const up = createLine(lineOptions(id, shared, 'up', (bytes) => target?.write(bytes) ?? true))
  const down = createLine(lineOptions(id, shared, 'down', (bytes) => client.write(bytes)))
  const client = adopt(clientSocket, 'client', 'up', down)
  let target: Peer | null = null

  function adopt(socket: Socket, side: 'client' | 'target', from: Direction, into: Line): Peer {
    shared.track(socket, side)
    return createPeer(socket, {
      drained: () => into.drained(),
      ended: () => shared.events.add({ type: 'ended', connection: id, side }),
      closed(by, late) {
        if (late) link.passEnd(from)
        shared.events.add({ type: 'closed', connection: id, side, by })
        if (client.closed() && target?.closed() !== false) leave()
      },
    })
  }

  function leave(): void {
    sever()
    gone()
  }

  function sever(): void {
    up.sever()
    down.sever()
  }

  const link: Link = {
    id,
    shared,
    client: client.reader,
    up,
    down,
    exchange: null,
    reachTarget(started) {
      if (target !== null || up.severed()) return
      target = adopt(connect({ ...shared.target(), allowHalfOpen: true }), 'target', 'down', up)
      started(target.reader)
    },
    passEnd(direction) {
      const exchange = link.exchange ?? undefined
      const how = (direction === 'up' ? client : target)?.finish()
      const line = direction === 'up' ? up : down
      line.mark(() => {
        const peer = direction === 'up' ? target : client
        // Nothing was ever asked of the target: there is nobody but us to answer the client's end.
        if (peer === null) down.mark(() => client.close('end'), exchange)
        else if (how === 'reset') peer.close('reset')
        else peer.end()
      }, exchange)
    },
    cut(how, side = 'both') {
      sever()
      if (side === 'target') client.answerEnd()
      else client.close(how)
      if (side === 'client') target?.answerEnd()
      else target?.close(how)
    },
    lossy: () => up.lossy() || down.lossy(),
    wake() {
      up.wake()
      down.wake()
    },
    destroy() {
      sever()
      client.destroy()
      target?.destroy()
    },
    fail(error) {
      shared.events.add({ type: 'error', connection: id, message: describe(error) })
      link.destroy()
    },
  }
  return link
}

function lineOptions(
  id: number,
  { rules, events, timers, random, countBytes }: Shared,
  direction: Direction,
  write: (bytes: Buffer) => boolean,
): Parameters<typeof createLine>[0] {
  return {
    weather: (exchange) => rules.weather({ connection: id, exchange, direction }),
    onPassage(passage, exchange) {
      if (passage === 'pass') return
      const fault = passage === 'hold' ? 'hold' : 'black-hole'
      const place = exchange && { exchange: exchange.id, kind: exchange.kind }
      events.add({ type: 'fault', fault, connection: id, direction, ...place })
    },
    write(bytes) {
      countBytes(direction, bytes.length)
      return write(bytes)
    },
    timers,
    random,
  }
}
