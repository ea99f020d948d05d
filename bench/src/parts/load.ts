// What one Holdfast server holds: many clients in a few processes, first idle, then some of them sending, then a message to all.
import type { ChildProcess } from 'node:child_process'
import type { Bundles } from '../bundle.ts'
import type { Order, Sent } from '../load-clients.ts'
import type { Profile, Usage } from '../load-server.ts'
import { next, start } from '../processes.ts'
import type { Row } from '../results.ts'
import { quantile, rounded } from '../statistics.ts'

export interface LoadOptions {
  /** How many clients there are when it is measured, in growing order. */
  steps: readonly number[]
  /** Of all, how many send, and how often each. */
  active: number
  perSecond: number
  seconds: number
  processes: number
  log?: (line: string) => void
}

export const fullLoad: LoadOptions = {
  steps: [0, 1_000, 2_500, 5_000, 10_000],
  active: 1_000,
  perSecond: 4,
  seconds: 8,
  processes: 2,
}

const KB = 1_000
const BROADCASTS = 5

interface Rig {
  server: ChildProcess
  crowds: ChildProcess[]
  ask<T>(child: ChildProcess, order: Order | string): Promise<T>
  all<T>(order: Order): Promise<T[]>
}

async function setUp(bundles: Bundles, processes: number): Promise<Rig> {
  const [server, told] = await start(bundles, 'load-server', [], ['--expose-gc'])
  const url = `http://127.0.0.1:${(told as { port: number }).port}`
  const started = Array.from({ length: processes }, () => start(bundles, 'load-clients', [url], []))
  const crowds = (await Promise.all(started)).map(([child]) => child)
  const ask = async <T>(child: ChildProcess, order: Order | string): Promise<T> => {
    child.send(order)
    return (await next(child)) as T
  }
  return { server, crowds, ask, all: (order) => Promise.all(crowds.map((child) => ask<never>(child, order))) }
}

/** Opens what is missing in each step, and notes what the server uses. */
async function grow({ server, all, crowds, ask }: Rig, { steps, log }: LoadOptions, add: Add): Promise<void> {
  let open = 0
  let empty: Usage | null = null
  let opening = 0
  let cpu = 0
  for (const step of steps) {
    const from = performance.now()
    if (step > open) await all({ type: 'open', count: (step - open) / crowds.length })
    opening += performance.now() - from
    open = step
    const used = await ask<Usage>(server, 'usage')
    empty ??= used
    cpu = used.cpu - empty.cpu
    const each = (read: (usage: Usage) => number): number => (read(used) - read(empty!)) / KB / Math.max(1, open)
    log?.(`${open} clients: ${(used.rss / KB / KB).toFixed(0)} MB`)
    add(`${open.toLocaleString('en-US')} clients`, 'memory of the process', 'KB', used.rss / KB)
    if (open)
      add(
        `${open.toLocaleString('en-US')} clients`,
        'memory for each',
        'KB',
        each(({ rss }) => rss),
      )
    if (open)
      add(
        `${open.toLocaleString('en-US')} clients`,
        'heap for each',
        'KB',
        each(({ heap }) => heap),
      )
  }
  add('idle', 'clients held', 'clients', open)
  add('idle', 'clients taken in', 'clients/s', (open / opening) * 1_000)
  add('idle', 'processor to take one in', 'ms', cpu / open)
}

type Add = (contestant: string, measure: string, unit: Row['unit'], value: number) => void

/** Processor time of the server while something happens, as a share of one core. */
async function shareOf({ server, ask }: Rig, act: () => Promise<unknown>): Promise<number> {
  const [before, from] = [await ask<Usage>(server, 'usage'), performance.now()]
  await act()
  const took = performance.now() - from
  return (((await ask<Usage>(server, 'usage')).cpu - before.cpu) / took) * 100
}

async function work(rig: Rig, { active, perSecond, seconds, steps }: LoadOptions, add: Add): Promise<void> {
  const { server, ask, all, crowds } = rig
  const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  add('idle', 'processor', '% of a core', await shareOf(rig, pause))
  let sent: Sent[] = []
  let profile: Profile = []
  const busy = await shareOf(rig, async () => {
    // Within: the collections that go with asking for memory are not the work of the server.
    await ask(server, 'profile')
    sent = await all<Sent>({ type: 'send', clients: active / crowds.length, perSecond, seconds })
    profile = await ask<Profile>(server, 'profiled')
  })
  for (const [place, percent] of profile) add(place, 'share of time', '%', percent)
  const latencies = sent.flatMap((one) => one.latencies)
  const acknowledged = sent.reduce((sum, one) => sum + one.acknowledged, 0)
  const failed = sent.reduce((sum, one) => sum + one.failed, 0)
  if (failed || !latencies.length) throw new Error(`${failed} sends have failed, ${acknowledged} were acknowledged`)
  add('active', 'processor', '% of a core', busy)
  add('active', 'acknowledged', 'messages/s', acknowledged / seconds)
  add('active', 'latency p50', 'ms', quantile(latencies, 0.5))
  add('active', 'latency p99', 'ms', quantile(latencies, 0.99))
  const from = performance.now()
  const cpu = await shareOf(rig, async () => {
    for (let n = 1; n <= BROADCASTS; n++) {
      server.send('publish')
      const isHeard = async (): Promise<boolean> =>
        (await all<number>({ type: 'heard' })).reduce((sum, count) => sum + count, 0) >= n * steps.at(-1)!
      while (!(await isHeard())) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })
  const each = (performance.now() - from) / BROADCASTS
  add('a message to all', 'until the last has it', 'ms', each)
  add('a message to all', 'processor', 'ms', (cpu / 100) * each)
}

export async function measureLoad(bundles: Bundles, options: LoadOptions): Promise<Row[]> {
  const rows: Row[] = []
  const add: Add = (contestant, measure, unit, value) =>
    void rows.push({ contestant, measure, unit, values: [rounded(value)] })
  const rig = await setUp(bundles, options.processes)
  try {
    await grow(rig, options, add)
    await work(rig, options, add)
    return rows
  } finally {
    for (const child of [...rig.crowds, rig.server]) child.kill()
  }
}
