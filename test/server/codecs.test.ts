// Two codecs on one server, over every transport and through cuts: payloads byte for byte, readers of both codecs on one topic, and
// what each side is told where a codec cannot be had.
import { createHash } from 'node:crypto'
import { createClient, holdfast, longPolling, type Client, type Gap, type HoldfastError } from '@holdfast/client'
import { messagePack as clientMessagePack } from '@holdfast/client/message-pack'
import { DOWN_FRAMES, json, type Codec, type DownFrame, type Packet } from '@holdfast/protocol'
import { memoryLog, type Log } from '@holdfast/server'
import { messagePack } from '@holdfast/server/message-pack'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createWorld, seeded, transportNames, until, type World } from '../support/world.ts'
import { connectPeer, helloOf, openLink } from './support/peer.ts'

let world: World
afterEach(() => world.close())

const binaryWorld = (options: Parameters<typeof createWorld>[0] = {}): Promise<World> =>
  createWorld({ codecs: [messagePack()], ...options })
const speaking = (codec?: Codec) => ({ dialect: holdfast(codec ? { codec } : {}), backoff: () => 20 })
const codecs: { [name: string]: () => ReturnType<typeof speaking> } = {
  json: () => speaking(),
  msgpack: () => speaking(clientMessagePack()),
}
const pairs = transportNames.flatMap((transport) => Object.keys(codecs).map((codec) => ({ transport, codec })))

/** Bytes of every value, of any length, that come again for the same seed. */
function blobs(count: number, seed: number): Uint8Array[] {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, n) =>
    Uint8Array.from({ length: n % 50 ? Math.floor(random() * 400) : 60_000 }, () => Math.floor(random() * 256)),
  )
}
const digest = (all: readonly Uint8Array[]): string => {
  const hash = createHash('sha256')
  for (const bytes of all) hash.update(String(bytes.length)).update(bytes)
  return hash.digest('hex')
}

describe.each(pairs)('$codec over $transport', ({ transport, codec }) => {
  test('sends, asks, subscribes, replays and is written to', async () => {
    world = await binaryWorld({
      setUp: (server) => server.onMessage('echo', (data) => ({ you: data })),
    })
    await world.server.publish('news', { n: 1, text: 'Zoë 🦑', list: [null, true, 1.5, -7, {}] })
    const client = world.client(transport, codecs[codec]!())
    const seen: unknown[] = []
    await client.subscribe('news', (data) => seen.push(data), { since: 'start' }).ready
    const direct: unknown[] = []
    client.on('message', (message) => message.direct && direct.push(message.data))
    expect(await client.request('echo', { a: ['b', 2 ** 40] })).toEqual({ you: { a: ['b', 2 ** 40] } })
    await world.server.publish('news', { n: 2 })
    await world.server.sendTo({ session: world.server.sessions()[0]!.id }, 'hey', ['you'])
    await until(() => seen.length === 2 && direct.length === 1)
    expect(seen).toEqual([{ n: 1, text: 'Zoë 🦑', list: [null, true, 1.5, -7, {}] }, { n: 2 }])
    expect(direct).toEqual([['you']])
  })
})

describe.each(transportNames)('bytes over %s', (transport) => {
  test('200 each way through 6 cuts arrive byte for byte, in order and once', async () => {
    const up: Uint8Array[] = []
    world = await binaryWorld({
      setUp: (server) =>
        server.onMessage('up', (data) => {
          if (!(data instanceof Uint8Array) || data.constructor !== Uint8Array) throw new Error('no bytes')
          up.push(data)
        }),
    })
    const client = world.client(transport, codecs.msgpack!())
    const down: Uint8Array[] = []
    const gaps: Gap[] = []
    client.on('gap', (gap) => gaps.push(gap))
    await client.subscribe('down', (data) => down.push(data as Uint8Array)).ready
    const [toServer, toClient] = [blobs(200, 1), blobs(200, 2)]
    const sent: Promise<unknown>[] = []
    let cut = 0
    for (let n = 0; n < 200; n++) {
      sent.push(client.send('up', toServer[n]))
      await world.server.publish('down', toClient[n])
      if (n % 30 === 15) {
        cut += world.proxy.cut({ how: 'reset' })
        await client.ready()
      }
    }
    await Promise.all(sent)
    await until(() => down.length === 200)
    expect(cut).toBeGreaterThan(0)
    expect([up.length, digest(up)]).toEqual([200, digest(toServer)])
    expect([down.length, digest(down)]).toEqual([200, digest(toClient)])
    expect(gaps).toEqual([])
  })
})

