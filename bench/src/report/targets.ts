// What the project has set out to reach, each with what was measured.
import type { Part, PartName, Row } from '../results.ts'
import { median } from '../statistics.ts'

export type Results = Partial<Record<PartName, Part>>

export interface Target {
  claim: string
  /** As it is written: `at least 5`. */
  wanted: string
  /** Null: not measured. */
  measured: number | null
  holds: boolean | null
}

export function rowOf(results: Results, part: PartName, measure: string, contestant: string): Row | undefined {
  return results[part]?.rows.find((row) => row.measure === measure && row.contestant === contestant)
}

export function valueOf(results: Results, part: PartName, measure: string, contestant: string): number | null {
  const values = rowOf(results, part, measure, contestant)?.values
  return values?.length ? median(values) : null
}

/** Of two rows of one part, round by round, which is what stays when the machine is busy in one round and not in the next. */
function ratio(
  results: Results,
  part: PartName,
  over: readonly [string, string],
  under: readonly [string, string],
): number | null {
  const [top, bottom] = [rowOf(results, part, ...over)?.values, rowOf(results, part, ...under)?.values]
  if (!top?.length || !bottom?.length) return null
  if (top.length !== bottom.length) return median(top) / median(bottom)
  return median(top.map((value, round) => value / bottom[round]!))
}

const atLeast = (claim: string, limit: number, measured: number | null): Target => ({
  claim,
  wanted: `at least ${limit}`,
  measured,
  holds: measured === null ? null : measured >= limit,
})
const atMost = (claim: string, limit: number, measured: number | null): Target => ({
  claim,
  wanted: `at most ${limit.toLocaleString('en-US')}`,
  measured,
  holds: measured === null ? null : measured <= limit,
})

const acknowledged = 'pipelined 64 B'
const KIB = 1_024

/** The lowest of the peers. */
function bestPeer(results: Results, part: PartName, measure: string): number | null {
  const rows = results[part]?.rows.filter(
    (row) => row.measure === measure && row.contestant !== 'holdfast' && row.values.length,
  )
  return rows?.length ? Math.min(...rows.map(({ values }) => median(values))) : null
}

function throughput(results: Results): Target[] {
  const own = [acknowledged, 'holdfast'] as const
  const received = ['receive 64 B', 'holdfast'] as const
  const against = (part: PartName, mine: readonly [string, string], measure: string, other: string): number | null =>
    ratio(results, part, mine, [measure, other])
  return [
    atLeast(
      'Node: acknowledged sends (64 B, pipelined) against socket.io’s',
      5,
      against('node', own, acknowledged, 'socket.io'),
    ),
    atLeast(
      'Node: the same against unacknowledged sends over a raw WebSocket',
      1,
      against('node', own, 'send 64 B', 'raw'),
    ),
    atLeast(
      'Chromium: acknowledged sends against socket.io’s',
      30,
      against('chromium', own, acknowledged, 'socket.io'),
    ),
    atLeast('Chromium: the same against unacknowledged raw sends', 15, against('chromium', own, 'send 64 B', 'raw')),
    atLeast('Node: receiving (64 B) against a raw WebSocket', 1.5, against('node', received, 'receive 64 B', 'raw')),
    atLeast('Node: receiving against socket.io', 3, against('node', received, 'receive 64 B', 'socket.io')),
    atLeast('Chromium: receiving against a raw WebSocket', 10, against('chromium', received, 'receive 64 B', 'raw')),
  ]
}

function latency(results: Results): Target[] {
  return (['node', 'chromium'] as const).flatMap((part) => {
    const place = part === 'node' ? 'Node' : 'Chromium'
    const against = (measure: string, other: string): number | null =>
      ratio(results, part, [measure, 'holdfast'], [measure, other])
    return [
      atMost(`${place}: round trip, p50, against raw WebSocket and JSON`, 1.2, against('round trip p50', 'raw-json')),
      atMost(`${place}: round trip, p99, against socket.io’s`, 1, against('round trip p99', 'socket.io')),
    ]
  })
}

/** `mean`: clients a second that the announced spread asks for. */
function storm(results: Results, mean: number): Target[] {
  const against = (measure: string): number | null => {
    const value = valueOf(results, 'storm', measure, 'holdfast')
    return value === null ? null : value / mean
  }
  return [
    atMost(
      'Storm: the worst second against the mean of the announced spread',
      1.3,
      against('most attempts in a second'),
    ),
    atMost(
      'Storm: the worst second after the server’s return, against the same',
      2,
      against('most attempts in a second, server back'),
    ),
  ]
}

export function targetsOf(results: Results, stormMean: number): Target[] {
  const heap = ratio(results, 'heap', ['heap per idle client', 'holdfast'], ['heap per idle client', 'phoenix'])
  const resume = valueOf(results, 'recovery', 'reset: round trips of a resume', 'holdfast')
  const peers = bestPeer(results, 'recovery', 'reset: round trips of a resume')
  return [
    ...throughput(results),
    ...latency(results),
    atMost('Heap of an idle client against phoenix’s', 1, heap),
    atLeast('Idle clients on one node', 10_000, valueOf(results, 'load', 'clients held', 'idle')),
    atMost('Resume: round trips to the first replayed message', 2.2, resume),
    // Both are what the network takes; less than this is the clock's.
    atMost(
      'Resume: the same against the fastest peer',
      1.05,
      resume === null || peers === null ? null : resume / peers,
    ),
    ...storm(results, stormMean),
    atMost('Bytes, WebSocket only, min+gzip', 7 * KIB, valueOf(results, 'size', 'min+gzip', 'holdfast')),
    atMost(
      'Bytes, three transports, min+gzip',
      10 * KIB,
      valueOf(results, 'size', 'min+gzip', 'holdfast, 3 transports'),
    ),
  ]
}
