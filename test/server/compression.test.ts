// Compression: what is squeezed and what is not, bombs, and that the promises hold with it.
import { constants, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib'
import { createClient, eventSource, gzip, holdfast, longPolling } from '@holdfast/client'
import { messagePack as clientMessagePack } from '@holdfast/client/message-pack'
import { DOWN_FRAMES, json, type DownFrame } from '@holdfast/protocol'
import type { CompressionOptions } from '@holdfast/server'
import { messagePack } from '@holdfast/server/message-pack'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createWorld, transportNames, until, type World } from '../support/world.ts'
import { helloOf } from './support/peer.ts'

let world: World
afterEach(() => world.close())

const squeezing = (compression: boolean | CompressionOptions = true, more: Parameters<typeof createWorld>[0] = {}) =>
  createWorld({ attach: { path: '/realtime', allowedOrigins: '*', compression }, ...more })
const LONG = 'the same again and again '.repeat(4_000)

/** A raw request, so that the encoding of its answer is seen. */
async function ask(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const response = await fetch(world.url, { method: 'POST', body, headers })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { response, frames: json.decode<DownFrame>(bytes.toString(), DOWN_FRAMES) }
}
const hello = (more = {}): string => JSON.stringify([['hello', helloOf({ via: 'poll', ...more })]])

/** Of memory, where a bomb of 700 MiB has not gone off. Whatever else runs in this process takes some, too. */
const FAR_LESS = 400 * 2 ** 20

/** One MiB of nothing, deflated so that what follows it may be one MiB more: a thousandth of its size. */
const nothing = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: constants.Z_SYNC_FLUSH })

/** A masked frame (RFC 6455 §5.2) of a deflated message (RFC 7692 §7.2.1) that unpacks to so many MiB. */
function bombFrame(isFirst: boolean, isLast: boolean, mebibytes: number): Buffer {
  const whole = Buffer.concat(Array.from({ length: mebibytes }, () => nothing))
  // The end of a message goes without the last four bytes of its flush.
  const body = isLast ? whole.subarray(0, -4) : whole
  const head = Buffer.alloc(14)
  head[0] = (isLast ? 0x80 : 0) | (isFirst ? 0x42 : 0)
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(body.length), 2)
  // The mask is zero: bytes stay as they are.
  return Buffer.concat([head, body])
}

describe('permessage-deflate', () => {
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(world.url.replace('http', 'ws'), ['holdfast.1'], { perMessageDeflate: true })
    await new Promise((resolve) => socket.once('open', resolve))
    return socket
  }

  test('is not agreed on unless the server is told to', async () => {
    world = await createWorld()
    const socket = await open()
    expect(socket.extensions).toBe('')
    socket.terminate()
  })

  test('keeps no context, and squeezes only what is large', async () => {
    world = await squeezing()
    const socket = await open()
    expect(socket.extensions).toMatch(/permessage-deflate/)
    let bytes = 0
    ;(socket as unknown as { _socket: NodeJS.ReadableStream })._socket.on(
      'data',
      (data: Buffer) => (bytes += data.length),
    )
    const told: string[] = []
    socket.on('message', (data: Buffer) => told.push(data.toString()))
    socket.send(JSON.stringify([['hello', helloOf({ subscriptions: [['t', null]] })]]))
    await until(() => told.some((packet) => packet.includes('caught-up","t"')))
    const before = bytes
    await world.server.publish('t', LONG)
    await until(() => told.some((packet) => packet.includes('again and again')))
    const [first, between] = [bytes - before, bytes]
    expect(first).toBeLessThan(LONG.length / 20)
    await world.server.publish('t', LONG)
    await until(() => told.filter((packet) => packet.includes('again and again')).length === 2)
    // No shorter the second time: what was said before helps nobody to guess.
    expect(bytes - between).toBeGreaterThan(first * 0.9)
    const small = bytes
    const word = 'a'.repeat(500)
    await world.server.publish('t', word)
    await until(() => told.some((packet) => packet.includes(word)))
    expect(bytes - small).toBeGreaterThan(500)
    socket.terminate()
  })

  test.each([
    ['one frame that unpacks to 700 MiB', 1],
    ['a message in 700 frames, each of them small', 700],
  ])('a bomb, %s, is closed before it is made, and nobody else notices', async (_, frames) => {
    world = await squeezing()
    const other = world.client('webSocket')
    await other.ready()
    const socket = await open()
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => {})
    const before = process.memoryUsage().rss
    let peak = before
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5)
    // As they are on the wire: this side has nothing to squeeze, and no memory to take for it.
    const wire = (socket as unknown as { _socket: NodeJS.WritableStream })._socket
    for (let n = 0; n < frames; n++) wire.write(bombFrame(n === 0, n === frames - 1, 700 / frames))
    expect([1006, 1009]).toContain(await closed)
    clearInterval(watch)
    expect(peak - before).toBeLessThan(FAR_LESS)
    expect(other.status).toBe('open')
    expect(world.server.stats().sessions).toBe(1)
    await until(() => world.server.stats().unauthenticated === 0, 'the link to be gone')
  })
})

