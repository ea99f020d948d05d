// Every measure of every contestant, interleaved: a round takes each once, in an order that is turned by one from round to round, so that
// whatever else the machine does is spread over all of them, and ratios hold where absolute figures drift.
import type { Contestant, Measure, Plan, Sample } from '../contract.ts'
import type { Row } from '../results.ts'
import { quantile, rounded } from '../statistics.ts'

export interface Racer {
  readonly name: Contestant
  take(plan: Plan): Promise<(Sample & { cpu?: { client: number; server: number } }) | null>
}

/** How many messages each measure takes of a contestant: enough for some 200 ms. */
export type CountFor = (name: Contestant, measure: Measure, bytes: number) => number

export interface RaceOptions {
  rounds: number
  only: readonly Measure[]
  /** Lengths of messages, in bytes. @default all */
  sizes?: readonly number[]
  countFor: CountFor
  /** Of the counts. @default 1 */
  scale?: number
  strict?: boolean
  /** A round before the first that does not count. @default true */
  warmUp?: boolean
  log?: (line: string) => void
}

/** One measure with one size. */
type Event = Pick<Plan, 'measure' | 'bytes'>

export const events: readonly Event[] = [
  { measure: 'send', bytes: 64 },
  { measure: 'send', bytes: 1_024 },
  { measure: 'receive', bytes: 64 },
  { measure: 'receive', bytes: 1_024 },
  { measure: 'pipelined', bytes: 64 },
  { measure: 'pipelined', bytes: 1_024 },
  { measure: 'serial', bytes: 64 },
  { measure: 'roundTrip', bytes: 64 },
]

export const turned = <T>(list: readonly T[], by: number): T[] => {
  const at = by % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}

function note(rows: Map<string, Row>, row: Omit<Row, 'values'>, value: number): void {
  const key = `${row.measure}/${row.contestant}`
  const known = rows.get(key) ?? { ...row, values: [] }
  known.values.push(rounded(value))
  rows.set(key, known)
}

function noteSample(
  rows: Map<string, Row>,
  contestant: string,
  event: Event,
  sample: Awaited<ReturnType<Racer['take']>>,
): void {
  if (!sample) return
  const { count, ms, latencies, cpu } = sample
  const size = event.bytes === 64 ? '64 B' : '1 KiB'
  if (event.measure === 'roundTrip') {
    for (const [name, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const)
      note(rows, { contestant, measure: `round trip ${name}`, unit: 'ms' }, quantile(latencies!, share))
    return
  }
  note(rows, { contestant, measure: `${event.measure} ${size}`, unit: 'messages/s' }, (count / ms) * 1_000)
  if (!cpu || event.bytes !== 64 || event.measure === 'serial') return
  for (const [side, spent] of Object.entries(cpu))
    note(
      rows,
      { contestant, measure: `${event.measure} ${side} CPU`, unit: 'ms CPU / 100,000' },
      (spent / count) * 100_000,
    )
}

export async function race(racers: readonly Racer[], options: RaceOptions): Promise<Row[]> {
  const { rounds, only, sizes, countFor, scale = 1, strict = false, warmUp = true, log = () => {} } = options
  const rows = new Map<string, Row>()
  const chosen = events.filter(({ measure, bytes }) => only.includes(measure) && (sizes?.includes(bytes) ?? true))
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    const from = performance.now()
    for (const event of chosen)
      for (const racer of turned(racers, round + 1)) {
        const count = Math.ceil(countFor(racer.name, event.measure, event.bytes) * scale)
        const sample = await racer.take({ ...event, count, strict })
        if (round >= 0) noteSample(rows, racer.name, event, sample)
      }
    log(`round ${round + 1} of ${rounds}: ${((performance.now() - from) / 1_000).toFixed(0)} s`)
  }
  return [...rows.values()]
}
