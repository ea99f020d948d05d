import { describe, expect, test } from 'vitest'
import { json, jsonOrText } from '../../packages/client/src/codecs/json.ts'
import { plain, type PlainOptions } from '../../packages/client/src/dialects/plain.ts'
import { webSocket } from '../../packages/client/src/transports/web-socket.ts'
import { createPlainRig } from '../support/plain-rig.ts'
import { settled } from '../support/virtual-clock.ts'

const raises = (): never => {
  throw new Error('mine')
}

describe('a wrong option throws at once and is named', () => {
  const ackOf = (): undefined => undefined
  test.each([
    ['isPong', { ping: 1, isPong: 'pong' }],
    ['wrap', { wrap: {} }],
    ['topicOf', { topicOf: 'topic' }],
    ['codec', { codec: 'json' }],
    ['codec', { codec: null }],
    ['protocols', { protocols: 'chat' }],
    ['isPong', { isPong: () => true }],
    ['withId', { withId: () => 1 }],
    ['idOf', { idOf: () => 1 }],
    ['ackOf', { ackOf }],
    ['resume', { resume: () => 1 }],
    ['request', { request: '/' }],
  ])('%s: %#', (name, options) => {
    expect(() => plain(options as never)).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(`plain(): ${name}: `) as string }),
    )
  })

  test('what is given as undefined is not given', () => {
    expect(plain({ wrap: undefined, ackOf: undefined, codec: undefined }).name).toBe('plain')
  })
})

describe('a mapping that throws is reported and named, and stops neither the link nor other messages', () => {
  interface In {
    n: number
  }
  const other = { positionOf: ({ n }: In) => n }
  test.each([
    ['isPong', { ping: 1, isPong: raises }],
    ['pong', { pong: raises }],
    ['ackOf', { ackOf: raises, withId: (message: unknown) => message }],
    ['positionOf', { positionOf: raises }],
    ['topicOf', { topicOf: raises }],
    ['dataOf', { dataOf: raises }],
  ] as [string, PlainOptions<In>][])('%s', async (name, mappings) => {
    const { client, open, errors, messages } = createPlainRig<In, unknown>(mappings)
    const link = await open()
    link.says({ n: 1 }, { n: 2 })
    expect(messages).toEqual([{ n: 1 }, { n: 2 }])
    expect(client.status).toBe('open')
    expect(errors).toMatchObject(
      [1, 2].map(() => ({ code: 'mapping-failed', message: `plain(): ${name} has thrown.` })),
    )
    expect(errors[0]!.cause).toMatchObject({ message: 'mine' })
  })

  test.each([
    ['welcomeOf', { welcomeOf: raises }, 'connecting'],
    ['subscribe', { subscribe: raises }, 'open'],
    ['unsubscribe', { unsubscribe: raises }, 'open'],
    ['authenticate', { authenticate: raises }, 'open'],
    ['ping', { ping: raises }, 'open'],
    ['resume', { ...other, resume: raises }, 'open'],
    ['request', { request: raises }, 'open'],
    ['closed', { closed: raises }, 'open'],
  ] as [string, PlainOptions<In>, string][])('%s', async (name, mappings, status) => {
    const { client, clock, open, again, errors, messages } = createPlainRig<In, unknown>(
      mappings,
      { auth: 'me' },
      // A transport that makes requests of its own.
      name === 'request' ? { via: 'sse' } : {},
    )
    const { unsubscribe } = client.subscribe('a')
    const first = await open()
    first.says({ n: 1 })
    unsubscribe()
    await clock.advance(0)
    const second = await again()
    second.says({ n: 2 })
    await clock.advance(15_000)
    expect([client.status, messages]).toEqual([status, [{ n: 1 }, { n: 2 }]])
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors)
      expect(error).toMatchObject({ code: 'mapping-failed', message: expect.stringContaining(name) as string })
  })
})

