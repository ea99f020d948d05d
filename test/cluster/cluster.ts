// Several nodes that share a Redis, behind a balancer that knows no sessions, and clients that reach them through it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { faultProxy, type FaultProxy } from '@holdfast/testing'
import { WebSocket as NodeWebSocket } from 'ws'
import { createAgent, type Agent, type AgentOptions } from '../promises/agent.ts'
import { startRedis, type RedisServer } from '../redis/redis-server.ts'
import { until } from '../support/world.ts'
import { startHaproxy, type Haproxy } from './haproxy.ts'
import { judge, readJournal, type Entry, type Judgement, type Sent } from './journal.ts'
import type { Command, NodePlan, NodeStats, Told } from './node.ts'
import { bundle, startNode, type NodeProcess } from './process.ts'

export interface ClusterOptions {
  nodes?: number
  /** How long handlers of `work/*` take, ms. @default 5 */
  work?: number
  /** How long a node that shows no life is waited for, ms. @default 2_500 */
  lease?: number
  /** How long nodes wait for Redis, ms. @default 2_000 */
  timeout?: number
  server?: NodePlan['server']
}

export interface ClusterNode {
  readonly name: string
  /** Of the endpoint, without the balancer. */
  readonly url: string
  ask(command: Command): Promise<unknown>
  stats(): Promise<NodeStats>
  /** Killed with -9; resolves when the balancer has seen it. */
  kill(): Promise<void>
  /** Starts it again, as another process; resolves when the balancer sends requests to it. */
  start(): Promise<void>
  /** Takes it out of the balancer, lets its clients and handlers go on elsewhere or finish, and ends it. */
  retire(): Promise<void>
  /** Stands still, and goes on. */
  stop(): void
  goOn(): void
  sees(state: 'UP' | 'DOWN'): Promise<void>
  /** Ends it, whatever state it is in. */
  end(): Promise<void>
}

/** A client, and what stands between it and the balancer. */
export interface Member extends Agent {
  readonly proxy: FaultProxy
}

/** What each server of a node is for: see node.ts. */
export type Path = '/realtime' | '/at-most-once' | '/forgetful'

export interface Cluster {
  readonly nodes: readonly ClusterNode[]
  readonly redis: RedisServer
  readonly balancer: Haproxy
  /** What `onError` of the servers was told. */
  readonly faults: readonly string[]
  /** @default the server at '/realtime', through HAProxy */
  agent(
    options: AgentOptions,
    where?: { path?: Path | undefined; balancer?: { readonly url: string } },
  ): Promise<Member>
  /** Resolves with the node where a handler of the topic is held, or runs again. */
  held(topic: string, redelivered?: boolean): Promise<ClusterNode>
  entries(): Entry[]
  /** Of what was sent to these topics. */
  judge(sent: readonly Sent[]): Judgement
  close(): Promise<void>
}

interface Parts {
  readonly folder: string
  readonly file: string
  readonly redis: RedisServer
  readonly work: number
  readonly lease: number
  readonly timeout: number
  readonly server: NodePlan['server']
  told(node: string, what: Told): void
}

/** How long clients have to leave a node, and handlers to finish, ms. */
const DRAIN = 1_500

/** A node that can be started again and again; `place` is its own in the balancer. */
async function createNode(
  parts: Parts,
  place: number,
  balancer: () => Haproxy,
): Promise<ClusterNode & { port: number }> {
  const { folder, file, redis, work, lease, timeout, server } = parts
  let starts = 0
  const run = (): Promise<NodeProcess> => {
    const name = `${place}.${++starts}`
    const plan = { name, redis: redis.url, journal: join(folder, 'journal'), work, lease, timeout, server }
    return startNode(file, plan, (what) => parts.told(name, what))
  }
  let running = await run()
  return {
    get name() {
      return `${place}.${starts}`
    },
    get url() {
      return `http://127.0.0.1:${running.port}/realtime`
    },
    get port() {
      return running.port
    },
    ask: (command) => running.ask(command),
    stats: () => running.ask({ do: 'stats' }) as Promise<NodeStats>,
    async kill() {
      await running.kill()
      await balancer().sees(place, 'DOWN')
    },
    async start() {
      running = await run()
      await balancer().move(place, running.port)
      await balancer().sees(place, 'UP')
    },
    async retire() {
      running.leave()
      await balancer().sees(place, 'NOLB')
      await running.ask({ do: 'drain', within: DRAIN })
      await running.ask({ do: 'close' })
      await running.ended
    },
    stop: () => running.stop(),
    goOn: () => running.goOn(),
    sees: (state) => balancer().sees(place, state),
    end: () => running.kill(),
  }
}

export async function startCluster({
  nodes: count = 3,
  work = 5,
  lease = 2_500,
  timeout = 2_000,
  server = {},
}: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
  writeFileSync(join(folder, 'journal'), '')
  const holds: { node: string; topic: string; redelivered: boolean }[] = []
  const faults: string[] = []
  const told = (node: string, what: Told): void => {
    if (what.told === 'held') holds.push({ node, ...what })
    else if (what.told === 'failed') faults.push(`${node}, ${what.where}: ${what.error}`)
  }
  const [file, redis] = await Promise.all([bundle('node'), startRedis({ appendOnly: true })])
  const parts: Parts = { folder, file, redis, work, lease, timeout, server, told }
  const nodes = await Promise.all(Array.from({ length: count }, (_, n) => createNode(parts, n, () => balancer)))
  const balancer = await startHaproxy(nodes.map(({ port }) => port))
  await Promise.all(nodes.map((node) => node.sees('UP')))
  const members: Member[] = []
  const entries = (): Entry[] => readJournal(join(folder, 'journal'))

  return {
    nodes,
    redis,
    balancer,
    faults,
    async agent(options, { path = '/realtime', balancer: { url } = balancer } = {}) {
      const proxy = await faultProxy({ target: Number(new URL(url).port), keptEvents: 100 })
      const agent = createAgent(proxy.url + path, options, NodeWebSocket as unknown as typeof WebSocket)
      const member = { ...agent, proxy }
      members.push(member)
      return member
    },
    async held(topic, redelivered = false) {
      const find = (): (typeof holds)[number] | undefined =>
        holds.find((hold) => hold.topic === topic && hold.redelivered === redelivered)
      await until(() => !!find(), `a handler of ${topic}, redelivered: ${redelivered}`)
      return nodes.find(({ name }) => name.split('.')[0] === find()!.node.split('.')[0])!
    },
    entries,
    judge(sent) {
      const topics = new Set(sent.map(({ topic }) => topic))
      return judge(
        entries().filter(({ topic }) => topics.has(topic)),
        sent,
      )
    },
    async close() {
      await Promise.all(members.map(({ close }) => close()))
      await Promise.all(members.map(({ proxy }) => proxy.close()))
      await balancer.close()
      await Promise.all(nodes.map((node) => node.end()))
      await redis.close()
      for (const each of [folder, dirname(file)]) rmSync(each, { recursive: true, force: true })
    },
  }
}
