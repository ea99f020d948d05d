/** A crowd of clients on one server, over all transports, and a fault a second between them; each of the three in a process of its own, to be weighed. */
import { start, type Child, type Weight } from './child.ts'
import type { Account } from './clients.ts'
import type { Course, HerdFigures, ProcessFigures, ProcessName } from './figures.ts'
import { KEPT, PUBLISH_EVERY } from './plan.ts'
import type { Judgement } from './server.ts'
import { trendOf, type Sample } from './trend.ts'

export interface HerdOptions {
  clients: number
  minutes: number
  seed: number
  /** Where the bundled programs are. */
  programs: URL
  /** Folder for a heap snapshot of each process, after the warm-up and at the end. */
  snapshots?: string | undefined
  progress?(line: string): void
}

const NAMES: readonly ProcessName[] = ['clients', 'proxy', 'server']
type Weighing = readonly [at: number, weight: Weight]

/** Each takes a collection of everything: long enough for that not to be a load of its own. */
const SAMPLE_EVERY = 15_000
/** How long sockets may take to be gone once everything is closed, ms. */
const GONE_WITHIN = 20_000

const MINUTE = 60_000
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))

/** A third; in short runs at least until the logs are full, if that leaves half of the run. */
export const warmUpOf = (minutes: number): number =>
  Math.max(minutes / 3, Math.min(minutes / 2, (KEPT * PUBLISH_EVERY) / MINUTE + 1))

async function watch(herd: Herd, { minutes, snapshots, progress }: HerdOptions): Promise<Map<Child, Weighing[]>> {
  const weighings = new Map<Child, Weighing[]>(herd.all.map((child) => [child, []]))
  const from = performance.now()
  const passed = (): number => performance.now() - from
  const snap = async (when: string): Promise<void> => {
    for (const child of snapshots ? herd.all : [])
      await child.ask('snapshot', `${snapshots}/${child.name}-${when}.heapsnapshot`)
  }
  const warmUp = warmUpOf(minutes)
  let snapped: 'none' | 'first' = 'none'
  for (let next = SAMPLE_EVERY; passed() < minutes * MINUTE; next += SAMPLE_EVERY) {
    await pause(Math.min(next, minutes * MINUTE) - passed())
    // Before it counts: a snapshot stops a process for seconds, and what that leads to takes its time to settle.
    if (snapped === 'none' && passed() >= (warmUp - 1) * MINUTE) {
      snapped = 'first'
      await snap('first')
    }
    // One after the other: a collection takes the processor from all.
    const told: string[] = []
    for (const child of herd.all) {
      const weight = await child.ask<Weight>('weigh')
      weighings.get(child)!.push([passed() / (60 * MINUTE), weight])
      told.push(`${child.name} ${weight.heap.toFixed(1)}+${weight.external.toFixed(1)} MiB ${weight.descriptors} fd`)
    }
    progress?.(
      `${(passed() / MINUTE).toFixed(1)} min, ${passed() < warmUp * MINUTE ? 'warming up' : 'measured'}: ${told.join(', ')}`,
    )
  }
  await snap('last')
  return weighings
}

interface Herd {
  readonly clients: Child
  readonly proxy: Child
  readonly server: Child
  readonly all: readonly Child[]
}

/** Connections are what a heap is known to hold; what may hold ever more of those is judged for itself. */
function courseOf(weighings: readonly Weighing[], from: number, of: keyof Weight): Course {
  const load = (weight: Weight): number => (of === 'descriptors' ? 0 : weight.descriptors)
  const samples = weighings
    .filter(([at]) => at * 60 >= from)
    .map(([at, weight]): Sample => [at, weight[of], load(weight)])
  return { first: samples[0]?.[1] ?? 0, last: samples.at(-1)?.[1] ?? 0, ...trendOf(samples) }
}

function figuresOf(weighings: readonly Weighing[], from: number, before: number, after: number): ProcessFigures {
  const of = (what: keyof Weight): Course => courseOf(weighings, from, what)
  const counted = weighings.filter(([at]) => at * 60 >= from)
  const [first, last] = [counted[0], counted.at(-1)]
  return {
    heap: of('heap'),
    code: of('code'),
    external: of('external'),
    resident: of('resident'),
    descriptors: { ...of('descriptors'), before, after },
    cores: first && last && first !== last ? (last[1].cpu - first[1].cpu) / (last[0] - first[0]) : 0,
    lag: counted.reduce((sum, [, { lag }]) => sum + lag, 0) / (counted.length || 1),
  }
}

/** Once everything is closed: as many as there were, or those that are still there when the time is over. */
async function descriptorsLeft(child: Child, before: number): Promise<number> {
  const end = performance.now() + GONE_WITHIN
  for (;;) {
    const { descriptors } = await child.ask<Weight>('weigh')
    if (descriptors <= before || performance.now() > end) return descriptors
    await pause(500)
  }
}

/** Runs until the time is over, lets everything settle, and tells what was seen. */
export async function runHerd(options: HerdOptions): Promise<HerdFigures> {
  const { clients: count, minutes, seed, programs, progress } = options
  const [clients, proxy, server] = NAMES.map((name) => start(name, new URL(`${name}.mjs`, programs))) as [
    Child,
    Child,
    Child,
  ]
  const herd: Herd = { clients, proxy, server, all: [clients, proxy, server] }
  try {
    const before = await Promise.all(herd.all.map((child) => child.ask<Weight>('weigh')))
    const url = await proxy.ask<string>('open', await server.ask<number>('open', count))
    await clients.ask('open', { url: `${url}/realtime`, clients: count })
    progress?.(`${count} clients are connected`)
    await Promise.all([server.ask('begin'), clients.ask('begin'), proxy.ask('begin', seed)])
    const weighings = await watch(herd, options)

    await clients.ask('end')
    const published = await server.ask<number>('end')
    const faults = await proxy.ask<HerdFigures['faults']>('calm')
    const unsettled = await clients.ask('settle', published).then(
      () => [],
      (error: Error) => [`not settled: ${error.message}`],
    )
    const account = await clients.ask<Account>('account')
    for (const child of herd.all) await child.ask('close')
    // Of both ends only now: what was sent twice may be handled once more while links are closed.
    const judgement = await server.ask<Judgement>('judgement')
    const warmUp = warmUpOf(minutes)
    const figures = await Promise.all(
      herd.all.map(async (child, n): Promise<[string, ProcessFigures]> => {
        const { descriptors } = before[n]!
        const after = await descriptorsLeft(child, descriptors)
        return [child.name, figuresOf(weighings.get(child)!, warmUp, descriptors, after)]
      }),
    )
    return {
      clients: count,
      minutes,
      seed,
      warmUp,
      faults,
      ...account,
      ...judgement,
      violations: [...account.violations, ...judgement.violations, ...unsettled],
      processes: Object.fromEntries(figures) as HerdFigures['processes'],
    }
  } finally {
    for (const child of herd.all) child.end()
  }
}
