/**
 * Virtual time on one thread. Whoever runs in it is an actor: a client's page or a server process, which can be held, throttled, set off from true
 * time, or killed. The loop is explicit: take the earliest event, run it, let promises settle, go on.
 */
import type { Oracle } from './oracles.ts'

export interface Actor {
  readonly name: string
  state: 'alive' | 'dead'
  /** Until then nothing runs in it: neither timers nor what arrives (sleep, a stopped process). */
  heldUntil: number
  /** Until then its timers fire only on multiples of `grain` ms (a hidden page). */
  coarseUntil: number
  grain: number
  /** Its clock minus the world's. */
  skew: number
  /** Timers that are set. */
  timers: number
}

export interface Clock {
  now(): number
  after(delay: number, fn: () => void): () => void
}

export interface World {
  readonly now: number
  /** What went wrong first, or null. */
  readonly failure: string | null
  /** Digest of all trace lines. */
  readonly hash: string
  /** The last lines. */
  lines(): string[]
  trace(line: string): void
  /** Records a broken promise; the loop stops at the first. */
  fail(oracle: Oracle, what: string): void
  actor(name: string): Actor
  clock(actor: Actor): Clock
  /** Something happens to the actor (or to nobody) after so many ms of true time. Returns the undo. */
  after(actor: Actor | null, delay: number, run: () => void): () => void
  /** Runs until that instant, or until `done` holds, looked at after each event. */
  run(until: number, done?: () => boolean): Promise<void>
}

interface Event {
  at: number
  seq: number
  readonly actor: Actor | null
  /** Of a timer: when it is due by its actor's own clock. */
  readonly due: number | null
  coarse: 'unaligned' | 'aligned'
  run: (() => void) | null
}

/**
 * Turns of the microtask queue given to promises after each event. The longest chain in client and server is a retried POST, about twenty; macrotasks
 * would let the test runner in between.
 */
const HOPS = 26
/** Where what processes share answers over several promises of its own. */
export const MORE_HOPS = 80
/** Of a run that is looked at by itself, all. */
const KEPT_LINES = process.env.SEED ? 20_000 : 60
/** Events after which a run goes round in circles: twenty times what one takes. */
const MOST_EVENTS = 60_000
const settled = Promise.resolve()

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.seq < b.seq)

/** A binary heap by time, first come first served. */
function createHeap(): { peek(): Event | undefined; push(event: Event): void; pop(): Event } {
  const heap: Event[] = []
  return {
    peek: () => heap[0],
    push(event) {
      let i = heap.push(event) - 1
      for (; i > 0;) {
        const parent = (i - 1) >> 1
        if (!isBefore(event, heap[parent]!)) break
        heap[i] = heap[parent]!
        i = parent
      }
      heap[i] = event
    },
    pop() {
      const top = heap[0]!
      const last = heap.pop()!
      if (!heap.length) return top
      let i = 0
      for (;;) {
        let child = 2 * i + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
        if (!isBefore(heap[child]!, last)) break
        heap[i] = heap[child]!
        i = child
      }
      heap[i] = last
      return top
    },
  }
}

/** 53 bits of FNV-like digest over the characters, enough to tell two runs apart. */
function createDigest(): { add(line: string): void; readonly value: string } {
  let a = 0x811c9dc5
  let b = 0x1000193
  return {
    add(line) {
      for (let i = 0; i < line.length; i++) {
        const code = line.charCodeAt(i)
        a = Math.imul(a ^ code, 0x01000193)
        b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 15)
      }
    },
    get value() {
      return (a >>> 0).toString(16) + '-' + (b >>> 0).toString(16)
    },
  }
}

export function createWorld(hops: number = HOPS): World {
  const heap = createHeap()
  const digest = createDigest()
  const kept: string[] = []
  let now = 0
  let seq = 0
  let events = 0
  let failure: string | null = null

  function trace(line: string): void {
    const stamped = (now / 1000).toFixed(3) + ' ' + line
    digest.add(stamped)
    kept.push(stamped)
    if (kept.length >= 2 * KEPT_LINES) kept.splice(0, KEPT_LINES)
  }
  function fail(oracle: Oracle, what: string): void {
    const told = `[${oracle}] ${what}`
    trace('FAILED ' + told)
    failure ??= told
  }
  function put(actor: Actor | null, at: number, due: number | null, run: () => void): Event {
    const event: Event = { at: Math.max(at, now), seq: ++seq, actor, due, coarse: 'unaligned', run }
    heap.push(event)
    return event
  }
  /** When it can happen at the earliest, as things stand; never for the dead. */
  function earliest(event: Event): number {
    const { actor, due } = event
    if (!actor) return now
    if (actor.state === 'dead') return Infinity
    if (actor.heldUntil > now) return actor.heldUntil
    if (due === null) return now
    // The actor's clock stood still, or its timers are bundled.
    if (due - actor.skew > now) return due - actor.skew
    if (actor.coarseUntil <= now || event.coarse === 'aligned') return now
    event.coarse = 'aligned'
    return Math.min(Math.ceil(now / actor.grain) * actor.grain, actor.coarseUntil)
  }
  function step(event: Event): boolean {
    now = Math.max(now, event.at)
    if (!event.run) return false
    const at = earliest(event)
    if (at === Infinity) return false
    if (at > now) {
      event.at = at
      event.seq = ++seq
      heap.push(event)
      return false
    }
    try {
      event.run()
    } catch (error) {
      fail('sound', 'threw: ' + String((error as Error)?.stack ?? error))
    }
    return true
  }

  return {
    get now() {
      return now
    },
    get failure() {
      return failure
    },
    get hash() {
      return digest.value
    },
    lines: () => kept.slice(-KEPT_LINES),
    trace,
    fail,
    actor: (name) => ({ name, state: 'alive', heldUntil: 0, coarseUntil: 0, grain: 1000, skew: 0, timers: 0 }),
    clock: (actor) => ({
      now: () => now + actor.skew,
      after(delay, fn) {
        const wait = Math.max(delay, 0)
        const event = put(actor, now + wait, now + actor.skew + wait, () => {
          event.run = null
          actor.timers--
          fn()
        })
        actor.timers++
        return () => {
          if (event.run) actor.timers--
          event.run = null
        }
      },
    }),
    after(actor, delay, run) {
      const event = put(actor, now + delay, null, run)
      return () => {
        event.run = null
      }
    },
    async run(until, done) {
      for (let next = heap.peek(); next && next.at <= until && !failure; next = heap.peek()) {
        if (!step(heap.pop())) continue
        if (++events > MOST_EVENTS) fail('sound', 'does not come to an end')
        for (let hop = 0; hop < hops; hop++) await settled
        if (done?.()) return
      }
      if (!failure) now = Math.max(now, until)
    },
  }
}
