// A crowd of clients on three nodes, one of which is killed every 20 s: what each message became, from the journal of the handlers.
import { seeded } from '@holdfast/testing'
import { startCluster, type Cluster } from './cluster.ts'
import type { CrowdReport } from './crowd.ts'
import { bundle, startCrowd, type CrowdProcess } from './process.ts'

export interface SoakOptions {
  readonly clients: number
  readonly minutes: number
  readonly seed: number
}

export interface SoakFigures extends SoakOptions {
  readonly kills: number
  readonly sent: number
  readonly acknowledged: number
  /** Those that were not acknowledged, by outcome and code. */
  readonly outcomes: { readonly [outcome: string]: number }
  readonly started: number
  readonly redelivered: number
  readonly published: number
  readonly heard: number
  /** Links after the first one of each client. */
  readonly resumed: number
  readonly renewed: number
  /** From send to acknowledgement, ms. */
  readonly times: { readonly median: number; readonly p99: number; readonly longest: number }
  /** What `onError` of the servers was told, by kind. */
  readonly faults: { readonly [what: string]: number }
  /** What should not have been; empty when every promise was kept. */
  readonly violations: readonly string[]
}

const TOPIC = 'work/client '
const CROWDS = 2
const KILL_EVERY = 20_000
/** How long a node is away. */
const AWAY = 5_000
const FEEDS = Array.from({ length: 20 }, (_, n) => `feed ${n}`)
const PUBLISH_EVERY = 1_000
/** Each client, ms. */
const SEND_EVERY = 5_000
/** For everything to settle, ms. */
const LAST = 120_000

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Publishes the n-th message of each feed on any node that lives: again with the same id where one fails. */
async function publish(cluster: Cluster, n: number, random: () => number): Promise<void> {
  const put = async (topic: string): Promise<void> => {
    for (;;) {
      const node = cluster.nodes[Math.floor(random() * cluster.nodes.length)]!
      const done = node.ask({ do: 'publish', topic, from: n, to: n + 1 }).then(
        () => true,
        () => false,
      )
      if (await done) return
    }
  }
  await Promise.all(FEEDS.map(put))
}

function sum(reports: readonly CrowdReport[], of: (report: CrowdReport) => number): number {
  return reports.reduce((total, report) => total + of(report), 0)
}

function countAll(words: readonly string[]): { [word: string]: number } {
  const counts: { [word: string]: number } = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

function figuresOf(
  options: SoakOptions,
  cluster: Cluster,
  reports: readonly CrowdReport[],
  counts: { kills: number; published: number },
): SoakFigures {
  const sent = reports
    .flatMap(({ acknowledged }) => acknowledged)
    .map((acknowledged, client) => ({ topic: TOPIC + client, acknowledged }))
  const { violations, starts, again } = cluster.judge(sent)
  const times = reports.flatMap((report) => report.times).sort((a, b) => a - b)
  const at = (part: number): number => Math.round(times[Math.floor((times.length - 1) * part)] ?? 0)
  const outcomes = reports.flatMap((report) => Object.entries(report.outcomes))
  return {
    ...options,
    kills: counts.kills,
    sent: sum(reports, (report) => report.sent),
    acknowledged: sent.reduce((total, { acknowledged }) => total + acknowledged.length, 0),
    outcomes: countAll(outcomes.flatMap(([outcome, times]) => Array.from({ length: times }, () => outcome))),
    started: starts,
    redelivered: again,
    published: counts.published * FEEDS.length,
    heard: sum(reports, (report) => report.heard),
    resumed: sum(reports, (report) => report.resumed),
    renewed: sum(reports, (report) => report.renewed),
    times: { median: at(0.5), p99: at(0.99), longest: at(1) },
    faults: countAll(cluster.faults.map((fault) => fault.replace(/^\S+ /, '').slice(0, 120))),
    violations: [...violations.slice(0, 50), ...reports.flatMap((report) => report.violations)],
  }
}

/** Runs until the time is over, lets everything settle, and tells what was seen. */
export async function runClusterSoak(options: SoakOptions): Promise<SoakFigures> {
  const { clients, minutes, seed } = options
  const random = seeded(seed)
  const cluster = await startCluster({ nodes: 3, work: 50, lease: 10_000, timeout: 5_000 })
  let crowds: CrowdProcess[] = []
  try {
    const file = await bundle('crowd')
    const share = Math.ceil(clients / CROWDS)
    crowds = await Promise.all(
      Array.from({ length: CROWDS }, (_, n) => {
        const [first, url] = [n * share, `${cluster.balancer.url}/realtime`]
        return startCrowd(file, {
          url,
          topic: TOPIC,
          first,
          clients: Math.min(share, clients - first),
          feeds: FEEDS,
          every: SEND_EVERY,
        })
      }),
    )
    for (const crowd of crowds) crowd.tell('start')
    const end = performance.now() + minutes * 60_000
    const isOver = (): boolean => performance.now() >= end
    let published = 0
    const publishing = async (): Promise<void> => {
      for (; !isOver(); published++) await Promise.all([publish(cluster, published, random), pause(PUBLISH_EVERY)])
    }
    let kills = 0
    const killing = async (): Promise<void> => {
      for (await pause(KILL_EVERY); !isOver(); kills++) {
        const node = cluster.nodes[Math.floor(random() * cluster.nodes.length)]!
        const next = pause(KILL_EVERY)
        await node.kill()
        await pause(AWAY)
        await node.start()
        console.log(`${node.name} is back, ${Math.round((end - performance.now()) / 1_000)} s to go`)
        await next
      }
    }
    await Promise.all([publishing(), killing()])
    for (const crowd of crowds) crowd.tell('rest')
    const reports = await Promise.all(crowds.map((crowd) => crowd.finish({ published, within: LAST })))
    return figuresOf(options, cluster, reports, { kills, published })
  } finally {
    await Promise.all(crowds.map((crowd) => crowd.end()))
    await cluster.close()
  }
}
