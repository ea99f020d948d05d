/**
 * The receiver of reliable messages (PROTOCOL.md §6.2-6.4): puts them in order, takes each in once, keeps results until the sender has
 * them. Closure with private state, no I/O, bounded by its window.
 */
import type { Result } from './frames.ts'

/** What has come in of one session. */
export interface Intake<M> {
  /** Contiguous serial: everything up to it has been received. */
  readonly received: number
  /** Everything up to it has been handled, and its result kept. */
  readonly handled: number
  /** Whether something above `received` is held, so that there is a hole. */
  readonly hole: boolean
  /**
   * A message has arrived. `held`: there is a hole before it; `duplicate`: dropped, and its kept result is told again;
   * `beyond`: outside the window, dropped. `null` uses the serial up without a message (`void`).
   */
  receive(serial: number, message: M | null): 'taken' | 'held' | 'duplicate' | 'beyond'
  /** The next message to handle, in serial order, each once; voids are passed over. */
  next(): readonly [serial: number, message: M] | null
  /** The handler of `serial` has finished; no result means handled with nothing to say (told once all before it have finished, too). */
  finish(serial: number, result?: Result): void
  /** What has not been told yet: the cumulative serial and results. Null when there is nothing new. */
  ack(): readonly [serial: number, results: Result[]] | null
  /** A new link: tell everything that is kept again. */
  retell(): void
  /** The sender has all outcomes up to `serial`. False if that cannot be. */
  settle(serial: number): boolean
  /** All kept results, in order: what a tombstone tells (PROTOCOL.md §6.5). */
  kept(): Result[]
}

/**
 * `window` is the most messages that may be in flight. What is held above a hole is bounded by it, and what is kept by four times it
 * (a sender settles every half window).
 */
export function createIntake<M>(window: number): Intake<M> {
  let received = 0
  let started = 0
  let handled = 0
  let settled = 0
  let told = 0
  const held = new Map<number, M | null>()
  const finishedAbove = new Set<number>()
  const results = new Map<number, Result>()
  let untold = new Set<number>()

  function finish(serial: number, result?: Result): void {
    if (serial <= handled || serial > started || finishedAbove.has(serial)) return
    if (result) {
      results.set(serial, result)
      untold.add(serial)
    }
    finishedAbove.add(serial)
    while (finishedAbove.delete(handled + 1)) handled++
  }

  return {
    get received() {
      return received
    },
    get handled() {
      return handled
    },
    get hole() {
      return held.size > received - started
    },
    receive(serial, message) {
      if (serial <= received) {
        if (results.has(serial)) untold.add(serial)
        // Told again even when there is no result: the acknowledgement itself may have been what was lost.
        told = Math.min(told, Math.max(serial - 1, 0))
        return 'duplicate'
      }
      if (serial > received + window || serial > settled + 4 * window) return 'beyond'
      if (held.has(serial)) return 'duplicate'
      held.set(serial, message)
      if (serial > received + 1) return 'held'
      while (held.has(received + 1)) received++
      return 'taken'
    },
    next() {
      while (started < received) {
        const message = held.get(++started)!
        held.delete(started)
        if (message !== null) return [started, message]
        finish(started)
      }
      return null
    },
    finish,
    ack() {
      if (handled <= told && !untold.size) return null
      const fresh = [...untold].sort((a, b) => a - b).map((serial) => results.get(serial)!)
      untold = new Set()
      told = handled
      return [handled, fresh]
    },
    retell() {
      untold = new Set(results.keys())
      told = 0
    },
    settle(serial) {
      if (serial > handled) return false
      for (; settled < serial; settled++) {
        results.delete(settled + 1)
        untold.delete(settled + 1)
      }
      return true
    },
    kept: () => [...results.values()].sort((a, b) => a[0] - b[0]),
  }
}
