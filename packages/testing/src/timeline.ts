// Timers in the order in which they are due, and an instant that only a test moves. No promises, no platform.

export interface Timeline {
  now(): number
  /** Runs `fn` once, `delay` ms from now; returns the undo. */
  after(delay: number, fn: () => void): () => void
  /** What is armed: ms until each is due, the next one first. */
  delays(): number[]
  /** Runs the next timer that is due by then, at its instant; those of one instant in the order in which they were armed. False: there is none. */
  fireNext(by: number): boolean
  /** Time passes up to that instant, and no timer fires. */
  moveTo(instant: number): void
}

interface Timer {
  readonly at: number
  readonly fn: () => void
}

export function createTimeline(start: number): Timeline {
  let now = start
  const timers = new Set<Timer>()
  const earlier = (one: Timer | null, other: Timer): Timer => (one === null || other.at < one.at ? other : one)
  return {
    now: () => now,
    after(delay, fn) {
      const timer = { at: now + Math.max(delay, 0), fn }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    delays: () => [...timers].map(({ at }) => at - now).sort((a, b) => a - b),
    fireNext(by) {
      const next = [...timers].reduce(earlier, null as Timer | null)
      if (next === null || next.at > by) return false
      now = Math.max(now, next.at)
      timers.delete(next)
      next.fn()
      return true
    },
    moveTo(instant) {
      now = Math.max(now, instant)
    },
  }
}
