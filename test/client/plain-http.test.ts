import { describe, expect, test } from 'vitest'
import { holdfast } from '../../packages/client/src/dialects/holdfast.ts'
import { plain, type PlainOptions } from '../../packages/client/src/dialects/plain.ts'
import type { ClientOptions } from '../../packages/client/src/options.ts'
import { createClient } from '../../packages/client/src/plain.ts'
import { eventSource } from '../../packages/client/src/transports/event-source.ts'
import type { HttpOptions } from '../../packages/client/src/transports/http-uplink.ts'
import { longPolling } from '../../packages/client/src/transports/long-polling.ts'
import type { Transport } from '../../packages/client/src/transport.ts'
import type { HoldfastError } from '../../packages/client/src/errors.ts'
import { createParts } from '../support/client-rig.ts'
import { outcomeOf } from '../support/plain-rig.ts'
import { createScriptedFetch } from '../support/scripted-fetch.ts'
import { settled } from '../support/virtual-clock.ts'

const url = 'https://example.test/feed'

function createHttpRig<In, Out>(
  transport: (options: HttpOptions) => Transport,
  mappings: PlainOptions<In, Out> = {},
  options: Partial<ClientOptions> = {},
) {
  const server = createScriptedFetch()
  const parts = createParts()
  const client = createClient(url, {
    ...parts.options,
    transports: [transport({ fetch: server.fetch })],
    dialect: plain(mappings),
    ...options,
  })
  const messages: unknown[] = []
  const errors: HoldfastError[] = []
  client.on('message', ({ topic, data }) => messages.push(topic ? [topic, data] : data))
  client.on('error', (error) => errors.push(error))
  return { client, clock: parts.clock, server, messages, errors }
}
const gets = (calls: readonly { method: string }[]): number => calls.filter(({ method }) => method === 'GET').length

