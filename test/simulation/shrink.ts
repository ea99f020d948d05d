/** Cuts a failing run down to what it takes: the fewest faults, messages and subscriptions with which the same oracle still objects. Deterministic. */
import { oracleOf } from './oracles.ts'
import { kindOf, type Plan } from './plan.ts'
import type { Outcome } from './run.ts'

/** Runs that shrinking may take. */
const PATIENCE = 300

export interface Shrunk {
  readonly plan: Plan
  readonly outcome: Outcome
  /** Runs that it took. */
  readonly runs: number
}

export async function shrink(failed: Outcome, run: (plan: Plan) => Promise<Outcome>): Promise<Shrunk> {
  const { seed } = failed
  const oracle = oracleOf(failed.failure!)
  let best = failed
  let runs = 0

  /** Whether it still fails so without them; if so, goes on from there. */
  async function without(names: ReadonlySet<string>): Promise<boolean> {
    if (runs === PATIENCE) return false
    runs++
    const only = best.taken.filter((name) => !names.has(name))
    const outcome = await run({ seed, only })
    const isSame = outcome.failure !== null && oracleOf(outcome.failure) === oracle
    if (isSame) best = outcome
    return isSame
  }
  for (const kind of new Set(failed.taken.map(kindOf)))
    await without(new Set(best.taken.filter((name) => kindOf(name) === kind)))
  for (let size = best.taken.length >> 1; size >= 1; size >>= 1) {
    let at = 0
    while (at < best.taken.length) if (!(await without(new Set(best.taken.slice(at, at + size))))) at += size
  }
  return { plan: { seed, only: best.taken }, outcome: best, runs }
}
