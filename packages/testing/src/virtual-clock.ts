// Time that a test moves.
import { TestingError } from './errors.ts'
import { createTimeline } from './timeline.ts'
import { settled } from './turns.ts'

/** Options of `virtualClock()`. */
export interface VirtualClockOptions {
  /** What it shows at first, ms since 1970. @default 1_750_000_000_000 */
  start?: number
}

/** How long `until()` waits. */
export interface WithinOptions {
  /** Virtual milliseconds before it gives up with `timed-out`. @default 300_000 */
  within?: number
}

/**
 * Time that passes only when a test says so: give it as `clock` to clients and servers. Between two timers everything that awaits a promise
 * gets its turn, as in a page. What does real I/O takes real time, of which this clock knows nothing.
 */
export interface VirtualClock {
  /** Virtual milliseconds. */
  now(): number
  /** Runs `fn` once, `delay` virtual ms from now; returns the undo. */
  after(delay: number, fn: () => void): () => void
  /** How many timers are armed: none, when all is closed. */
  readonly armed: number
  /** Lets so much time pass, and every timer fire at its instant. */
  advance(time: number): Promise<void>
  /** So much time passes and no timer fires before the end of it: the machine slept, the page was frozen. */
  sleep(time: number): Promise<void>
  /**
   * Lets as much time pass as it takes until a promise settles, or a condition holds: goes from timer to timer, and waits for nothing.
   * Returns what the promise or the condition gives. Rejects as the promise does, or with `timed-out`.
   */
  until<T>(what: PromiseLike<T> | (() => T), options?: WithinOptions): Promise<T>
}

/** Timers of one instant beyond which there must be something wrong. */
const ENDLESS = 10_000

/**
 * A clock for tests without waiting.
 *
 * ```ts
 * const clock = virtualClock()
 * const client = createClient(url, { transports, clock })
 * await clock.advance(30_000)            // half a minute, at once
 * await clock.until(client.ready())      // however long it takes
 * ```
 */
export function virtualClock({ start = 1_750_000_000_000 }: VirtualClockOptions = {}): VirtualClock {
  const timeline = createTimeline(start)
  let fired = { at: start, count: 0 }

  function fireNext(by: number): boolean {
    if (!timeline.fireNext(by)) return false
    const at = timeline.now()
    fired = { at, count: at === fired.at ? fired.count + 1 : 1 }
    if (fired.count > ENDLESS)
      throw new TestingError('endless', `${ENDLESS} timers fired at one instant: they seem to set each other for ever`)
    return true
  }
  async function fireAll(by: number): Promise<void> {
    await settled()
    while (fireNext(by)) await settled()
  }
  async function until<T>(what: PromiseLike<T> | (() => T), { within = 300_000 }: WithinOptions = {}): Promise<T> {
    const by = timeline.now() + within
    const look = typeof what === 'function' ? what : outcomeOf(what)
    for (;;) {
      await settled()
      const value = look()
      if (value) return typeof what === 'function' ? (value as T) : (value as { of: T }).of
      if (fireNext(by)) continue
      timeline.moveTo(by)
      const sought = typeof what === 'function' ? what.toString() : 'The promise'
      throw new TestingError('timed-out', `${sought} did not come true within ${within} ms of virtual time`)
    }
  }

  return {
    now: timeline.now,
    after: timeline.after,
    get armed() {
      return timeline.delays().length
    },
    async advance(time) {
      const end = timeline.now() + time
      await fireAll(end)
      timeline.moveTo(end)
    },
    async sleep(time) {
      timeline.moveTo(timeline.now() + time)
      await fireAll(timeline.now())
    },
    until,
  }
}

/** Looks whether a promise has settled: null, or what it holds; throws what it was rejected with. */
function outcomeOf<T>(promise: PromiseLike<T>): () => { of: T } | null {
  let look = (): { of: T } | null => null
  const settle = async (): Promise<void> => {
    try {
      const of = await promise
      look = () => ({ of })
    } catch (error) {
      look = () => {
        throw error
      }
    }
  }
  void settle()
  return () => look()
}
