/** One direction of a connection: what is put in comes out in order, later, or never. */
import type { Actor, World } from './world.ts'

export interface Pipe {
  /** Bytes on the way. */
  readonly queued: number
  send(bytes: number, arrive: () => void): void
  /** Nothing comes out before that instant; then everything does. */
  stall(until: number): void
  readonly stalledUntil: number
  /** Nothing comes out any more, and nobody is told: half of a half-open link. */
  kill(): void
  /** What is on the way is lost. */
  clear(): void
}

export interface PipeOptions {
  world: World
  receiver: Actor
  /** ms for the next piece. */
  latency(): number
  /** The whole path between the two is stalled until then. */
  pathStalledUntil(): number
  /** Something has come out. */
  drained?(): void
}

interface Piece {
  readonly at: number
  readonly bytes: number
  readonly arrive: () => void
}

export function createPipe({ world, receiver, latency, pathStalledUntil, drained }: PipeOptions): Pipe {
  let pieces: Piece[] = []
  let queued = 0
  let stalledUntil = 0
  let lastAt = 0
  let state: 'idle' | 'armed' | 'dead' = 'idle'

  function arm(): void {
    const [head] = pieces
    if (!head || state !== 'idle') return
    state = 'armed'
    world.after(receiver, Math.max(head.at - world.now, 0), pump)
  }
  function pump(): void {
    if (state === 'dead') return
    state = 'idle'
    const [head] = pieces
    if (!head) return
    const at = Math.max(head.at, stalledUntil, pathStalledUntil())
    if (at > world.now) {
      state = 'armed'
      world.after(receiver, at - world.now, pump)
      return
    }
    pieces.shift()
    queued -= head.bytes
    // Armed first: what arrives may put more in, or end it all.
    arm()
    head.arrive()
    drained?.()
  }
  function clear(): void {
    pieces = []
    queued = 0
  }

  return {
    get queued() {
      return queued
    },
    get stalledUntil() {
      return stalledUntil
    },
    send(bytes, arrive) {
      if (state === 'dead') return
      lastAt = Math.max(lastAt, world.now + latency())
      pieces.push({ at: lastAt, bytes, arrive })
      queued += bytes
      arm()
    },
    stall(until) {
      stalledUntil = Math.max(stalledUntil, until)
    },
    kill() {
      state = 'dead'
      clear()
    },
    clear,
  }
}
