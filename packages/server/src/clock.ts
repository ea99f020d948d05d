/** The one door to time in the server. A test passes another clock, and every duration is virtual. */

export interface Clock {
  /** Milliseconds since 1970 that never jump: steps of the wall clock while the process runs do not show. */
  now(): number
  /** Calls `fn` once, about `delay` ms from now; returns the undo. */
  after(delay: number, fn: () => void): () => void
}

/** Its timers do not keep the process alive: whoever listens on a port does. */
export const realClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  after(delay, fn) {
    const timer = setTimeout(fn, delay).unref()
    return () => clearTimeout(timer)
  },
}