describe('readers of both codecs', () => {
  test('of one topic, over all transports, see the same messages through cuts', async () => {
    world = await binaryWorld()
    const readers = await Promise.all(
      pairs.map(async ({ transport, codec }) => {
        const seen: unknown[] = []
        const client = world.client(transport, codecs[codec]!())
        await client.subscribe('prices', (data) => seen.push(data)).ready
        return { client, seen }
      }),
    )
    const all = Array.from({ length: 300 }, (_, n) => ({ n, price: n / 8, name: 'é'.repeat(n % 7) }))
    for (const [n, data] of all.entries()) {
      await world.server.publish('prices', data)
      if (n % 100 === 50) {
        world.proxy.cut({ how: 'reset' })
        await Promise.all(readers.map(({ client }) => client.ready()))
      }
    }
    await until(() => readers.every(({ seen }) => seen.length >= all.length))
    for (const { seen } of readers) expect(seen).toEqual(all)
  })

  test('a JSON reader is told of a gap where an entry has bytes, live and in a replay, and goes on behind it', async () => {
    const errors: unknown[] = []
    world = await binaryWorld({ onError: (error) => errors.push(error) })
    const texts: unknown[] = []
    const gaps: unknown[] = []
    const all: unknown[] = []
    const plain = world.client('webSocket')
    plain.on('gap', ({ topic, from, to }) => gaps.push([topic, from, to]))
    await plain.subscribe('files', (data) => texts.push(data)).ready
    await world.client('webSocket', codecs.msgpack!()).subscribe('files', (data) => all.push(data)).ready
    const entries = ['a', new Uint8Array([1]), 'b', { deep: [new Uint8Array([2])] }, new Uint8Array([3]), 'c']
    for (const entry of entries) await world.server.publish('files', entry)
    await until(() => all.length === 6 && texts.length === 3)
    expect(all).toEqual(entries)
    expect(texts).toEqual(['a', 'b', 'c'])
    expect(gaps).toEqual([
      ['files', 2, 2],
      ['files', 4, 4],
      ['files', 5, 5],
    ])
    expect(errors).toHaveLength(3)
    expect(String(errors[0])).toMatch(/messagePack\(\)/)

    const later: unknown[] = []
    const holes: unknown[] = []
    const onGap = ({ from, to }: Gap): void => void holes.push([from, to])
    const late = world.client('eventSource').subscribe('files', (data) => later.push(data), { since: 'start', onGap })
    await late.ready
    await until(() => later.length === 3)
    expect(later).toEqual(['a', 'b', 'c'])
    expect(holes).toEqual([
      [2, 2],
      [4, 4],
      [5, 5],
    ])
  })

  test('a direct message with bytes is a gap of the inbox, and the next one arrives', async () => {
    world = await binaryWorld({ onError: () => {} })
    const client = world.client('webSocket')
    const direct: unknown[] = []
    const gaps: string[] = []
    client.on('message', ({ data }) => direct.push(data))
    client.on('gap', ({ topic }) => gaps.push(topic))
    await client.ready()
    await until(() => world.server.sessions()[0]?.subscriptions.includes('~session') ?? false)
    const to = { session: world.server.sessions()[0]!.id }
    await world.server.sendTo(to, 'x', 'first')
    await world.server.sendTo(to, 'x', new Uint8Array([1]))
    await world.server.sendTo(to, 'x', 'last')
    await until(() => direct.length === 2)
    expect(direct).toEqual(['first', 'last'])
    expect(gaps).toEqual(['~session'])
  })

  test('volatile messages reach those whose codec carries them', async () => {
    world = await binaryWorld({ onError: () => {} })
    const [texts, all]: unknown[][] = [[], []]
    await world.client('webSocket').subscribe('v', (data) => texts!.push(data)).ready
    await world.client('webSocket', codecs.msgpack!()).subscribe('v', (data) => all!.push(data)).ready
    // Live only once the top has been read.
    await until(async () => {
      await world.server.publish('v', 'warm', { volatile: true })
      return texts!.length > 0 && all!.length > 0
    })
    await world.server.publish('v', new Uint8Array([7]), { volatile: true })
    await world.server.publish('v', 'end', { volatile: true })
    await until(() => texts!.at(-1) === 'end' && all!.at(-1) === 'end')
    expect(all).toContainEqual(new Uint8Array([7]))
    expect(texts!.every((data) => typeof data === 'string')).toBe(true)
  })
})

