// The client in front of the event streams and polls that people have: each mapping gives what docs/plain.md says, through ten cuts.
import { describe, expect, test } from 'vitest'
import { longPolling, plain, type ClientOptions, type PlainOptions } from '@holdfast/client/plain'
import { numbers } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import { accounted, createScene, cutUnderTraffic, exchange, isAscending, type Scene } from './client-kit.ts'
import { options as expressSse } from './recipes/express-sse.ts'
import { longPoll, shortPoll } from './recipes/polls.ts'
import { options as sseRoute } from './recipes/sse-route.ts'
import { startExpressSse } from './servers/express-sse-server.ts'
import { startLongPoll, startShortPoll } from './servers/poll-servers.ts'
import { startSseRoute } from './servers/sse-route-server.ts'
import type { WebServer } from './servers/web-app.ts'

/** What it takes to talk at all, and nothing that promises anything. */
const bare: PlainOptions<{ payload?: unknown }> = {
  request: ({ via, url }) => (via === 'post' ? { url: new URL('/messages', url).href } : undefined),
  wrap: (type, payload) => ({ type, payload }),
}
const bareStream: ClientOptions = { ...sseRoute, dialect: plain(bare) }
const barePoll: ClientOptions = { ...longPoll, dialect: plain({ ...bare, dataOf: ({ payload }) => payload }) }
/** So often that a test is over soon. */
const brisk: ClientOptions = { ...shortPoll, transports: [longPolling({ interval: 5 })] }

/** So many messages each way, at least, through ten cuts. What the client was told, and what the server was. */
async function throughTenCuts(scene: Scene, starting: Promise<WebServer>, options: ClientOptions, least = 1000) {
  const server = scene.closing(await starting)
  const proxy = await scene.proxy(server)
  const visitor = scene.visit(proxy.url + new URL(server.feedUrl).pathname, options)
  const { client, heard } = visitor
  // The first position is known with the first message; a poll counts as the link when it is answered.
  await until(() => server.requests.length > 0, 'the first request')
  await until(() => (server.feed.publish(), heard.length > 0), 'the first message')
  const first = server.feed.length
  const cuts = cutUnderTraffic(10, visitor, (how) => proxy.cut({ how }))
  const { count, outcomes } = await exchange(least, server.feed, (n) => client.send('chat', n), cuts)
  const latest = server.feed.length
  await until(() => {
    // What is published between two polls that do not say where they stand is lost.
    if (options === barePoll) server.feed.publish()
    return accounted(heard).at(-1)! >= latest
  }, 'the last message')
  expect([visitor.errors, client.status]).toEqual([[], 'open'])
  const data = (arrivals: WebServer['inbox']['arrivals']): unknown[] => arrivals.map((arrival) => arrival.data)
  return {
    heard,
    first,
    latest,
    opens: visitor.opens(),
    count,
    outcomes,
    handled: data(server.inbox.handled),
    arrivals: data(server.inbox.arrivals),
  }
}

describe.concurrent('every message both ways, once and in order', { timeout: 120_000 }, () => {
  test.for<[name: string, start: () => Promise<WebServer>, options: ClientOptions]>([
    ['a hand-written stream', () => startSseRoute({ retry: 20 }), sseRoute],
    ['express-sse, where the route replays', () => startExpressSse({ replay: true }), sseRoute],
    ['a long poll', startLongPoll, longPoll],
    ['a short poll', startShortPoll, brisk],
  ])('%s', async ([, start, options], context) => {
    const told = await throughTenCuts(createScene(context), start(), options)
    const from = accounted(told.heard)[0]!
    expect(from).toBeLessThanOrEqual(told.first)
    expect(told.heard).toEqual(numbers(told.latest - from + 1, from))
    expect(told.outcomes).toEqual({ acknowledged: told.count })
    expect(told.handled).toEqual(numbers(told.count, 1))
  })
})

describe.concurrent('with mappings missing', { timeout: 120_000 }, () => {
  test('express-sse, which replays nothing: down what comes while it is there, and no gap is made up', async (context) => {
    const told = await throughTenCuts(createScene(context), startExpressSse(), expressSse)
    expect(told.opens).toBe(11)
    expect(isAscending(told.heard)).toBe(true)
    expect(told.outcomes).toEqual({ acknowledged: told.count })
    expect(told.handled).toEqual(numbers(told.count, 1))
  })

  test('a stream without any: the server replays after the last id; up at least once, which the receipt does not hide', async (context) => {
    const told = await throughTenCuts(createScene(context), startSseRoute({ retry: 20 }), bareStream, 300)
    expect(told.opens).toBe(11)
    expect([...new Set(told.heard)]).toEqual(
      numbers(told.latest - (told.heard[0] as number) + 1, told.heard[0] as number),
    )
    expect(told.outcomes).toEqual({ none: told.count })
    expect([...new Set(told.arrivals)]).toEqual(numbers(told.count, 1))
  })

  test('polls that do not say where they stand: nothing twice, and no gap is made up', async (context) => {
    const told = await throughTenCuts(createScene(context), startLongPoll(), barePoll, 300)
    expect(isAscending(told.heard)).toBe(true)
    expect(told.outcomes).toEqual({ none: told.count })
    expect([...new Set(told.arrivals)]).toEqual(numbers(told.count, 1))
  })
})
