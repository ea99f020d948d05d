// Time that a test moves. Between two timers everything that awaits gets its turn, as in a page.
import type { Clock } from '../../packages/client/src/clock.ts'

export interface VirtualClock extends Clock {
  /** Timers armed. */
  readonly armed: number
  /** Lets so much time pass, and every timer fire at its instant. */
  advance(time: number): Promise<void>
  /** Time passes, and no timer fires before the end: the machine slept. */
  sleep(time: number): Promise<void>
}

/** Everything that waits for promises has had its turn. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 40; i++) await Promise.resolve()
}

export function createVirtualClock(): VirtualClock {
  let now = 1_000_000
  const timers = new Set<{ at: number; fn: () => void }>()
  async function fireUntil(end: number): Promise<void> {
    await settled()
    for (let fired = 0; ; fired++) {
      const next = [...timers].sort((a, b) => a.at - b.at)[0]
      if (!next || next.at > end) return
      if (fired > 10_000) throw new Error('timers without end')
      now = Math.max(now, next.at)
      timers.delete(next)
      next.fn()
      await settled()
    }
  }
  return {
    now: () => now,
    after(delay, fn) {
      const timer = { at: now + delay, fn }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    get armed() {
      return timers.size
    },
    async advance(time) {
      const end = now + time
      await fireUntil(end)
      now = end
    },
    async sleep(time) {
      now += time
      await fireUntil(now)
    },
  }
}
