/** Many seeds in a row: prints what fails and how to see it again, and counts how often each fault took effect. */
import { FAULTS, type Fault } from './faults.ts'
import { runSeed, type Outcome } from './run.ts'

export interface Campaign {
  readonly seeds: number
  readonly failures: readonly string[]
  /** How often each fault took effect. */
  readonly faults: ReadonlyMap<Fault, number>
}

/** As many broken seeds as are told in full. */
const TOLD = 3

function tell({ seed, failure, lines }: Outcome): string {
  return [
    `seed ${seed}: ${failure}`,
    ...lines.map((line) => '    ' + line.slice(0, 240)),
    `again by itself: SEED=${seed} npm run test:unit -- test/simulation`,
  ].join('\n')
}

export async function runCampaign(seeds: Iterable<number>): Promise<Campaign> {
  const failures: string[] = []
  const faults = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]))
  let count = 0
  for (const seed of seeds) {
    const outcome = await runSeed(seed)
    count++
    for (const [fault, times] of outcome.faults) faults.set(fault, faults.get(fault)! + times)
    if (outcome.failure !== null) failures.push(tell(outcome))
    if (failures.length === TOLD) break
  }
  return { seeds: count, failures, faults }
}

export function* range(from: number, count: number): Generator<number> {
  for (let seed = from; seed < from + count; seed++) yield seed
}

/** Faults that took effect less often than so many times per 100 seeds: what they would break stays unseen. */
export function rareFaults({ faults, seeds }: Campaign, perHundred: number): string[] {
  return [...faults]
    .filter(([, times]) => times < (perHundred * seeds) / 100)
    .map(([fault, times]) => `${fault}: ${times}`)
}