describe('one encoding', () => {
  /** Counts what is encoded, by value. */
  function counting(codec: Codec<Exclude<Packet, string>>): { codec: typeof codec; encoded: unknown[] } {
    const encoded: unknown[] = []
    const encode = (value: unknown) => {
      encoded.push(value)
      return codec.encode(value)
    }
    return { codec: { ...codec, encode }, encoded }
  }

  test('a broadcast is encoded once per codec, however many read it', async () => {
    const { codec, encoded } = counting(messagePack())
    world = await createWorld({ codecs: [codec] })
    const text: DownFrame[][] = []
    const peers = Array.from({ length: 20 }, () => connectPeer(world.server, { subscriptions: [['t', null]] }))
    for (const peer of peers) await peer.told()
    const links = Array.from({ length: 20 }, () => openLink(world.server, { codec }))
    for (const link of links) link.say(['hello', helloOf({ subscriptions: [['t', null]] })])
    for (const link of links) await link.told()
    encoded.length = 0
    const stringify = JSON.stringify
    let texts = 0
    JSON.stringify = ((value: unknown) => {
      if ((value as { mark?: number } | null)?.mark) texts++
      return stringify(value)
    }) as typeof JSON.stringify
    try {
      await world.server.publish('t', { mark: 1 })
      for (const link of [...peers, ...links]) text.push(await link.told())
    } finally {
      JSON.stringify = stringify
    }
    expect(text.flat().filter(([type]) => type === 'event')).toHaveLength(40)
    expect(encoded.filter((value) => typeof value === 'object')).toEqual([{ mark: 1 }])
    expect(texts).toBe(1)
  })

  test('what was on the log as text before there was another codec is read by both', async () => {
    const log = memoryLog()
    await log.append('t', '{"old":true}')
    world = await binaryWorld({ log })
    for (const codec of Object.values(codecs)) {
      const seen: unknown[] = []
      await world.client('webSocket', codec()).subscribe('t', (data) => seen.push(data), { since: 'start' }).ready
      await until(() => seen.length === 1)
      expect(seen).toEqual([{ old: true }])
    }
  })

  test('bytes on the log of a codec that is gone are a gap, and are reported', async () => {
    const errors: unknown[] = []
    const log: Log = memoryLog()
    await log.append('t', messagePack().encode('lost'))
    await log.append('t', '"kept"')
    world = await createWorld({ log, onError: (error) => errors.push(error) })
    const seen: unknown[] = []
    await world.client('webSocket').subscribe('t', (data) => seen.push(data), { since: 'start' }).ready
    await until(() => seen.length === 1)
    expect(seen).toEqual(['kept'])
    expect(errors).toHaveLength(1)
  })
})

describe('a codec that cannot be had', () => {
  test.each(transportNames)('over %s closes the client for good, and says what to do', async (transport) => {
    world = await createWorld()
    const client = world.client(transport, { ...codecs.msgpack!(), logger: { error() {} } })
    const error: HoldfastError = await client.ready().then(
      () => expect.unreachable(),
      (why: HoldfastError) => why,
    )
    expect(error.code).toBe('connection-closed')
    expect(error.message).toMatch(/4003/)
    expect(error.message).toMatch(/createServer\(\{ codecs/)
    expect(client.status).toBe('closed')
    expect(client.snapshot.cause).toMatchObject({ code: 4003 })
  })

  test('a WebSocket is echoed what it offered, and told in JSON', async () => {
    world = await createWorld()
    const socket = new WebSocket(world.url.replace('http', 'ws'), ['holdfast.1.cbor', 'h.e30'])
    const told: string[] = []
    socket.on('message', (data, isBinary) => told.push(isBinary ? 'binary' : (data as Buffer).toString()))
    const code = await new Promise((resolve) => socket.on('close', resolve))
    expect([socket.protocol, code]).toEqual(['holdfast.1.cbor', 4003])
    expect(json.decode(told[0], DOWN_FRAMES)).toEqual([['bye', 4003, expect.stringContaining('cbor')]])
  })

  test('a token of another codec is refused with 4403, and the session is untouched', async () => {
    const codec = messagePack()
    world = await createWorld({ codecs: [codec] })
    const first = connectPeer(world.server)
    const { session } = await first.welcome()
    const second = openLink(world.server, { codec })
    second.say(['hello', helloOf({ session, incarnation: 2 })])
    expect(await second.toldOf('bye')).toEqual([['bye', 4403, expect.any(String)]])
    expect(first.closed).toBe(null)
  })

  test('bytes are unencodable in JSON, and the error names messagePack()', async () => {
    world = await createWorld()
    const client: Client = world.client('webSocket')
    await expect(client.send('t', new Uint8Array(1))).rejects.toMatchObject({
      code: 'unencodable',
      outcome: 'not-sent',
      message: expect.stringContaining('messagePack()'),
    })
    await client.ready()
    await expect(world.server.publish('t', new Uint8Array(1))).rejects.toMatchObject({ code: 'bad-data' })
    const to = { session: world.server.sessions()[0]!.id }
    await expect(world.server.sendTo(to, 't', new Uint8Array(1))).rejects.toMatchObject({ code: 'bad-data' })
  })

  test('a codec needs a name of its own', async () => {
    world = await createWorld()
    for (const bad of [
      [{ ...messagePack(), name: 'No!' }],
      [messagePack(), messagePack()],
      [{ ...messagePack(), name: '' }],
    ])
      await expect(createWorld({ codecs: bad })).rejects.toMatchObject({ code: 'bad-option' })
  })
})

test('to another origin, a preflight lets the type of the codec and its answers pass', async () => {
  world = await binaryWorld()
  const requests: string[] = []
  const client = createClient(world.url, {
    transports: [
      longPolling({
        fetch: async (url, init) => {
          const headers = new Headers(init?.headers)
          requests.push(String(headers.get('content-type')))
          headers.set('origin', 'https://elsewhere.example')
          return fetch(url, { ...init, headers })
        },
      }),
    ],
    ...codecs.msgpack!(),
  })
  await client.ready()
  await client.close()
  expect(new Set(requests)).toEqual(new Set(['application/vnd.holdfast.msgpack']))
  const preflight = await fetch(world.url, {
    method: 'OPTIONS',
    headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' },
  })
  expect(preflight.headers.get('access-control-allow-headers')).toMatch(/content-type, content-encoding/)
})
