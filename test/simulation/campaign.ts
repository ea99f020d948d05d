/** Many runs in a row: prints what fails, cut down, and how to see it again, and counts how often each fault took effect. */
import { FAULTS, type Fault } from './faults.ts'
import type { Plan } from './plan.ts'
import { runPlan, type Outcome } from './run.ts'
import { shrink } from './shrink.ts'

export interface Campaign {
  readonly seeds: number
  readonly failures: readonly string[]
  /** How often each fault took effect. */
  readonly faults: ReadonlyMap<Fault, number>
}

/** `no` where it does not matter what it takes to fail. */
const { SHRINK } = process.env

/** As many broken runs as are told. */
const TOLD = 3

const indent = (lines: readonly string[]): string[] => lines.map((line) => '    ' + line.slice(0, 240))

/** The first one is worth the time to cut it down. */
async function tell(outcome: Outcome, how: 'shrunk' | 'as it was'): Promise<string> {
  const { seed, failure } = outcome
  const head = `seed ${seed}: ${failure}`
  const again = `again: SEED=${seed} npm run test:unit -- test/simulation`
  if (how === 'as it was') return [head, ...indent(outcome.lines), again].join('\n')
  const { plan, outcome: least, runs } = await shrink(outcome, runPlan)
  return [
    head,
    `  shrunk in ${runs} runs to ${least.taken.length} of ${outcome.taken.length} things that took place: ${least.failure}`,
    ...indent(least.lines),
    again,
    `  for the corpus: { seed: ${seed}, only: ${JSON.stringify(plan.only)} }`,
  ].join('\n')
}

export interface CampaignOptions {
  /** After this time no further run is begun, ms. */
  time?: number
  /** Every so many runs. */
  progress?: (campaign: Campaign) => void
  /** At once. */
  failed?: (told: string) => void
}

export async function runCampaign(plans: Iterable<Plan>, options: CampaignOptions = {}): Promise<Campaign> {
  const { time = Infinity, progress, failed } = options
  const failures: string[] = []
  const faults = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]))
  const from = performance.now()
  let seeds = 0
  for (const plan of plans) {
    const outcome = await runPlan(plan)
    seeds++
    for (const [fault, times] of outcome.faults) faults.set(fault, faults.get(fault)! + times)
    if (outcome.failure !== null) {
      failures.push(await tell(outcome, failures.length || SHRINK === 'no' ? 'as it was' : 'shrunk'))
      failed?.(failures.at(-1)!)
    }
    if (failures.length === TOLD || performance.now() - from > time) break
    if (seeds % 1000 === 0) progress?.({ seeds, failures, faults })
  }
  return { seeds, failures, faults }
}

export function* range(from: number, count: number): Generator<Plan> {
  for (let seed = from; seed < from + count; seed++) yield { seed }
}

/** Faults that took effect less often than so many times per 100 runs: what they would break stays unseen. */
export function rareFaults({ faults, seeds }: Campaign, perHundred: number): string[] {
  return [...faults]
    .filter(([, times]) => times < (perHundred * seeds) / 100)
    .map(([fault, times]) => `${fault}: ${times}`)
}
