/** The network between pages and server processes: connections made of two pipes each, and how they break. */
import type { EventEmitter } from 'node:events'
import type { Server } from '@holdfast/server'
import { createPipe, type Pipe } from './pipe.ts'
import type { Actor, World } from './world.ts'

/** What a connection carries: a WebSocket, an event stream, polls (their hello, too), or an uplink POST. */
export type Kind = 'socket' | 'stream' | 'poll' | 'post'

/** A server process, as the network sees it. */
export interface Process {
  readonly n: number
  readonly actor: Actor
  readonly server: Server
  /** Bytes from which a socket of its counts as full (`limits.replayBytes`). */
  readonly fullAt: number
  /** Stands for the `http.Server` that the real listeners are attached to. */
  readonly http: EventEmitter
}

/** Where clients run, as the network sees it. */
export interface Page {
  readonly name: string
  readonly actor: Actor
  /** All its connections are stalled until then. */
  stalledUntil: number
}

export interface Conn {
  readonly id: number
  readonly page: Page
  readonly kind: Kind
  readonly up: Pipe
  readonly down: Pipe
  /** The process at its other end; null before the first byte has got there. */
  process: Process | null
  /** The session and incarnation that its hello, or the head of its request, names. */
  token: string | null
  incarnation: number
  /** What an end learns when the network breaks the connection; null where that end has let go or knows. */
  onClientLost: (() => void) | null
  onServerLost: (() => void) | null
}

/** Decides what becomes of each thing on the network. */
export interface Weather {
  /** One-way delay of the next piece, ms. */
  latency(): number
  dial(kind: Kind): 'through' | 'refused' | 'hanging' | 'mute' | 'slammed'
  /** One HTTP exchange: repeated by a proxy, failed before or after the server had it, cut in the answer, or let through only in bulk. */
  exchange(kind: Kind, body: string): 'through' | 'repeated' | 'unsent' | 'unanswered' | 'truncated' | 'buffered'
  /** Whether a proxy repeats an upgrade. */
  repeatsUpgrade(): boolean
  /** Whether a cache gives the answer to the poll before once more, and the server does not hear of this one. */
  repeatsAnswer(): boolean
  /** Bytes that a proxy which buffers lets through at once. */
  bufferSize(): number
  /** What comes out of the network for one packet put in. */
  transit(direction: 'up' | 'down', packet: string): readonly string[]
  /** A close code of a balancer. */
  closeCode(): number
  /** How long until something that is put off, ms. */
  later(): number
}

/** Whoever wants to know what goes over the wire. */
export interface Taps {
  /** A packet is about to be given to the server. */
  heard(conn: Conn, packet: string): void
  /** The server puts a packet on the connection. */
  said(conn: Conn, packet: string): void
}

export interface Network {
  readonly world: World
  readonly weather: Weather
  readonly taps: Taps
  /** The process that the next new connection reaches: any of those that are there. */
  readonly process: Process | null
  readonly processes: Set<Process>
  /** Connections that their client has not let go of. */
  readonly conns: ReadonlySet<Conn>
  open(page: Page, kind: Kind): Conn
  /** The client has let go. */
  release(conn: Conn): void
  /** Both ends learn of it, at once, and what was on the way is lost; `clean`: after what was on the way. */
  cut(conn: Conn, how: 'clean' | 'reset'): void
  /** A page is gone; the other ends learn of it, or not. */
  abandon(page: Page, how: 'told' | 'untold'): void
  /** A process is gone: whoever was connected to it learns of it as far as the network still carries that. */
  lose(process: Process): void
}

/** `pick`: one of so many. */
export function createNetwork(world: World, weather: Weather, taps: Taps, pick: (count: number) => number): Network {
  const processes = new Set<Process>()
  const conns = new Set<Conn>()
  /** Also those whose client has let go while the server does not know yet. */
  const all = new Set<Conn>()
  let made = 0

  function loseClient(conn: Conn): void {
    const lost = conn.onClientLost
    conn.onClientLost = null
    if (!lost) return
    conns.delete(conn)
    lost()
  }
  function loseServer(conn: Conn): void {
    const lost = conn.onServerLost
    conn.onServerLost = null
    all.delete(conn)
    lost?.()
  }
  const network: Network = {
    world,
    weather,
    taps,
    get process() {
      // One alone is not chosen: whether there are several changes nothing else that is drawn.
      const i = processes.size > 1 ? pick(processes.size) : 0
      return [...processes][i] ?? null
    },
    processes,
    conns,
    open(page, kind) {
      const path = { world, latency: weather.latency, pathStalledUntil: () => page.stalledUntil }
      // The receiver of the way up is whatever process is there when it arrives, so a stopped process holds it in its own queue.
      const up = createPipe({ ...path, receiver: world.actor('network') })
      const down = createPipe({ ...path, receiver: page.actor })
      const conn: Conn = {
        id: ++made,
        page,
        kind,
        up,
        down,
        process: null,
        token: null,
        incarnation: 0,
        onClientLost: null,
        onServerLost: null,
      }
      conns.add(conn)
      all.add(conn)
      return conn
    },
    release(conn) {
      conns.delete(conn)
      conn.onClientLost = null
    },
    cut(conn, how) {
      world.trace(`cut ${how} #${conn.id}`)
      if (how === 'clean') {
        conn.up.send(0, () => loseServer(conn))
        conn.down.send(0, () => loseClient(conn))
        return
      }
      conn.up.kill()
      conn.down.kill()
      world.after(conn.page.actor, 0, () => loseClient(conn))
      world.after(conn.process?.actor ?? null, 0, () => loseServer(conn))
    },
    abandon(page, how) {
      for (const conn of conns) {
        if (conn.page !== page) continue
        network.release(conn)
        if (how === 'told') conn.up.send(0, () => loseServer(conn))
        else conn.up.kill()
      }
    },
    lose(process) {
      for (const conn of all) {
        if (conn.process !== process) continue
        all.delete(conn)
        conn.onServerLost = null
        conn.up.kill()
        conn.down.send(0, () => loseClient(conn))
      }
    },
  }
  return network
}
