// Somebody who sends and receives, on each transport, whatever happens meanwhile.
import { expect } from 'vitest'
import type { TransportSpec } from '../promises/agent.ts'
import { numbers } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import type { Cluster, Member, Path } from './cluster.ts'
import type { Entry } from './journal.ts'

export const transports: readonly TransportSpec[] = ['webSocket', 'eventSource', 'nativeEventSource', 'longPolling']

/** A client for each transport. */
export const joinAll = (cluster: Cluster, path?: Path): Promise<Member[]> =>
  Promise.all(transports.map((transport) => cluster.agent({ transports: [transport], hasty: true }, { path })))

export const startsIn = (cluster: Cluster, topic: string): Entry[] =>
  cluster.entries().filter((entry) => entry.did === 'start' && entry.topic === topic)

/** Publishes on any node that can, with the same ids where one cannot. */
export async function publish(cluster: Cluster, topic: string, from: number, to: number): Promise<void> {
  for (let n = 0; ; n++) {
    const done = cluster.nodes[n % cluster.nodes.length]!.ask({ do: 'publish', topic, from, to }).then(
      () => true,
      () => false,
    )
    if (await done) return
  }
}

export interface Traffic {
  /** Handlers that were started again. */
  readonly again: number
  /** Handlers that were told so. */
  readonly marked: number
  /** Whether each link resumed the session. */
  readonly resumed: boolean
}

/** Somebody who sends and receives, on each transport, while `meanwhile` happens: nothing is lost, nothing doubled but what is marked. */
export async function underTraffic(cluster: Cluster, name: string, meanwhile: () => Promise<void>): Promise<Traffic> {
  const clients = await joinAll(cluster)
  await Promise.all(clients.map((client) => client.subscribe(name)))
  const topics = transports.map((transport) => `work/${name} ${transport}`)
  const sent = topics.map(() => 0)
  let published = 0
  let state: 'running' | 'over' = 'running'
  const send = async (client: Member, i: number): Promise<void> => {
    for (; state === 'running'; sent[i]! += 20)
      expect(await client.flood(topics[i]!, 20, 1, sent[i])).toEqual({ acknowledged: 20 })
  }
  const publishing = async (): Promise<void> => {
    for (; state === 'running'; published += 10) await publish(cluster, name, published, published + 10)
  }
  const all = Promise.all([publishing(), ...clients.map(send)])
  await meanwhile()
  state = 'over'
  await all
  for (const client of clients) {
    await until(async () => (await client.count(name)) >= published, 'the last message')
    expect(await client.heard(name)).toEqual(numbers(published))
  }
  const judged = cluster.judge(topics.map((topic, i) => ({ topic, acknowledged: numbers(sent[i]!) })))
  expect(judged.violations).toEqual([])
  const reports = await Promise.all(clients.map((client) => client.report()))
  return {
    again: judged.again,
    marked: topics.flatMap((topic) => startsIn(cluster, topic)).filter(({ redelivered }) => redelivered).length,
    resumed: reports.every(({ opens }) => opens.slice(1).every(({ resumed }) => resumed)),
  }
}