describe('an event stream', () => {
  test('is asked for by GET, and its events are messages under their names', async () => {
    const { client, server, messages } = createHttpRig(eventSource)
    await settled()
    expect([server.call.method, server.call.url, server.call.body]).toEqual(['GET', url, null])
    expect(server.call.headers.get('accept')).toBe('text/event-stream')
    const seen: unknown[] = []
    client.subscribe('price', (data) => seen.push(data))
    const write = await server.call.stream()
    expect(client.status).toBe('open')
    await write(': hello\n\nevent: price\ndata: {"a":\ndata: 1}\n\ndata: 2\n\n')
    expect([messages, seen]).toEqual([[['price', { a: 1 }], 2], [{ a: 1 }]])
  })

  test('goes on after the last id, in the time that the server asks for', async () => {
    const { clock, server } = createHttpRig(eventSource)
    await settled()
    expect(server.call.headers.has('last-event-id')).toBe(false)
    const write = await server.call.stream()
    await write('retry: 4000\nid: 7\ndata: 1\n\ndata: 2\n\n')
    await write(null)
    await clock.advance(1999)
    expect(server.calls).toHaveLength(1)
    await clock.advance(2001)
    expect(server.calls).toHaveLength(2)
    expect(server.call.headers.get('last-event-id')).toBe('7')
  })

  test('goes on after an id that came without data, too', async () => {
    const positions: unknown[] = []
    const { clock, server, messages } = createHttpRig(eventSource, {
      request({ position }) {
        positions.push(position)
        return undefined
      },
    })
    await settled()
    const write = await server.call.stream()
    await write('id: 7\ndata: 1\n\nid: 8\n\n: unfinished\nid: 9\n')
    await write(null)
    await clock.advance(1000)
    expect([messages, server.call.headers.get('last-event-id'), positions]).toEqual([[1], '8', [undefined, '8']])
    const again = await server.call.stream()
    await again('id: 10\n\ndata: 2\n\nid: 11\ndata: 3\n\n')
    await again(null)
    await clock.advance(5000)
    expect([messages, server.call.headers.get('last-event-id'), positions[2]]).toEqual([[1, 2, 3], '11', '11'])
  })

  test('that asks for an hour is asked for again within a minute', async () => {
    const { clock, server } = createHttpRig(eventSource)
    await settled()
    const write = await server.call.stream()
    await write('retry: 3600000\n\n')
    await write(null)
    await clock.advance(29_999)
    expect(server.calls).toHaveLength(1)
    await clock.advance(1)
    expect(server.calls).toHaveLength(2)
  })

  test('that is answered with "no content" is not asked for again', async () => {
    const { client, server } = createHttpRig(eventSource)
    await settled()
    await server.call.answer(204)
    expect([client.status, server.calls.length]).toEqual(['closed', 1])
  })

  test.each([
    [403, 'closed'],
    [401, 'closed'],
    [500, 'connecting'],
    [204, 'closed'],
  ])('answered with %i leaves the client %s', async (status, then) => {
    const { client, server } = createHttpRig(eventSource)
    await settled()
    await server.call.answer(status)
    expect(client.status).toBe(then)
  })

  test('comments are life where silence is a loss', async () => {
    const { client, clock, server } = createHttpRig(eventSource, {}, { heartbeat: { interval: 1000, grace: 100 } })
    await settled()
    const write = await server.call.stream()
    await clock.advance(900)
    await write(':\n')
    await clock.advance(900)
    expect(client.status).toBe('open')
    await clock.advance(200)
    expect(client.status).toBe('reconnecting')
  })

  test('sends one message by one POST, which is settled by its answer', async () => {
    const { client, server, errors } = createHttpRig(eventSource)
    await settled()
    await server.call.stream()
    const first = client.send('a', { x: 1 })
    const second = client.send('a', { x: 2 })
    await settled()
    expect(server.calls.slice(1).map(({ method, body }) => [method, body])).toEqual([['POST', '{"x":1}']])
    expect(server.call.headers.get('content-type')).toBe('application/json')
    await server.call.answer(200, 'thank you', 'text/html')
    await first
    expect(server.call.body).toBe('{"x":2}')
    expect(client.snapshot.pending).toBe(1)
    await server.call.answer(204)
    expect(await second).toMatchObject({ level: 'none' })
    expect(errors).toEqual([])
  })

  test('a POST that fails for good is made again on the next link', async () => {
    const { client, clock, server } = createHttpRig(eventSource)
    await settled()
    await server.call.stream()
    const sent = client.send('a', 1)
    await settled()
    await server.call.answer(404)
    await clock.advance(1000)
    expect(gets(server.calls)).toBe(2)
    await server.call.stream()
    expect([server.call.method, server.call.body]).toEqual(['POST', '1'])
    await server.call.answer(200)
    await sent
  })

  test.each([
    ['without ackOf', {}],
    [
      'with it',
      { wrap: (_topic: string, data: unknown) => ({ data }), withId: (m: object) => m, ackOf: () => undefined },
    ],
  ])('a message that the server finds wrong is rejected, %s, and the next one goes', async (_name, mappings) => {
    const { client, server } = createHttpRig(eventSource, mappings)
    await settled()
    await server.call.stream()
    const sends = [outcomeOf(client.send('a', 1)), outcomeOf(client.send('a', 2))]
    const refused = client.send('a', 3).catch((error: HoldfastError) => error.message)
    await settled()
    await server.call.answer(400, '<!doctype html>no', 'text/html')
    expect([client.status, server.calls.length]).toEqual(['open', 3])
    await server.call.answer(422)
    await server.call.answer(413)
    expect(await Promise.all(sends)).toEqual(['rejected refused', 'rejected refused'])
    expect(await refused).toContain('answered 413')
    expect([client.status, server.calls.length, client.snapshot.pending]).toEqual(['open', 4, 0])
  })

  test('what is no message and is found wrong is no reason to reject the message behind it', async () => {
    const { client, clock, server } = createHttpRig(eventSource, { subscribe: (topic) => ({ subscribe: topic }) })
    await settled()
    await server.call.stream()
    client.subscribe('a')
    const sent = outcomeOf(client.send('a', 1))
    await settled()
    await server.call.answer(400)
    await clock.advance(1000)
    await server.call.stream()
    await server.call.answer(200)
    expect(server.call.body).toBe('1')
    await server.call.answer(200)
    expect(await sent).toBe('none')
  })
})

describe('with ackOf', () => {
  const acked: PlainOptions<{ ack?: string }, object> = {
    wrap: (_topic, data) => ({ data }),
    withId: (message, id) => ({ ...message, id }),
    ackOf: ({ ack }) => ack,
  }
  const idIn = (body: unknown): string => (JSON.parse(String(body)) as { id: string }).id

  test('the answer to a POST may acknowledge it, and an empty one says nothing', async () => {
    const { client, clock, server, messages, errors } = createHttpRig(eventSource, acked)
    await settled()
    const write = await server.call.stream()
    await write('id: 3\ndata: {}\n\n')
    const one = client.send('a', 1)
    const two = client.send('a', 2)
    await settled()
    await server.call.answer(200, JSON.stringify({ ack: idIn(server.call.body) }))
    await one
    const id = idIn(server.call.body)
    await server.call.answer(200, '')
    expect(client.snapshot.pending).toBe(1)
    await write(`data: {"ack":"${id}"}\n\n`)
    expect(await two).toMatchObject({ id, level: 'acknowledged' })
    expect([messages, errors]).toEqual([[{}], []])
    const last = client.send('a', 3)
    await settled()
    await server.call.answer(200, JSON.stringify({ ack: idIn(server.call.body) }))
    await last
    // An answer has no id, and takes none away.
    await write(null)
    await clock.advance(1000)
    expect(server.call.headers.get('last-event-id')).toBe('3')
  })
})

