// nginx in front of the servers breaks what it is known to break, and leaves alone what it is configured to leave alone.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { faultProxy } from '@holdfast/testing'
import { requireProgram } from '../../scripts/debian.ts'
import { until } from '../support/world.ts'
import { startNginx, type NginxOptions } from './nginx.ts'
import { closeAll, closing, openSocket, openStream, poll, post } from './raw-clients.ts'
import { startExpressSse } from './servers/express-sse-server.ts'
import { startLongPoll, startShortPoll } from './servers/poll-servers.ts'
import { startSseRoute } from './servers/sse-route-server.ts'
import { startWebSocketNodeServer } from './servers/websocket-node-server.ts'
import { startWsServer } from './servers/ws-server.ts'

beforeAll(() => requireProgram('nginx'), 600_000)
afterEach(closeAll)

/** nginx in front of this server, and the fault proxy in front of nginx: the addresses that clients use. */
async function front({ port }: { port: number }, options: Omit<NginxOptions, 'target'> = {}) {
  const nginx = closing(await startNginx({ target: port, ...options }))
  const proxy = closing(await faultProxy({ target: nginx.port }))
  return { nginx, proxy, url: proxy.url, socketUrl: proxy.url.replace('http', 'ws') }
}

describe.each([
  ['ws', startWsServer],
  ['WebSocket-Node', startWebSocketNodeServer],
])('%s behind nginx', (_name, start) => {
  test('with upgrade headers: talks both ways, and a cut in front reaches the server', async () => {
    const server = closing(await start({ shape: 'ack-and-sequence' }))
    const { proxy, socketUrl, nginx } = await front(server)
    const socket = await openSocket(socketUrl, ['v1'])
    socket.say({ type: 'chat', id: 1, payload: 'hi' })
    await socket.heard(1)
    server.feed.publish()
    expect((await socket.heard(2)).map((text) => JSON.parse(text) as unknown)).toMatchObject([{ ack: 1 }, { seq: 1 }])
    expect(server.handshakes).toMatchObject([{ protocol: 'v1', headers: { host: new URL(socketUrl).host } }])
    proxy.cut({ how: 'reset' })
    await until(() => server.present() === 0)
    await until(async () => (await nginx.accessLog()).includes('GET / 101'))
  })

  test('without upgrade headers: refused', async () => {
    const server = closing(await start({ shape: 'text' }))
    const { socketUrl } = await front(server, { upgrade: false })
    await expect(openSocket(socketUrl)).rejects.toThrow(/Unexpected server response: 4\d\d/)
    expect(server.handshakes).toEqual([])
  })
})

describe('streams behind nginx', () => {
  test('unbuffered: an event comes through at once, and the rest after a cut', async () => {
    const server = closing(await startSseRoute())
    const { url, proxy } = await front(server)
    const stream = await openStream(`${url}/events`)
    server.feed.publish()
    expect(await stream.heard(1)).toMatchObject([{ id: '1' }])
    proxy.cut({ how: 'end' })
    await stream.ended
    await until(() => server.feed.followers === 0)
    server.feed.publish()
    const second = await openStream(`${url}/events`, 1)
    expect(await second.heard(1)).toMatchObject([{ id: '2' }])
    expect(await post(`${url}/messages`, { id: 1, payload: 1 })).toEqual({ ack: 1 })
  })

  test('buffered over HTTP/1.0: nothing comes through, not even the head, until the stream is over', async () => {
    const server = closing(await startSseRoute())
    const { url } = await front(server, { buffering: true, httpVersion: '1.0' })
    let opened = false
    const opening = openStream(`${url}/events`).finally(() => (opened = true))
    await until(() => server.feed.followers === 1)
    server.feed.publish()
    // An answer that was asked for later overtakes the event.
    expect(await post(`${url}/messages`, { id: 1, payload: 1 })).toEqual({ ack: 1 })
    expect(opened).toBe(false)
    server.cut()
    const stream = await opening
    expect(await stream.heard(1)).toMatchObject([{ id: '1' }])
  })

  test.each([
    ['express-sse asks it not to', () => startExpressSse(), '1.0'],
    ['a route of our own asks it not to', () => startSseRoute({ askUnbuffered: true }), '1.0'],
    ['events come in chunks', () => startSseRoute(), '1.1'],
  ] as const)('buffered, but %s: an event comes through at once', async (_name, start, httpVersion) => {
    const server = closing(await start())
    const { url } = await front(server, { buffering: true, httpVersion })
    const stream = await openStream(`${url}/events`)
    server.feed.publish()
    expect(await stream.heard(1)).toHaveLength(1)
  })
})

describe('polls behind nginx', () => {
  test.each([startLongPoll, startShortPoll])('news come through, buffered or not: $name', async (start) => {
    const server = closing(await start())
    server.feed.publish(2)
    for (const buffering of [true, false]) {
      const { url } = await front(server, { buffering })
      expect(await poll(`${url}/poll`, 1)).toMatchObject([{ seq: 2 }])
    }
  })
})

describe('with a read timeout of 2 s', () => {
  const readTimeout = 2

  test('WebSockets: the silent one is cut, the one that pings is still there', async () => {
    const server = closing(await startWsServer({ shape: 'text' }))
    const { socketUrl } = await front(server, { readTimeout })
    const silent = await openSocket(socketUrl)
    const lively = await openSocket(socketUrl)
    const pinging = setInterval(() => lively.say('ping'), 50)
    expect(await silent.closed).toBe(1006)
    await lively.heard(lively.received.length + 1)
    clearInterval(pinging)
  })

  test('streams: the silent one is cut, the one with comments is still there', async () => {
    const [silent, lively] = [closing(await startSseRoute()), closing(await startSseRoute({ commentEvery: 50 }))]
    const streamOf = async (server: { port: number }) =>
      openStream(`${(await front(server, { readTimeout })).url}/events`)
    const [cut, kept] = await Promise.all([streamOf(silent), streamOf(lively)])
    await cut.ended
    lively.feed.publish()
    expect(await kept.heard(1)).toHaveLength(1)
  })

  test('a poll that is held for longer is answered 504', async () => {
    const server = closing(await startLongPoll())
    const { url, nginx } = await front(server, { readTimeout })
    expect((await fetch(`${url}/poll?since=0`)).status).toBe(504)
    await until(() => server.feed.followers === 0)
    expect(nginx.errorLog()).toContain('upstream timed out')
  })
})

test('a server that is gone is answered 502, and nginx ends with the test', async () => {
  const server = await startShortPoll()
  const nginx = await startNginx({ target: server.port })
  await server.close()
  expect((await fetch(`${nginx.url}/poll`)).status).toBe(502)
  await nginx.close()
  await expect(fetch(`${nginx.url}/poll`)).rejects.toThrow('fetch failed')
})
