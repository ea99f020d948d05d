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
  /** The sender has all outcomes up to it. */
  readonly settled: number
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
  /** What has been received above `serial`, in order, and not been handed out by `next`: what is to be recorded. */
  since(serial: number): (readonly [serial: number, message: M | null])[]
  /** Everything up to `serial` is recorded: `next` may hand it out. Only for one with a record. */
  recorded(serial: number): void
}

/** What is known of an intake whose messages must be recorded before they are handed out. */
export interface IntakeRecord<M> {
  readonly received: number
  readonly settled: number
  /** Received, not handled. */
  readonly pending: readonly (readonly [serial: number, message: M])[]
  readonly results: readonly Result[]
}

/**
 * `window` is the most messages that may be in flight. What is held above a hole is bounded by it, and what is kept by four times it
 * (a sender settles every half window). With a record, it goes on from that, and hands out only what is `recorded`.
 */
export function createIntake<M>(window: number, record?: IntakeRecord<M>): Intake<M> {
  let received = record?.received ?? 0
  /** What may be handed out. */
  let released = record ? received : Infinity
  const held = new Map<number, M | null>(record?.pending)
  let handled = held.size ? Math.min(...held.keys()) - 1 : received
  let started = handled
  let settled = record?.settled ?? 0
  let told = 0
  /** Held above a hole. */
  let above = 0
  const finishedAbove = new Set<number>()
  for (let serial = handled + 1; serial <= received; serial++) if (!held.has(serial)) finishedAbove.add(serial)
  const results = new Map<number, Result>(record?.results.map((result) => [result[0], result]))
  let untold = new Set<number>()

  function finish(serial: number, result?: Result): void {
    if (serial <= handled || finishedAbove.has(serial)) return
    // One that was never handed out here: somebody else has handled it.
    if (serial > started && !(record && serial <= received && held.delete(serial))) return
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
    get settled() {
      return settled
    },
    get hole() {
      return above > 0
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
      if (serial > received + 1) {
        above++
        return 'held'
      }
      for (received++; held.has(received + 1); received++) above--
      return 'taken'
    },
    next() {
      while (started < received && started < released) {
        const message = held.get(++started)
        held.delete(started)
        if (message === null) finish(started)
        else if (message !== undefined) return [started, message]
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
    since: (serial) =>
      Array.from({ length: Math.max(received - serial, 0) }, (_, i) => serial + 1 + i).flatMap((each) =>
        held.has(each) ? [[each, held.get(each)!] as const] : [],
      ),
    recorded(serial) {
      if (record) released = Math.max(released, serial)
    },
  }
}
