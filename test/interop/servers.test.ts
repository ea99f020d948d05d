// The servers that Holdfast is tested against do what such servers do, seen by bare clients.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { faultProxy } from '@holdfast/testing'
import { numbers } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import { closeAll, closing, openSocket, openStream, poll, post } from './raw-clients.ts'
import { startExpressSse } from './servers/express-sse-server.ts'
import { startLongPoll, startShortPoll } from './servers/poll-servers.ts'
import { createRoom, type RoomOptions } from './servers/room.ts'
import { startSseRoute } from './servers/sse-route-server.ts'
import { startWebSocketNodeServer } from './servers/websocket-node-server.ts'
import { startWsServer } from './servers/ws-server.ts'

afterEach(closeAll)

const json = (texts: readonly string[]): unknown[] => texts.map((text) => JSON.parse(text) as unknown)

describe.each([
  ['ws', startWsServer],
  ['WebSocket-Node', startWebSocketNodeServer],
])('a server on %s', (_name, start) => {
  const run = async (options: RoomOptions) => closing(await start(options))

  test('text: answers ping with pong, tells numbers, takes what is said', async () => {
    const server = await run({ shape: 'text', welcome: true })
    const socket = await openSocket(server.socketUrl)
    await socket.heard(1)
    socket.say('ping')
    socket.say('hi')
    await until(() => server.inbox.handled.length === 1)
    server.feed.publish(2)
    expect(await socket.heard(4)).toEqual(['welcome', 'pong', '1', '2'])
    expect(server.inbox.arrivals).toEqual([{ data: 'hi' }])
  })

  test('closes who says nothing', async () => {
    const server = await run({ shape: 'text', idleLimit: 50 })
    const socket = await openSocket(server.socketUrl)
    expect(await socket.closed).toBe(4000)
    await until(() => server.present() === 0)
  })

  test('dispatch: one handler for each socketType', async () => {
    const server = await run({ shape: 'dispatch' })
    const socket = await openSocket(server.socketUrl)
    socket.say({ socketType: 'chat', action: 'send', data: 'hi' })
    socket.say({ socketType: 'none', action: 'send' })
    await socket.heard(1)
    server.feed.publish(1, 'orders')
    expect(json(await socket.heard(2))).toEqual([
      { socketType: 'error', action: 'unknown', data: { socketType: 'none', action: 'send' } },
      { socketType: 'orders', action: 'update', data: { n: 1 } },
    ])
    expect(server.inbox.handled).toEqual([{ topic: 'chat', data: 'hi' }])
  })

  test('ack: acknowledges each id, and handles it once, whichever connection it comes by', async () => {
    const server = await run({ shape: 'ack' })
    const message = { type: 'chat', id: 'a', payload: 1 }
    for (let times = 0; times < 2; times++) {
      const socket = await openSocket(server.socketUrl)
      socket.say(message)
      expect(json(await socket.heard(1))).toEqual([{ ack: 'a' }])
      expect(server.cut('reset')).toBe(1)
      expect(await socket.closed).toBe(1006)
    }
    expect(server.inbox.arrivals).toHaveLength(2)
    expect(server.inbox.handled).toEqual([{ topic: 'chat', id: 'a', data: 1 }])
    await until(() => server.present() === 0)
    expect(server.feed.followers).toBe(0)
  })

  test('sequence: resync tells again from there on, each once', async () => {
    const server = await run({ shape: 'ack-and-sequence', live: 'after resync' })
    server.feed.publish(3)
    const socket = await openSocket(server.socketUrl)
    server.feed.publish(2)
    socket.say({ type: 'resync', from: 4 })
    await socket.heard(2)
    server.feed.publish()
    expect(json(await socket.heard(3))).toEqual([4, 5, 6].map((seq) => ({ seq, type: 'prices', payload: { n: seq } })))
  })

  test('echoes bytes, agrees on the first subprotocol, notes what it cannot read', async () => {
    const server = await run({ shape: 'ack' })
    const socket = await openSocket(server.socketUrl, ['v2', 'v1'])
    socket.say('{')
    socket.sendBytes(new TextEncoder().encode('bytes'))
    expect(await socket.heard(1)).toEqual(['bytes'])
    expect(server.handshakes).toMatchObject([{ path: '/', protocol: 'v2' }])
    expect(server.inbox.unreadable).toEqual(['{'])
  })

  test('behind the fault proxy: a cut loses what is not asked for again', async () => {
    const server = await run({ shape: 'sequence' })
    const proxy = closing(await faultProxy({ target: server.port }))
    const url = proxy.url.replace('http', 'ws')
    const first = await openSocket(url)
    server.feed.publish(2)
    await first.heard(2)
    proxy.cut({ how: 'reset', kind: 'webSocket' })
    await first.closed
    server.feed.publish(2)
    const second = await openSocket(url)
    second.say({ type: 'resync', from: 3 })
    expect(json(await second.heard(2))).toMatchObject([{ seq: 3 }, { seq: 4 }])
  })
})

test('who pings is not idle', () => {
  vi.useFakeTimers()
  try {
    const codes: number[] = []
    const visitor = { send: () => {}, close: (code: number) => codes.push(code) }
    const { heard } = createRoom({ shape: 'dispatch', idleLimit: 100 }).enter(visitor)
    vi.advanceTimersByTime(99)
    heard('ping')
    vi.advanceTimersByTime(99)
    expect(codes).toEqual([])
    vi.advanceTimersByTime(1)
    expect(codes).toEqual([4000])
  } finally {
    vi.useRealTimers()
  }
})

test('a feed pours at the rate asked for', async () => {
  const server = closing(await startWsServer({ shape: 'sequence' }))
  const socket = await openSocket(server.socketUrl)
  const from = performance.now()
  await server.feed.pour(100, 1_000)
  expect(performance.now() - from).toBeGreaterThan(90)
  expect(json(await socket.heard(100))).toMatchObject(numbers(100, 1).map((seq) => ({ seq })))
})

