// Three nodes behind HAProxy, and each of the things that can happen to a node: what the guarantees say is what is seen.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { FetchEventSource } from '../client/transport-harnesses.ts'
import type { TransportSpec } from '../promises/agent.ts'
import { numbers } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import { startCluster, type Cluster, type ClusterNode, type Member } from './cluster.ts'
import type { Entry } from './journal.ts'

const transports: readonly TransportSpec[] = ['webSocket']

let cluster: Cluster
beforeAll(async () => {
  // Node 20 has none of its own.
  vi.stubGlobal('EventSource', FetchEventSource)
  cluster = await startCluster()
}, 600_000)
afterAll(() => cluster.close())

const join = (transport: TransportSpec, path?: string): Promise<Member> =>
  cluster.agent({ transports: [transport], hasty: true }, path)

const startsOf = (topic: string): Entry[] =>
  cluster.entries().filter((entry) => entry.did === 'start' && entry.topic === topic)

/** Somebody who sends and receives, on each transport, while `meanwhile` happens; nothing is lost, nothing doubled but what is marked. */
async function underTraffic(name: string, meanwhile: () => Promise<void>): Promise<{ again: number; marked: number }> {
  let published = 0
  const clients = await Promise.all(
    transports.map(async (transport) => {
      const client = await join(transport)
      await client.subscribe(name)
      return client
    }),
  )
  const topics = transports.map((transport) => `work/${name} ${transport}`)
  const sent = topics.map(() => 0)
  let state: 'running' | 'over' = 'running'
  const send = async (client: Member, i: number): Promise<void> => {
    while (state === 'running') {
      expect(await client.flood(topics[i]!, 20, 1, sent[i])).toEqual({ acknowledged: 20 })
      sent[i]! += 20
    }
  }
  const publish = async (): Promise<void> => {
    while (state === 'running') {
      // Again on another node, with the same id, if this one is killed meanwhile.
      const [from, to] = [published, published + 10]
      for (let tries = 0; published < to; tries++) {
        const node = cluster.nodes[tries % cluster.nodes.length]!
        await node.ask({ do: 'publish', topic: name, from, to }).then(
          () => void (published = to),
          () => {},
        )
      }
    }
  }
  const all = Promise.all([publish(), ...clients.map(send)])
  await meanwhile()
  state = 'over'
  await all
  for (const client of clients) {
    await until(async () => (await client.count(name)) >= published, 'the last message')
    expect(await client.heard(name)).toEqual(numbers(published))
  }
  const { violations, again } = cluster.judge(topics.map((topic, i) => ({ topic, acknowledged: numbers(sent[i]!) })))
  expect(violations).toEqual([])
  const marked = topics.flatMap(startsOf).filter((entry) => entry.redelivered).length
  return { again, marked }
}

test('nodes are killed one by one, between the effect of a message and its record: it comes again elsewhere, marked, by the same id and fence', async () => {
  const held = transports.map((transport) => `hold/killed ${transport}`)
  await underTraffic('kills', async () => {
    const asked = await Promise.all(
      transports.map(async (transport, i) => {
        const answer = (await join(transport)).request(held[i]!, 1)
        return { answer, node: await cluster.held(held[i]!) }
      }),
    )
    const names = asked.map(({ node }) => node.name)
    for (const node of cluster.nodes) {
      await node.kill()
      await node.start()
    }
    for (const [i, { answer }] of asked.entries()) {
      const [first, ...again] = startsOf(held[i]!)
      expect(first).toMatchObject({ node: names[i], redelivered: false })
      expect(await answer).toBe(startsOf(held[i]!).at(-1)!.node)
      expect(again.length).toBeGreaterThan(0)
      for (const entry of again) expect(entry).toMatchObject({ id: first!.id, fence: first!.fence, redelivered: true })
    }
  })
})

test('at most once: what the killed node may have handled is in doubt, and is not handled again', async () => {
  const held = transports.map((transport) => `hold/once ${transport}`)
  const asked = await Promise.all(
    transports.map(async (transport, i) => {
      const client = await join(transport, '/at-most-once')
      const outcome = client.send(held[i]!, 1)
      return { client, outcome, node: await cluster.held(held[i]!) }
    }),
  )
  for (const node of new Set<ClusterNode>(asked.map((each) => each.node))) {
    await node.kill()
    await node.start()
  }
  for (const [i, { client, outcome }] of asked.entries()) {
    expect(await outcome).toMatchObject({ outcome: 'in-doubt' })
    expect(startsOf(held[i]!)).toHaveLength(1)
    expect(await client.send('up/after', 1)).toMatchObject({ outcome: 'acknowledged' })
  }
})

test('a node stands still in a handler: the message is started again elsewhere, marked, and what the node says when it goes on changes nothing', async () => {
  const held = transports.map((transport) => `hold/stopped ${transport}`)
  const asked = await Promise.all(
    transports.map(async (transport, i) => {
      const client = await join(transport)
      const answer = client.request(held[i]!, 1)
      return { client, answer, node: await cluster.held(held[i]!) }
    }),
  )
  const nodes = new Set<ClusterNode>(asked.map((each) => each.node))
  for (const node of nodes) {
    node.stop()
    await node.sees('DOWN')
    const here = asked.filter((each) => each.node === node)
    for (const { answer } of here) expect(await answer).not.toBe(node.name)
    node.goOn()
    await node.sees('UP')
    await node.ask({ do: 'release' })
    for (const { client } of here) expect(await client.send('up/after', 2)).toMatchObject({ outcome: 'acknowledged' })
  }
  for (const topic of held) {
    const [first, ...again] = startsOf(topic)
    expect(again).toMatchObject([{ id: first!.id, fence: first!.fence, redelivered: true }])
  }
})