describe('answers to polls', () => {
  test.each([
    ['gzip', 'gzip'],
    ['deflate, gzip;q=0.5, br', 'gzip'],
    ['gzip;q=0', null],
    ['identity', null],
    ['x-gzip2', null],
  ])('%s is answered as %s', async (accepted, encoding) => {
    world = await squeezing()
    await world.server.publish('t', LONG)
    const { response, frames } = await ask(hello({ subscriptions: [['t', ['', 0, 0]]] }), {
      'accept-encoding': accepted,
    })
    expect(response.headers.get('content-encoding')).toBe(encoding)
    expect(response.headers.get('vary')).toMatch(/Accept-Encoding/)
    expect(frames).toContainEqual(['event', 't', 1, LONG, expect.any(Number)])
    const length = Number(response.headers.get('content-length'))
    expect(length < LONG.length / 20).toBe(encoding === 'gzip')
  })

  test('are as they are when they are small, and without the option', async () => {
    world = await squeezing({ threshold: 100_000 })
    expect((await ask(hello())).response.headers.get('content-encoding')).toBe(null)
    await world.close()
    world = await createWorld()
    await world.server.publish('t', LONG)
    const { response } = await ask(hello({ subscriptions: [['t', ['', 0, 0]]] }))
    expect(response.headers.get('content-encoding')).toBe(null)
  })
})

describe('bodies of POSTs', () => {
  const packed = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(text))
  /** RFC 1952 §2.2: one after another they are one file. */
  const member = gzipSync(Buffer.alloc(2 ** 20))

  test('are taken in as gzip, with the option and without', async () => {
    for (const compression of [true, false]) {
      world = await squeezing(compression)
      const { response, frames } = await ask(packed(hello()), { 'content-encoding': 'gzip' })
      expect([response.status, frames]).toEqual([200, expect.arrayContaining([['at', 1]])])
      if (compression) await world.close()
    }
  })

  test.each([
    ['a bomb of many members', new Uint8Array(Buffer.concat(Array.from({ length: 700 }, () => member))), 'gzip', 413],
    [
      'a packet above the limit',
      packed(
        JSON.stringify([
          ['ping', 1],
          ['auth', 'x'.repeat(1_200_000)],
        ]),
      ),
      'gzip',
      413,
    ],
    ['what is no gzip', new TextEncoder().encode(hello()), 'gzip', 400],
    ['half a gzip', packed(hello()).subarray(0, 30), 'gzip', 400],
    ['another encoding', new TextEncoder().encode(hello()), 'br', 400],
  ])('%s is refused', async (_, body, encoding, status) => {
    world = await squeezing()
    const rss = process.memoryUsage().rss
    const { response, frames } = await ask(body, { 'content-encoding': encoding })
    expect(response.status).toBe(status)
    expect(frames).toEqual([['bye', status === 413 ? 4203 : 4202, expect.any(String)]])
    expect(process.memoryUsage().rss - rss).toBeLessThan(FAR_LESS)
    expect((await ask(hello())).response.status).toBe(200)
  })

  test('of the client go squeezed where they are large, in either codec', async () => {
    world = await createWorld({
      codecs: [messagePack()],
      setUp: (server) => server.onMessage('echo', (data) => data),
    })
    for (const codec of [undefined, clientMessagePack()]) {
      const bodies: { encoding: string | null; type: string | null; body: BodyInit | null | undefined }[] = []
      const request: typeof fetch = (url, init) => {
        const headers = new Headers(init?.headers)
        bodies.push({ encoding: headers.get('content-encoding'), type: headers.get('content-type'), body: init?.body })
        return fetch(url, init)
      }
      const client = createClient(world.url, {
        transports: [longPolling({ fetch: gzip(request) })],
        dialect: holdfast(codec ? { codec } : {}),
      })
      expect(await client.request('echo', LONG)).toBe(LONG)
      const small = bodies.filter(({ encoding }) => encoding === null)
      const large = bodies.filter(({ encoding }) => encoding === 'gzip')
      expect([small.length > 0, large.length]).toEqual([true, 1])
      expect(large[0]!.type).toBe(codec ? 'application/vnd.holdfast.msgpack' : 'text/plain;charset=UTF-8')
      const plain = gunzipSync(Buffer.from(large[0]!.body as ArrayBuffer)).toString()
      expect(plain).toContain(LONG)
      await client.close()
    }
  })
})

test.each(transportNames)('the promises hold over %s with everything squeezed, through cuts', async (transport) => {
  const up: unknown[] = []
  world = await squeezing(
    { threshold: 1 },
    { codecs: [messagePack()], setUp: (server) => server.onMessage('up', (data) => void up.push(data)) },
  )
  const over = { eventSource: eventSource({ fetch: gzip() }), longPolling: longPolling({ fetch: gzip() }) }
  const clients = [undefined, clientMessagePack()].map((codec) =>
    world.client(transport, {
      ...(transport === 'webSocket' ? {} : { transports: [over[transport]] }),
      dialect: holdfast(codec ? { codec } : {}),
      backoff: () => 20,
    }),
  )
  const down = await Promise.all(
    clients.map(async (client) => {
      const seen: unknown[] = []
      await client.subscribe('down', (data) => seen.push(data)).ready
      return seen
    }),
  )
  const all = Array.from({ length: 120 }, (_, n) => ({ n, text: 'and again '.repeat(n * 3) }))
  const sent: Promise<unknown>[] = []
  for (const message of all) {
    sent.push(...clients.map((client, of) => client.send('up', { ...message, of })))
    await world.server.publish('down', message)
    if (message.n % 40 !== 20) continue
    world.proxy.cut({ how: 'reset' })
    await Promise.all(clients.map((client) => client.ready()))
  }
  await Promise.all(sent)
  await until(() => down.every((seen) => seen.length >= all.length))
  for (const [of, seen] of down.entries()) {
    expect(seen).toEqual(all)
    expect(up.filter((message) => (message as { of: number }).of === of)).toEqual(
      all.map((message) => ({ ...message, of })),
    )
  }
})