describe('express-sse', () => {
  test('numbers the events of each stream from 0, and replays nothing', async () => {
    const server = closing(await startExpressSse({ event: 'price' }))
    const first = await openStream(server.feedUrl)
    server.feed.publish(2)
    await first.heard(2)
    const second = await openStream(server.feedUrl, 0)
    server.feed.publish()
    expect(await first.heard(3)).toEqual([0, 1, 2].map((n) => ({ id: `${n}`, event: 'price', data: `{"n":${n + 1}}` })))
    expect(await second.heard(1)).toEqual([{ id: '0', event: 'price', data: '{"n":3}' }])
  })

  test('with replay: what came after the Last-Event-ID, then what is new, under the feed’s numbers', async () => {
    const server = closing(await startExpressSse({ replay: true }))
    server.feed.publish(3)
    const stream = await openStream(server.feedUrl, 1)
    server.feed.publish()
    expect(await stream.heard(3)).toEqual([2, 3, 4].map((n) => ({ id: `${n}`, event: 'message', data: `{"n":${n}}` })))
    expect(server.requests).toMatchObject([{ method: 'GET', path: '/events', headers: { 'last-event-id': '1' } }])
  })
})

describe('the hand-written SSE route', () => {
  test('names events, numbers them, breaks data into lines, comments, and asks for a delay', async () => {
    const server = closing(await startSseRoute({ event: 'topic', retry: 250, commentEvery: 10 }))
    const stream = await openStream(server.feedUrl)
    server.feed.publish(1, 'news')
    expect(await stream.heard(1)).toEqual([
      { id: '1', event: 'news', data: '{\n  "n": 1,\n  "text": "two\\nlines of news"\n}' },
    ])
    await until(() => stream.text().includes(': still here\n\n'))
    expect(stream.text()).toMatch(/^: hello\n\nretry: 250\n\nid: 1\nevent: news\ndata: \{\ndata: {3}"n": 1,\n/m)
  })

  test('a cut stream, opened again with the last id by header or by query, goes on after it', async () => {
    const server = closing(await startSseRoute())
    const proxy = closing(await faultProxy({ target: server.port }))
    const first = await openStream(`${proxy.url}/events`)
    server.feed.publish(2)
    await first.heard(2)
    expect(server.cut()).toBe(1)
    await first.ended
    await until(() => server.feed.followers === 0)
    server.feed.publish(2)
    for (const stream of [await openStream(server.feedUrl, 2), await openStream(`${server.feedUrl}?lastEventId=2`)]) {
      expect(await stream.heard(2)).toMatchObject([
        { id: '3', event: 'tick' },
        { id: '4', event: 'tick' },
      ])
    }
  })

  test('a POST is acknowledged and handled once; several at once likewise', async () => {
    const server = closing(await startSseRoute())
    const message = { type: 'chat', id: 1, payload: 'hi' }
    expect(await post(server.postUrl, message)).toEqual({ ack: 1 })
    expect(await post(server.feedUrl, [message, { ...message, id: 2 }])).toEqual([{ ack: 1 }, { ack: 2 }])
    expect([server.inbox.arrivals.length, server.inbox.handled.length]).toEqual([3, 2])
  })

  test('lets pages of other origins in, with credentials and headers of their own', async () => {
    const server = closing(await startSseRoute())
    const headers = { Origin: 'http://else.where', 'Access-Control-Request-Headers': 'x-key' }
    const response = await fetch(server.postUrl, { method: 'OPTIONS', headers })
    expect([
      response.status,
      ...['origin', 'credentials', 'headers'].map((name) => response.headers.get(`access-control-allow-${name}`)),
    ]).toEqual([204, 'http://else.where', 'true', 'x-key'])
  })
})

describe('polls', () => {
  test('a long poll waits for news, and is answered with nothing after its time', async () => {
    const server = closing(await startLongPoll({ hold: 100 }))
    expect(await poll(server.feedUrl, 0)).toEqual([])
    const waiting = poll(server.feedUrl, 0)
    await until(() => server.feed.followers === 1)
    server.feed.publish(2)
    expect(await waiting).toMatchObject([{ seq: 1 }, { seq: 2 }])
    expect(server.feed.followers).toBe(0)
  })

  test('a long poll that a proxy cuts leaves nothing behind, and the next one gets it all', async () => {
    const server = closing(await startLongPoll())
    const proxy = closing(await faultProxy({ target: server.port }))
    const waiting = poll(`${proxy.url}/poll`, 0).catch(() => 'cut')
    await until(() => server.feed.followers === 1)
    proxy.cut({ how: 'reset' })
    expect(await waiting).toBe('cut')
    await until(() => server.feed.followers === 0)
    server.feed.publish(3)
    expect(await poll(`${proxy.url}/poll`, 1)).toMatchObject([{ seq: 2 }, { seq: 3 }])
  })

  test.each([startLongPoll, startShortPoll])('there is a limit to one answer: $name', async (start) => {
    const server = closing(await start({ page: 2 }))
    server.feed.publish(3)
    expect(await poll(server.feedUrl, 0)).toMatchObject([{ seq: 1 }, { seq: 2 }])
    expect(await poll(server.feedUrl, 2)).toMatchObject([{ seq: 3 }])
  })

  test('a short poll is answered at once, with nothing if there is nothing', async () => {
    const server = closing(await startShortPoll())
    expect(await poll(server.feedUrl, 0)).toEqual([])
    expect(await post(server.postUrl, { type: 'chat', id: 'a', payload: 1 })).toEqual({ ack: 'a' })
  })
})