describe('polling', () => {
  test('a first poll that is held open counts as the link after 2 s', async () => {
    const { client, clock, server, messages } = createHttpRig(longPolling)
    await settled()
    expect([server.call.method, server.call.url]).toEqual(['GET', url])
    await clock.advance(1999)
    expect(client.status).toBe('connecting')
    await clock.advance(1)
    expect([client.status, server.calls.length]).toEqual(['open', 1])
    await server.call.answer(200, '[1,2]')
    expect([messages, server.calls.length]).toEqual([[1, 2], 2])
    await server.call.answer(204)
    await server.call.answer(200, '{"one":1}')
    expect([messages, server.calls.length]).toEqual([[1, 2, { one: 1 }], 4])
  })

  test('at an interval has one request under way at a time, so that answers cannot overtake each other', async () => {
    const { clock, server, messages } = createHttpRig((options) => longPolling({ ...options, interval: 1000 }))
    await settled()
    await clock.advance(5000)
    expect(server.calls).toHaveLength(1)
    await server.call.answer(200, '[1]')
    await clock.advance(999)
    expect(server.calls).toHaveLength(1)
    await clock.advance(1)
    expect(server.calls).toHaveLength(2)
    await clock.advance(5000)
    expect(server.calls).toHaveLength(2)
    await server.call.answer(200, '[2]')
    expect(messages).toEqual([1, 2])
  })

  test('asks where it stands and as whom, in the way the server wants it', async () => {
    const { server, messages, clock } = createHttpRig(
      longPolling,
      {
        positionOf: ({ n }: { n: number }) => n,
        messagesOf: (decoded) => (decoded as { items: { n: number }[] }).items,
        request: ({ via, url: base, position = 0, credential }) => ({
          url: `${base}?${via}&after=${JSON.stringify(position)}`,
          method: 'PUT',
          headers: { authorization: String(credential) },
        }),
      },
      { auth: 'me' },
    )
    await settled()
    expect([server.call.url, server.call.method]).toEqual([url + '?poll&after=0', 'PUT'])
    expect(server.call.headers.get('authorization')).toBe('me')
    await server.call.answer(200, '{"items":[{"n":1},{"n":2}]}')
    expect([messages.length, server.call.url]).toEqual([2, url + '?poll&after=2'])
    await server.call.answer(200, '{"items":[{"n":2},{"n":3}]}')
    expect(messages).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    await clock.advance(1)
  })

  test('resume is told that it is a poll, which says itself where it stands', async () => {
    const { client, clock, server } = createHttpRig(longPolling, {
      positionOf: (n: number) => n,
      resume: (from, _stream, via) => (via === 'webSocket' ? { from } : undefined),
      request: ({ position }) => ({ url: `${url}?after=${JSON.stringify(position)}` }),
    })
    await settled()
    await server.call.answer(200, '[1]')
    client.reconnect()
    await settled()
    await server.call.answer(200, '[2]')
    await clock.advance(1000)
    expect(server.calls.map(({ method, url: at }) => method + at.slice(url.length))).toEqual(
      ['undefined', '1', '1', '2'].map((after) => `GET?after=${after}`),
    )
  })

  test('a codec of bytes gets the bytes of an answer', async () => {
    const codec = { binary: true, encode: () => new Uint8Array(1), decode: (packet: unknown) => packet } as const
    const { server, messages } = createHttpRig(longPolling, { codec })
    await settled()
    await server.call.answer(200, new Uint8Array([0, 255, 254]))
    expect(messages).toEqual([new Uint8Array([0, 255, 254])])
  })
})

describe('a web page as the answer', () => {
  test.each([
    ['an event stream', 'plain', eventSource],
    ['a poll', 'plain', longPolling],
    ['an event stream', 'holdfast', eventSource],
    ['a poll', 'holdfast', longPolling],
  ])('to %s of %s() is a coded error, told once, and is tried again', async (_name, dialect, transport) => {
    const options = dialect === 'plain' ? {} : { dialect: holdfast() }
    const { client, clock, server, errors } = createHttpRig(transport, {}, options)
    await settled()
    for (let calls = 1; calls < 4; calls++) {
      await server.call.answer(200, '<!doctype html><p>Sign in', 'text/html')
      while (server.calls.length === calls) await clock.advance(500)
    }
    expect(errors).toMatchObject([{ code: 'html-answer' }])
    expect(client.status).toBe('connecting')
  })
})
