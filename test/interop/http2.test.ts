// The HTTP/2 server by Node's own client; test/browser/http2.test.ts shows it to a browser.
import { once } from 'node:events'
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { numbers } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import { startHttp2Server } from './http2.ts'
import { closeAll, closing } from './raw-clients.ts'

afterEach(closeAll)

function dial(url: string): ClientHttp2Session {
  const session = connect(url, { rejectUnauthorized: false })
  session.on('error', () => {})
  closing({ close: () => session.destroy() })
  return session
}

function openStream(session: ClientHttp2Session, headers: Record<string, string> = {}) {
  const stream: ClientHttp2Stream = session.request({ ':path': '/events', ...headers })
  let received = ''
  stream.setEncoding('utf8').on('data', (part: string) => (received += part))
  stream.on('error', () => {})
  return { stream, received: () => received }
}

test('ten streams on one connection all hear the feed; a cut ends them, and the feed goes on after the last id', async () => {
  const server = closing(await startHttp2Server())
  const session = dial(server.url)
  const streams = numbers(10).map(() => openStream(session))
  await until(() => server.streams() === 10)
  server.feed.publish(2)
  await until(() => streams.every(({ received }) => received().endsWith('id: 2\ndata: {"n":2}\n\n')))
  expect([server.connections(), server.requests[0]!.version]).toEqual([1, '2.0'])

  expect(server.cut()).toBe(1)
  await until(() => server.streams() === 0)
  const again = openStream(dial(server.url), { 'last-event-id': '1' })
  await until(() => again.received() === ': hello\n\nid: 2\ndata: {"n":2}\n\n')
})

test('a POST is acknowledged and handled once', async () => {
  const server = closing(await startHttp2Server())
  const session = dial(server.url)
  for (let times = 0; times < 2; times++) {
    const posting = session.request({ ':path': '/messages', ':method': 'POST' })
    posting.end(JSON.stringify({ type: 'chat', id: 1, payload: 'hi' }))
    expect(await text(posting)).toBe('{"ack":1}')
  }
  expect(server.inbox.handled).toEqual([{ topic: 'chat', id: 1, data: 'hi' }])
  expect(server.inbox.arrivals).toHaveLength(2)
})

test('what is not JSON is answered 400, what is not there 404', async () => {
  const server = closing(await startHttp2Server())
  const session = dial(server.url)
  const posting = session.request({ ':path': '/messages', ':method': 'POST' })
  posting.end('{')
  expect((await once(posting, 'response'))[0]).toMatchObject({ ':status': 400 })
  expect((await once(session.request({ ':path': '/none' }), 'response'))[0]).toMatchObject({ ':status': 404 })
})