describe('what comes', () => {
  test('and cannot be decoded is reported; the link goes on', async () => {
    const { client, open, errors, messages } = createPlainRig()
    const link = await open()
    link.sends('{')
    link.sends('')
    link.says(1)
    expect([client.status, messages]).toEqual(['open', [1]])
    expect(errors).toMatchObject([{ code: 'undecodable' }, { code: 'undecodable' }])
  })

  test('as an ArrayBuffer is bytes for the codec', async () => {
    const seen: unknown[] = []
    const codec = { ...json, decode: (packet: unknown) => seen.push(packet) }
    const { open } = createPlainRig({ codec })
    const link = await open()
    link.sends(new Uint8Array([1, 2]).buffer)
    expect(seen).toEqual([new Uint8Array([1, 2])])
  })

  test('beside JSON may be bare words', async () => {
    const { clock, open, client, messages } = createPlainRig({
      codec: jsonOrText,
      ping: 'ping',
      isPong: (message: unknown) => message === 'pong',
    })
    const link = await open()
    await clock.advance(15_000)
    expect(link.packets).toEqual(['ping'])
    link.sends('pong')
    link.sends('{"a":1}')
    link.sends('hello')
    await client.send('a', { b: 1 })
    expect(link.packets).toEqual(['ping', '{"b":1}'])
    expect(messages).toEqual([{ a: 1 }, 'hello'])
  })
})

describe('a Blob', () => {
  test('goes as it is where the codec says so, and counts with its size', async () => {
    const { client, open } = createPlainRig({ codec: { ...json, blobs: true } })
    const blob = new Blob(['12345'])
    const sent = client.send('a', blob)
    await settled()
    expect(client.snapshot.pendingBytes).toBe(5 + 1 + 112)
    const link = await open()
    await sent
    expect(link.packets).toEqual([blob])
  })
})

describe('closing', () => {
  test('codes of the server are its own: none of them is read as one of Holdfast', async () => {
    const { client, links, again } = createPlainRig({}, { maxAttempts: Infinity })
    await settled()
    for (const code of [1000, 1002, 1008, 1012, 4000, 4001, 4100, 4200, 4400]) {
      links.at(-1)!.events.opened()
      await settled()
      expect(client.status).toBe('open')
      const count = links.length
      links.at(-1)!.dropped(code)
      expect([code, client.status]).toEqual([code, 'reconnecting'])
      await again().catch(() => undefined)
      expect(links.length).toBeGreaterThan(count)
    }
  })

  test.each([
    ['stop', 'closed'],
    ['retry', 'reconnecting'],
    ['authenticate', 'closed'],
  ] as const)('what follows can be said: %s leaves the client %s', async (policy, status) => {
    const causes: unknown[] = []
    const { client, open } = createPlainRig({
      closed(cause) {
        causes.push(cause)
        return cause.code === 4000 ? policy : undefined
      },
    })
    const link = await open()
    link.dropped(4000)
    expect(client.status).toBe(status)
    expect(causes).toEqual([{ code: 4000, reason: 'said' }])
  })

  test('as a new beginning forgets where the stream stood', async () => {
    const { open, again, gaps } = createPlainRig({
      positionOf: ({ n }: { n: number }) => n,
      resume: (from) => ({ from }),
      closed: () => 'fresh',
    })
    const first = await open()
    first.says({ n: 5 })
    const second = await again()
    second.says({ n: 1 })
    expect([second.heard, gaps]).toEqual([[], []])
  })
})

describe('the opening of a WebSocket', () => {
  class Socket {
    static made: { url: string; protocols: string[] }[] = []
    binaryType = ''
    bufferedAmount = 0
    onopen = null
    onmessage = null
    onclose = null
    onerror = null
    constructor(url: string, protocols: string[]) {
      Socket.made.push({ url, protocols })
    }
    send(): void {}
    close(): void {}
  }

  test('offers subprotocols, and goes where the mapping says', async () => {
    Socket.made = []
    const transports = [webSocket({ WebSocket: Socket })]
    createPlainRig({ protocols: ['chat.2'] }, { transports })
    createPlainRig({}, { transports })
    createPlainRig(
      {
        protocols: ['chat.2'],
        request: ({ via, url, credential }) => ({
          url: `${url}?token=${String(credential)}&via=${via}`,
          protocols: ['x'],
        }),
      },
      { transports, auth: () => 'me' },
    )
    await settled()
    expect(Socket.made).toEqual([
      { url: 'wss://example.test/plain', protocols: ['chat.2'] },
      { url: 'wss://example.test/plain', protocols: [] },
      { url: 'wss://example.test/plain?token=me&via=webSocket', protocols: ['x'] },
    ])
  })
})
