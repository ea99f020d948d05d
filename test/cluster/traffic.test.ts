// Three nodes behind a balancer that sends every request to the next one: sessions are served by all of them as by one.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { FetchEventSource } from '../client/transport-harnesses.ts'
import { startNginx, type Nginx } from '../interop/nginx.ts'
import { numbers } from '../promises/bench.ts'
import { helloOf } from '../server/support/peer.ts'
import { post } from '../server/support/wire.ts'
import { until } from '../support/world.ts'
import { startCluster, type Cluster, type Member } from './cluster.ts'
import type { Entry } from './journal.ts'
import { transports, underTraffic } from './load.ts'

const COUNT = 1_000
const CUTS = 20

vi.setConfig({ testTimeout: 120_000 })

let cluster: Cluster
let nginx: Nginx
beforeAll(async () => {
  // Node 20 has none of its own.
  vi.stubGlobal('EventSource', FetchEventSource)
  // Nobody dies here: on a busy machine a node may stand still for seconds.
  cluster = await startCluster({ lease: 60_000 })
  nginx = await startNginx({ target: cluster.nodes.map((node) => Number(new URL(node.url).port)) })
}, 600_000)
afterAll(async () => {
  await cluster.close()
  await nginx.close()
})

const entriesOf = (topic: string): Entry[] => cluster.entries().filter((entry) => entry.topic === topic)

/** On how many nodes requests of one kind have come, for one session. */
async function nodesSeen(kind: string, session: string): Promise<number> {
  const stats = await Promise.all(cluster.nodes.map((node) => node.stats()))
  return stats.filter(({ seen }) => seen[kind]?.[session]).length
}

interface Conversation {
  readonly session: string
  /** How many it took. */
  readonly links: number
}

/** Messages both ways, with `between` after each of so many parts: each once, in order, in one session. */
async function converse(
  client: Member,
  name: string,
  parts: number,
  between: () => void,
  count = COUNT,
): Promise<Conversation> {
  const topic = `up/${name}`
  await client.subscribe(name)
  const step = count / parts
  for (let from = 0; from < count; from += step) {
    const sent = client.flood(topic, step, 10, from)
    await cluster.nodes[1]!.ask({ do: 'publish', topic: name, from, to: from + step })
    between()
    expect(await sent).toEqual({ acknowledged: step })
    await until(async () => (await client.count(name)) >= from + step, 'the messages')
  }
  expect(await client.heard(name)).toEqual(numbers(count))
  const { violations, starts, again } = cluster.judge([{ topic, acknowledged: numbers(count) }])
  expect({ violations, starts, again }).toEqual({ violations: [], starts: count, again: 0 })
  const mine = entriesOf(topic)
  expect(mine.filter(({ redelivered }) => redelivered)).toEqual([])
  expect(new Set(mine.map((entry) => entry.session)).size).toBe(1)
  const { opens } = await client.report()
  expect(opens.slice(1).filter(({ resumed }) => !resumed)).toEqual([])
  return { session: mine[0]!.session, links: opens.length }
}

describe.concurrent.each(transports)('%s', (transport) => {
  const join = (balancer?: Nginx): Promise<Member> =>
    cluster.agent({ transports: [transport], hasty: true }, balancer ? { balancer } : {})

  test('1,000 messages up and 1,000 down: each once, in order, in one session, whichever node a request comes to', async () => {
    const { session } = await converse(await join(), `calm ${transport}`, 1, () => {})
    const elsewhere = { post: (await nodesSeen('post', session)) > 1, poll: (await nodesSeen('poll', session)) > 1 }
    expect(elsewhere).toEqual({ post: transport !== 'webSocket', poll: transport === 'longPolling' })
  })

  test('the same through 20 cuts: the session goes on, on whichever node', async () => {
    const client = await join()
    const cut = (): void => void client.proxy.cut({ how: 'reset' })
    const { links } = await converse(client, `cut ${transport}`, CUTS, cut)
    // A poll that is cut is sent again, on the same link.
    expect(links).toBeGreaterThan(transport === 'longPolling' ? 0 : CUTS / 2)
  })

  test('200 behind nginx, through 4 cuts', async () => {
    const client = await join(nginx)
    const { links } = await converse(client, `nginx ${transport}`, 4, () => void client.proxy.cut(), 200)
    expect(links).toBeGreaterThan(transport === 'longPolling' ? 0 : 2)
  })

  test('a link that the old node still believes in: its handler finishes once, the next waits for it, and nothing comes twice', async () => {
    const [held, next, feed] = [`hold/half ${transport}`, `up/half ${transport}`, `half ${transport}`]
    const client = await join()
    await client.subscribe(feed)
    const answer = client.request(held, 1)
    const node = await cluster.held(held)
    client.proxy.cut({ side: 'client' })
    await client.reconnect()
    await until(async () => (await client.report()).opens.length > 1, 'the next link')
    const after = client.send(next, 2)
    await cluster.nodes[0]!.ask({ do: 'publish', topic: feed, from: 0, to: 20 })
    await node.ask({ do: 'release', topic: held })
    expect(await answer).toBe(node.name)
    expect(await after).toMatchObject({ outcome: 'acknowledged', serial: 2 })
    await until(async () => (await client.count(feed)) >= 20, 'the last message')
    expect(await client.heard(feed)).toEqual(numbers(20))
    const did = cluster.entries().filter(({ topic }) => topic === held || topic === next)
    expect(did.map((entry) => [entry.did, entry.serial, entry.redelivered])).toEqual([
      ['start', 1, false],
      ['end', 1, false],
      ['start', 2, false],
      ['end', 2, false],
    ])
  })
})

test('a token gives its session to nobody else, on any node', async () => {
  const [one, other] = cluster.nodes
  const hello = (more: object): unknown[] => [['hello', { ...helloOf(more), via: 'poll' }]]
  const welcomeOf = async (...[url, more]: [string, object]) => {
    const { frames } = await post(url, hello(more))
    return frames.flatMap((frame) => (frame[0] === 'welcome' ? [frame[1]] : []))[0]!
  }
  const { session, id } = await welcomeOf(one!.url, { credential: 'alice' })
  const stolen = await post(other!.url, hello({ credential: 'mallory', session, incarnation: 2 }))
  expect({ status: stolen.status, frames: stolen.frames }).toMatchObject({
    status: 403,
    frames: [['bye', 4401, expect.any(String)]],
  })
  const guessed = await welcomeOf(other!.url, { credential: 'alice', session: `${id}.guessed`, incarnation: 2 })
  expect(guessed).toMatchObject({ resumed: false })
  expect(guessed.id).not.toBe(id)
  expect(await welcomeOf(other!.url, { credential: 'alice', session, incarnation: 2 })).toMatchObject({
    id,
    resumed: true,
  })
})

test('all nodes are restarted one by one, each after a drain: nothing is lost, nothing doubled, nothing marked', async () => {
  const traffic = await underTraffic(cluster, 'rolling', async () => {
    for (const node of cluster.nodes) {
      await node.retire()
      await node.start()
    }
  })
  expect(traffic).toEqual({ again: 0, marked: 0, resumed: true })
})
