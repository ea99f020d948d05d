// The client in front of the same servers behind nginx, configured well, and the ways that break real-time connections.
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { eventSource, longPolling, plain, type ClientOptions } from '@holdfast/client/plain'
import { WebSocket as NodeWebSocket } from 'ws'
import { requireProgram } from '../../scripts/debian.ts'
import { until } from '../support/world.ts'
import { createScene, expectAllDown, expectAllUp, hasty, isAscending, throughCuts, type Scene } from './client-kit.ts'
import { startNginx, type NginxOptions } from './nginx.ts'
import { options as acksAndSequence } from './recipes/acks-and-sequence.ts'
import { options as expressSse } from './recipes/express-sse.ts'
import { options as fallback } from './recipes/fallback.ts'
import { longPoll, shortPoll } from './recipes/polls.ts'
import { options as sseRoute } from './recipes/sse-route.ts'
import { startExpressSse } from './servers/express-sse-server.ts'
import { startLongPoll, startShortPoll } from './servers/poll-servers.ts'
import type { RoomOptions } from './servers/room.ts'
import { startSseRoute } from './servers/sse-route-server.ts'
import { startWebSocketNodeServer } from './servers/websocket-node-server.ts'
import { startWsServer } from './servers/ws-server.ts'

beforeAll(async () => {
  await requireProgram('nginx')
  // Node 20 has none of its own.
  vi.stubGlobal('WebSocket', NodeWebSocket)
}, 600_000)

const timeout = 120_000
const inSequence: RoomOptions = { shape: 'ack-and-sequence' }
/** So often that a test is over soon. */
const brisk: ClientOptions = { ...shortPoll, transports: [longPolling({ interval: 5 })] }

/** nginx in front of the server, and the fault proxy in front of nginx. */
async function front(scene: Scene, { port }: { port: number }, options: Omit<NginxOptions, 'target'> = {}) {
  const nginx = scene.closing(await startNginx({ target: port, ...options }))
  return { nginx, proxy: await scene.proxy(nginx) }
}

const sockets = [
  ['ws', startWsServer],
  ['WebSocket-Node', startWebSocketNodeServer],
] as const
type StartSockets = typeof startWsServer

describe.concurrent('every message both ways, once and in order, through cuts in front', { timeout }, () => {
  test.for<[name: string, start: StartSockets]>(sockets.map(([...each]) => each))('%s', async ([, start], context) => {
    const scene = createScene(context)
    const server = scene.closing(await start(inSequence))
    const { proxy } = await front(scene, server)
    const visitor = scene.visit(proxy.socketUrl, acksAndSequence)
    const told = await throughCuts(visitor, server, { proxy, cuts: 4, least: 200 })
    expect(visitor.opens()).toBe(5)
    expectAllDown(told)
    expectAllUp(told)
  })

  const streams = [
    ['a hand-written stream', () => startSseRoute({ retry: 20 }), { buffering: false }],
    ['a hand-written stream, buffered, in chunks', () => startSseRoute({ retry: 20 }), { buffering: true }],
    [
      'a hand-written stream that asks not to be buffered',
      () => startSseRoute({ retry: 20, askUnbuffered: true }),
      { buffering: true, httpVersion: '1.0' },
    ],
    ['express-sse with replay', () => startExpressSse({ replay: true }), { buffering: true, httpVersion: '1.0' }],
  ] as const
  test.for(streams)('%s', async ([, start, options], context) => {
    const scene = createScene(context)
    const server = scene.closing(await start())
    const { proxy } = await front(scene, server, options)
    const visitor = scene.visit(`${proxy.url}/events`, sseRoute)
    const told = await throughCuts(visitor, server, { proxy, cuts: 4, least: 200 })
    expect(visitor.opens()).toBe(5)
    expectAllDown(told)
    expectAllUp(told)
  })

  test('express-sse without replay: down what comes while it is there', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await startExpressSse())
    const { proxy } = await front(scene, server, { buffering: true, httpVersion: '1.0' })
    const told = await throughCuts(scene.visit(`${proxy.url}/events`, expressSse), server, {
      proxy,
      cuts: 4,
      least: 200,
    })
    expect(isAscending(told.heard)).toBe(true)
    expectAllUp(told)
  })

  const polls = [
    ['a long poll', startLongPoll, longPoll, true],
    ['a long poll, buffered', startLongPoll, longPoll, false],
    ['a short poll', startShortPoll, brisk, true],
    ['a short poll, buffered', startShortPoll, brisk, false],
  ] as const
  test.for(polls)('%s', async ([, start, options, buffering], context) => {
    const scene = createScene(context)
    const server = scene.closing(await start())
    const { proxy } = await front(scene, server, { buffering })
    const told = await throughCuts(scene.visit(`${proxy.url}/poll`, options), server, { proxy, cuts: 4, least: 200 })
    expect(told.count).toBeGreaterThanOrEqual(200)
    expectAllDown(told)
    expectAllUp(told)
  })
})

