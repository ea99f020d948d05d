// The server's side of the proof: what its handler saw of each page's numbers. It outlives restarts of the realtime server, as an
// application's database would, and does what the guarantees ask of an application: it remembers ids, so that a redelivered message
// has its effect once.
import { createRanges, type Ranges } from '../shared/ranges.ts'
import type { LedgerReport, NumberedMessage } from '../shared/contract.ts'

/** Pages that are remembered; the longest unheard of goes first. */
const MAX_RUNS = 200
/** Ids that are remembered per page. More than can be unacknowledged at once, which is all that can be redelivered. */
const MAX_IDS = 20_000

interface Run {
  started: number
  repeated: number
  doubled: number
  reordered: number
  highest: number
  handled: Ranges
  /** With the server process that had each id first. */
  ids: Map<string, number>
}

interface Start {
  id: string
  redelivered: boolean
  /** Numbers the server process. */
  process: number
}

export interface Ledger {
  /** One start of the handler. */
  record(message: NumberedMessage, about: Start): void
  report(run: string): LedgerReport
}

export function createLedger(): Ledger {
  const runs = new Map<string, Run>()

  function runOf(name: string): Run {
    const run = runs.get(name) ?? newRun()
    runs.delete(name)
    runs.set(name, run)
    if (runs.size > MAX_RUNS) runs.delete(runs.keys().next().value!)
    return run
  }

  return {
    record({ run: name, n }, { id, redelivered, process }) {
      const run = runOf(name)
      run.started++
      const first = run.ids.get(id)
      // The id is in the store: no second effect. That one process starts a message again unmarked would be a broken promise.
      if (first !== undefined && (redelivered || first !== process)) {
        run.repeated++
        return
      }
      run.ids.set(id, process)
      if (run.ids.size > MAX_IDS) run.ids.delete(run.ids.keys().next().value!)
      if (!run.handled.add(n)) run.doubled++
      else if (n < run.highest) run.reordered++
      run.highest = Math.max(run.highest, n)
    },
    report(name) {
      const { started, repeated, doubled, reordered, handled } = runs.get(name) ?? newRun()
      return { started, repeated, doubled, reordered, handled: handled.spans() }
    },
  }
}

const newRun = (): Run => ({
  started: 0,
  repeated: 0,
  doubled: 0,
  reordered: 0,
  highest: 0,
  handled: createRanges(),
  ids: new Map(),
})
