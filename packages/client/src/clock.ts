/** The one door to time in the client: the only `setTimeout` call site. A test passes another clock and time is virtual. */

export interface Clock {
  /** Milliseconds since some instant, monotonic: wall-clock jumps do not show. */
  now(): number
  /** Calls `fn` once, about `delay` ms from now; returns the undo. A page may be asleep meanwhile: read `now()` when called. */
  after(delay: number, fn: () => void): () => void
}

/** Longest delay a 32-bit timer takes; longer ones would fire at once. */
const MAX_DELAY = 2 ** 31 - 1

export const realClock: Clock = {
  now: () => performance.now(),
  after(delay, fn) {
    const timer = setTimeout(fn, Math.min(delay, MAX_DELAY))
    return () => clearTimeout(timer)
  },
}