describe.concurrent('with a read timeout of 5 s', { timeout }, () => {
  const readTimeout = 5
  /** Longer than that. */
  const quiet = (): Promise<void> => {
    const end = performance.now() + 7_000
    return until(() => performance.now() > end)
  }

  test.for<[name: string, start: StartSockets]>(sockets.map(([...each]) => each))(
    '%s: a ping keeps the link',
    async ([, start], context) => {
      const scene = createScene(context)
      const server = scene.closing(await start(inSequence))
      const { proxy } = await front(scene, server, { readTimeout })
      const over = { ...hasty, heartbeat: { interval: 1_000, grace: 10_000 } }
      const { client, opens } = scene.visit(proxy.socketUrl, acksAndSequence, over)
      await client.ready()
      await quiet()
      expect([opens(), server.handshakes.length, client.status]).toEqual([1, 1, 'open'])
    },
  )

  test.for<[name: string, start: StartSockets]>(sockets.map(([...each]) => each))(
    '%s: who does not ping in time is cut, comes back, and has missed nothing',
    async ([, start], context) => {
      const scene = createScene(context)
      const server = scene.closing(await start(inSequence))
      const { proxy } = await front(scene, server, { readTimeout })
      const { client, heard, opens } = scene.visit(proxy.socketUrl, acksAndSequence)
      client.on('status', (status) => status === 'reconnecting' && server.feed.publish(2))
      await client.ready()
      await until(() => server.feed.followers === 1)
      server.feed.publish()
      await until(() => heard.length === 3)
      expect([heard, opens(), server.handshakes.length]).toEqual([[1, 2, 3], 2, 2])
    },
  )

  test('a stream: comments keep the link', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await startSseRoute({ commentEvery: 1_000 }))
    const { proxy } = await front(scene, server, { readTimeout })
    const { client, opens } = scene.visit(`${proxy.url}/events`, sseRoute)
    await client.ready()
    await quiet()
    expect([opens(), server.requests.length, client.status]).toEqual([1, 1, 'open'])
  })

  test.for([
    ['a hand-written stream', () => startSseRoute({ retry: 20 })],
    ['express-sse with replay', () => startExpressSse({ replay: true })],
  ] as const)(
    '%s that is silent for longer is cut, asked for again, and nothing is missed',
    async ([, start], context) => {
      const scene = createScene(context)
      const server = scene.closing(await start())
      const { proxy } = await front(scene, server, { readTimeout })
      const { client, heard, opens } = scene.visit(`${proxy.url}/events`, sseRoute)
      client.on('status', (status) => status === 'reconnecting' && server.feed.publish(2))
      await client.ready()
      await until(() => server.feed.followers >= 1)
      server.feed.publish()
      await until(() => heard.length === 3)
      expect([heard, opens()]).toEqual([[1, 2, 3], 2])
      expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1'])
    },
  )

  test('a poll that is held for longer is answered 504 and asked again; what comes then is told once', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await startLongPoll())
    const { nginx, proxy } = await front(scene, server, { readTimeout })
    const { client, heard, errors } = scene.visit(`${proxy.url}/poll`, longPoll)
    await until(async () => (await nginx.accessLog()).includes('GET /poll?since=0 504'), 'the time-out')
    await until(() => server.feed.followers === 1, 'the next poll')
    server.feed.publish(2)
    await client.send('chat', 'hi')
    await until(() => heard.length === 2)
    expect([heard, errors, server.inbox.handled.length]).toEqual([[1, 2], [], 1])
  })

  test('a poll that the server answers in time is never cut', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await startLongPoll({ hold: 3_000 }))
    const { nginx, proxy } = await front(scene, server, { readTimeout })
    const { client, opens } = scene.visit(`${proxy.url}/poll`, longPoll)
    await client.ready()
    await quiet()
    expect([opens(), client.status]).toEqual([1, 'open'])
    expect(new Set(await nginx.accessLog())).toEqual(new Set(['GET /poll?since=0 200']))
  })
})

