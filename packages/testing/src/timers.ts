// Every timer of a proxy passes through here, so that closing it leaves none behind. Real time: latency is meant to be felt.

/** As much of a clock as links and logs need: real for a proxy, virtual for a network in memory. */
export type Ticks = Pick<Timers, 'after' | 'now'>

export interface Timers {
  /** Runs `fn` after `ms`; returns the undo. */
  after(ms: number, fn: () => void): () => void
  /** Milliseconds since the proxy started, monotonic. */
  now(): number
  /** Cancels everything; whatever waited for it never runs. */
  clear(): void
}

export function createTimers(): Timers {
  const pending = new Set<NodeJS.Timeout>()
  const startedAt = performance.now()
  return {
    after(ms, fn) {
      const timer = setTimeout(() => {
        pending.delete(timer)
        fn()
      }, ms)
      pending.add(timer)
      return () => {
        clearTimeout(timer)
        pending.delete(timer)
      }
    },
    now: () => performance.now() - startedAt,
    clear() {
      for (const timer of pending) clearTimeout(timer)
      pending.clear()
    },
  }
}
