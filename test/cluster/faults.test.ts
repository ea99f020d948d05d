// Three nodes behind HAProxy, and each of the things that can happen to them and to Redis: what the guarantees say is what is seen.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { FetchEventSource } from '../client/transport-harnesses.ts'
import { numbers } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import { startCluster, type Cluster, type Member, type Path } from './cluster.ts'
import type { Entry } from './journal.ts'
import { joinAll, publish, startsIn, transports, underTraffic } from './load.ts'

vi.setConfig({ testTimeout: 120_000 })

let cluster: Cluster
beforeAll(async () => {
  // Node 20 has none of its own.
  vi.stubGlobal('EventSource', FetchEventSource)
  cluster = await startCluster()
}, 600_000)
afterAll(() => cluster.close())

const startsOf = (topic: string): Entry[] => startsIn(cluster, topic)

/** Clients whose messages are all held by handlers of the first node: what had to be done is done, and is not recorded. */
async function holdAll(
  name: string,
  path?: Path,
): Promise<{ topic: string; client: Member; answer: Promise<unknown> }[]> {
  const others = await cluster.balancer.only(0)
  const clients = await joinAll(cluster, path)
  const held = clients.map((client, i) => {
    const topic = `hold/${name} ${transports[i]}`
    return { topic, client, answer: client.request(topic, 1).catch(String) }
  })
  for (const { topic } of held) expect(await cluster.held(topic)).toBe(cluster.nodes[0])
  await others()
  return held
}

test('a node is killed between effect and record: the message comes again elsewhere, marked, by the same id and fence; or is in doubt', async () => {
  const [first] = cluster.nodes
  const { name } = first!
  const held = await holdAll('killed')
  const once = await holdAll('once', '/at-most-once')
  const { resumed } = await underTraffic(cluster, 'kill', async () => {
    await first!.kill()
    for (const { topic, answer } of held) {
      const by = await answer
      const [begun, ...again] = startsOf(topic)
      expect(begun).toMatchObject({ node: name, redelivered: false })
      expect(again.at(-1)).toMatchObject({ node: by, id: begun!.id, fence: begun!.fence, redelivered: true })
    }
    for (const { topic, answer, client } of once) {
      expect(await answer).toMatch('in-doubt')
      expect(await client.send('up/next', 1)).toMatchObject({ outcome: 'acknowledged' })
      expect(startsOf(topic)).toHaveLength(1)
    }
    await first!.start()
  })
  expect(resumed).toBe(true)
})

test('a node stands still in a handler: the message is started again elsewhere, marked, and what the node says when it goes on changes nothing', async () => {
  const [first] = cluster.nodes
  const held = await holdAll('stopped')
  first!.stop()
  await first!.sees('DOWN')
  for (const { answer } of held) expect(await answer).not.toBe(first!.name)
  first!.goOn()
  await first!.sees('UP')
  for (const { client, topic } of held) {
    await first!.ask({ do: 'release', topic })
    await until(() => cluster.entries().filter((entry) => entry.topic === topic).length === 4, 'both handlers to end')
    expect(await client.send('up/next', 2)).toMatchObject({ outcome: 'acknowledged' })
    const [begun, ...again] = startsOf(topic)
    expect(again).toMatchObject([{ id: begun!.id, fence: begun!.fence, redelivered: true }])
    expect((await client.report()).opens.slice(1).map(({ resumed }) => resumed)).not.toContain(false)
  }
})

test('Redis is killed and comes back with all it had: sessions go on, and nothing is lost', async () => {
  await cluster.redis.call('CONFIG', 'SET', 'appendfsync', 'always')
  const { resumed } = await underTraffic(cluster, 'redis', async () => {
    for (let n = 0; n < 3; n++) {
      await cluster.redis.kill()
      await cluster.redis.start()
      await publish(cluster, 'elsewhere', n, n + 1)
    }
  })
  expect(resumed).toBe(true)
})

test('Redis comes back as it was a while ago: sessions are renewed, gaps are told, and what was under way comes again, marked', async () => {
  const clients = await joinAll(cluster, '/forgetful')
  const topics = transports.map((transport) => `up/restored ${transport}`)
  const both = async (from: number, to: number): Promise<void> => {
    const sent = clients.map((client, i) => client.flood(topics[i]!, to - from, 1, from))
    await publish(cluster, 'restored', from, to)
    expect(await Promise.all(sent)).toEqual(clients.map(() => ({ acknowledged: to - from })))
    for (const client of clients) await until(async () => (await client.count('restored')) >= to, 'the messages')
  }
  await Promise.all(clients.map((client) => client.subscribe('restored')))
  await both(0, 30)
  cluster.redis.backUp()
  await both(30, 60)
  await cluster.redis.kill()
  const sent = clients.map((client, i) => client.flood(topics[i]!, 30, 1, 60))
  cluster.redis.restore()
  await cluster.redis.start()
  expect(await Promise.all(sent)).toEqual(clients.map(() => ({ acknowledged: 30 })))
  await publish(cluster, 'restored', 60, 70)
  for (const client of clients) {
    await until(async () => (await client.heard('restored')).at(-1) === 69, 'what comes next')
    const heard = await client.heard('restored')
    expect(heard.slice(0, 60)).toEqual(numbers(60))
    expect(heard[60]).toMatchObject({ gap: expect.anything() as unknown, sameEpoch: false })
    // Of the other epoch, all that there is.
    expect(heard.slice(61)).toEqual([...numbers(30), ...numbers(10, 60)])
    expect((await client.report()).opens.slice(1).map(({ resumed }) => resumed)).toContain(false)
  }
  const { violations } = cluster.judge(topics.map((topic) => ({ topic, acknowledged: numbers(90) })))
  expect(violations).toEqual([])
})