describe.concurrent('without upgrade headers', { timeout }, () => {
  test('the WebSocket fails, and polls carry on; with them again, the WebSocket does: nothing is lost on the way', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await startLongPoll({ sockets: true }))
    const { nginx: good, proxy } = await front(scene, server)
    const { nginx: bad } = await front(scene, server, { upgrade: false })
    const visitor = scene.visit(proxy.url, fallback, { ...hasty, reprobe: 0 })
    const used: string[] = []
    visitor.client.on('open', ({ transport }) => used.push(transport))
    let cuts = 0
    const told = await throughCuts(visitor, server, {
      cuts: 4,
      least: 200,
      proxy: {
        cut(how) {
          proxy.retarget(++cuts % 2 ? bad.port : good.port)
          return proxy.cut(how)
        },
      },
    })
    expectAllDown(told)
    expectAllUp(told)
    // Polls stay as long as they work: a cut is repeated inside their link.
    expect(used.slice(0, 2)).toEqual(['webSocket', 'longPolling'])
    visitor.client.reconnect()
    await until(() => used.at(-1) === 'webSocket', 'the WebSocket again')
  })

  test.for<[name: string, start: StartSockets]>(sockets.map(([...each]) => each))(
    '%s alone: the cause has a code, it is tried again, and in the end, if one is set, told',
    async ([, start], context) => {
      const scene = createScene(context)
      const server = scene.closing(await start(inSequence))
      const { proxy } = await front(scene, server, { upgrade: false })
      const { client, errors } = scene.visit(proxy.socketUrl, acksAndSequence, { ...hasty, maxAttempts: 3 })
      const sent = client.send('chat', 1).catch((error: { outcome: string; code: string }) => error)
      await expect(client.ready()).rejects.toMatchObject({ code: 'connection-closed', cause: { code: 1006 } })
      expect(client.snapshot).toMatchObject({ status: 'closed', cause: { code: 1006 } })
      expect(await sent).toMatchObject({ outcome: 'not-sent', code: 'connection-closed' })
      expect([errors, server.handshakes]).toEqual([['connection-closed'], []])
    },
  )
})

describe.concurrent('buffered for good, over HTTP/1.0', { timeout }, () => {
  const buffered = { buffering: true, httpVersion: '1.0' } as const
  const timeouts = { open: 500 }

  test('a stream never opens: the cause says so, and it is tried again', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await startSseRoute())
    const { proxy } = await front(scene, server, buffered)
    const { client } = scene.visit(`${proxy.url}/events`, sseRoute, { ...hasty, timeouts })
    await until(() => server.requests.length >= 2, 'another try')
    await until(() => client.snapshot.cause !== null)
    expect(client.snapshot).toMatchObject({ status: 'connecting', cause: { code: 1006, reason: 'not open in time' } })
  })

  test('polls carry on where the application offers them', async (context) => {
    const scene = createScene(context)
    const [stream, polled] = [scene.closing(await startSseRoute()), scene.closing(await startLongPoll())]
    const { proxy } = await front(scene, stream, buffered)
    const { proxy: open } = await front(scene, polled, buffered)
    const options: ClientOptions = {
      transports: [eventSource(), longPolling()],
      timeouts,
      dialect: plain({
        dataOf: ({ payload }: { payload: unknown }) => payload,
        request: ({ via, position = 0 }) =>
          via === 'sse' ? {} : { url: `${open.url}/poll?since=${Number(position)}` },
        positionOf: ({ seq }: { payload: unknown; seq?: number }) => seq,
      }),
    }
    const { client, heard } = scene.visit(`${proxy.url}/events`, options)
    polled.feed.publish(3)
    await until(() => heard.length === 3)
    expect([heard, client.snapshot.transport]).toEqual([[1, 2, 3], 'longPolling'])
  })
})
