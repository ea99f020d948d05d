/** Virtual time: nothing happens until it is advanced, and then in order. */
import type { Clock } from '@holdfast/server'

export interface VirtualClock extends Clock {
  /** Timers that are set. */
  readonly pending: number
  /** Lets everything happen that is due within so many ms, and everything that follows from it. */
  advance(ms: number): Promise<void>
}

/** Everything that only waited for its turn has had it. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function createClock(start = 1_750_000_000_000): VirtualClock {
  let now = start
  const timers = new Map<object, { at: number; fn: () => void }>()
  return {
    now: () => now,
    after(delay, fn) {
      const key = {}
      timers.set(key, { at: now + Math.max(delay, 0), fn })
      return () => void timers.delete(key)
    },
    get pending() {
      return timers.size
    },
    async advance(ms) {
      const until = now + ms
      await settled()
      for (;;) {
        const [next] = [...timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)
        if (!next) break
        const [key, { at, fn }] = next
        timers.delete(key)
        now = Math.max(now, at)
        fn()
        await settled()
      }
      now = until
      await settled()
    },
  }
}
