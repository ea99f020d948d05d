// Three nodes behind HAProxy, which sends every request to the next one: sessions are served by all of them as by one.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { FetchEventSource } from '../client/transport-harnesses.ts'
import type { TransportSpec } from '../promises/agent.ts'
import { numbers } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import { startCluster, type Cluster } from './cluster.ts'

const transports: readonly TransportSpec[] = ['webSocket', 'eventSource', 'nativeEventSource', 'longPolling']
const COUNT = 1_000

let cluster: Cluster
beforeAll(async () => {
  // Node 20 has none of its own.
  vi.stubGlobal('EventSource', FetchEventSource)
  cluster = await startCluster()
}, 600_000)
afterAll(() => cluster.close())

/** On how many nodes requests of one kind have come, for one session. */
async function nodesSeen(kind: string, session: string): Promise<number> {
  const stats = await Promise.all(cluster.nodes.map((node) => node.stats()))
  return stats.filter(({ seen }) => seen[kind]?.[session]).length
}

describe.concurrent.each(transports)('%s', (transport) => {
  test('1,000 messages up and 1,000 down: each once, in order, in one session, whichever node a request comes to', async () => {
    const client = await cluster.agent({ transports: [transport], hasty: true })
    const [topic, feed] = [`up/calm ${transport}`, `calm ${transport}`]
    await client.subscribe(feed)
    const sent = client.flood(topic, COUNT, 10)
    await cluster.nodes[1]!.ask({ do: 'publish', topic: feed, from: 0, to: COUNT })
    expect(await sent).toEqual({ acknowledged: COUNT })
    await until(async () => (await client.count(feed)) >= COUNT, 'the last message')
    expect(await client.heard(feed)).toEqual(numbers(COUNT))
    const mine = cluster.entries().filter((entry) => entry.topic === topic)
    const { violations, starts, again } = cluster.judge([{ topic, acknowledged: numbers(COUNT) }])
    expect({ violations, starts, again }).toEqual({ violations: [], starts: COUNT, again: 0 })
    const session = mine[0]!.session
    expect(new Set(mine.map((entry) => entry.session))).toEqual(new Set([session]))
    const seen = { post: await nodesSeen('post', session), poll: await nodesSeen('poll', session) }
    expect(seen).toEqual({ post: transport === 'webSocket' ? 0 : 3, poll: transport === 'longPolling' ? 3 : 0 })
  })
})
