// The client in front of the event streams and polls that people have: each mapping gives what docs/plain.md says, through ten cuts.
import { describe, expect, test } from 'vitest'
import { longPolling, plain, type ClientOptions, type PlainOptions } from '@holdfast/client/plain'
import { numbers } from '../promises/bench.ts'
import { createScene, expectAllDown, expectAllUp, isAscending, throughCuts, type Scene } from './client-kit.ts'
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

async function throughTenCuts(scene: Scene, starting: Promise<WebServer>, options: ClientOptions, least?: number) {
  const server = scene.closing(await starting)
  const proxy = await scene.proxy(server)
  const visitor = scene.visit(proxy.url + new URL(server.feedUrl).pathname, options)
  const told = await throughCuts(visitor, server, { proxy, least })
  return { ...told, opens: visitor.opens() }
}

describe.concurrent('every message both ways, once and in order', { timeout: 120_000 }, () => {
  test.for<[name: string, start: () => Promise<WebServer>, options: ClientOptions]>([
    ['a hand-written stream', () => startSseRoute({ retry: 20 }), sseRoute],
    ['express-sse, where the route replays', () => startExpressSse({ replay: true }), sseRoute],
    ['a long poll', startLongPoll, longPoll],
    ['a short poll', startShortPoll, brisk],
  ])('%s', async ([, start, options], context) => {
    const told = await throughTenCuts(createScene(context), start(), options)
    expect(told.count).toBeGreaterThanOrEqual(1000)
    expectAllDown(told)
    expectAllUp(told)
  })
})

describe.concurrent('with mappings missing', { timeout: 120_000 }, () => {
  test('express-sse, which replays nothing: down what comes while it is there, and no gap is made up', async (context) => {
    const told = await throughTenCuts(createScene(context), startExpressSse(), expressSse)
    expect(told.opens).toBe(11)
    expect(isAscending(told.heard)).toBe(true)
    expectAllUp(told)
  })

  test('a stream without any: the server replays after the last id; up at least once, which the receipt does not hide', async (context) => {
    const told = await throughTenCuts(createScene(context), startSseRoute({ retry: 20 }), bareStream, 300)
    expect(told.opens).toBe(11)
    expectAllDown({ ...told, heard: [...new Set(told.heard)] })
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
