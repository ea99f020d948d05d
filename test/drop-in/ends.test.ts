// How sockets begin and end, on both sides, and what stands in the way.
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import { eventSource, holdfast, plain, webSocket } from '@holdfast/client'
import { holdfastServer, type WebSocketClassOptions } from '@holdfast/client/drop-in'
import {
  RejectError,
  acceptSockets,
  memoryLog,
  type ServerSocket,
  type SocketOptions,
  type SocketRequest,
} from '@holdfast/server'
import { messagePack } from '@holdfast/server/message-pack'
import { WebSocket as NodeWebSocket } from 'ws'
import { createWorld, until, type World, type WorldOptions } from '../support/world.ts'
import { dropIn } from './far-side.ts'

const worlds: World[] = []
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

interface Pair {
  readonly world: World
  readonly near: WebSocket
  readonly far: ServerSocket
  readonly request: SocketRequest
  /** What the near end was told, in order. */
  readonly told: unknown[]
  /** The same of the far end. */
  readonly heard: unknown[]
  /** What `acceptSockets` has returned. */
  stop(): void
}
interface PairOptions extends WorldOptions {
  client?: Partial<WebSocketClassOptions>
  sockets?: SocketOptions
  protocols?: string[]
}

function listen(socket: WebSocket): unknown[] {
  const told: unknown[] = []
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('open', () => told.push('open'))
  socket.addEventListener('message', ({ data }) => told.push(data))
  socket.addEventListener('error', () => told.push('error'))
  socket.addEventListener('close', ({ code, reason, wasClean }) => told.push([code, reason, wasClean]))
  return told
}

/** A socket that has opened, and its other end. */
async function pair({ client = {}, sockets = {}, protocols = [], ...options }: PairOptions = {}): Promise<Pair> {
  let accepted: readonly [ServerSocket, SocketRequest] | null = null
  let stop = (): void => {}
  const heard: unknown[] = []
  const world = await createWorld({
    setUp(server) {
      stop = acceptSockets(server, sockets, (socket, request) => {
        accepted = [socket, request]
        socket.on('message', (data, isBinary) => heard.push(isBinary ? [...data] : String(data)))
        socket.on('close', (code, reason) => heard.push([code, String(reason)]))
      })
    },
    ...options,
  })
  worlds.push(world)
  const near = new (dropIn({ backoff: () => 10, logger: { error() {} }, ...client }))(
    `${world.url}/as?usual=1`,
    protocols,
  )
  const told = listen(near)
  await until(() => near.readyState !== 0, 'the socket to open')
  const [far, request] = accepted!
  return { world, near, far, request, told, heard, stop }
}
const ended = ({ near }: Pair): Promise<void> => until(() => near.readyState === 3, 'the socket to close')
const forgotten = ({ far }: Pair): Promise<void> => until(() => far.readyState === 3, 'the far end to close')

describe('a socket opens', () => {
  test('with the URL and the subprotocols that the library asked for', async () => {
    const { near, far, request, world } = await pair({ sockets: { protocols: ['b', 'c'] }, protocols: ['a', 'b'] })
    expect([near.protocol, far.protocol]).toEqual(['b', 'b'])
    const session = world.server.sessions()[0]!.id
    expect(request).toEqual({ url: '/realtime/as?usual=1', protocols: ['a', 'b'], session, identity: null })
  })

  test('before what the server says at once', async () => {
    const world = await createWorld({
      setUp: (server) => void acceptSockets(server, {}, (socket) => (socket.send('first'), socket.send(Buffer.of(1)))),
    })
    worlds.push(world)
    const near = new (dropIn())(world.url)
    const told = listen(near)
    await until(() => told.length === 3, 'both messages')
    expect(told).toEqual(['open', 'first', Uint8Array.of(1).buffer])
  })

  test.each([
    ['nobody accepts sockets there', () => {}, 'no-handler'],
    [
      'the application refuses it',
      (server) => {
        acceptSockets(server, {}, () => {
          throw new RejectError('full-house', 'come again')
        })
      },
      'full-house',
    ],
    ['no subprotocol is shared', (server) => void acceptSockets(server, { protocols: [] }, () => {}), 'no-subprotocol'],
  ] as const satisfies readonly (readonly [string, WorldOptions['setUp'], string])[])(
    'or fails: %s',
    async (_, setUp, why) => {
      const world = await createWorld({ setUp })
      worlds.push(world)
      const near = new (dropIn())(world.url, 'a')
      const told = listen(near)
      await until(() => near.readyState === 3, 'the socket to fail')
      expect(told).toEqual(['error', [1006, why, false]])
      await until(() => world.server.sessions().length === 0, 'the session to end')
    },
  )

  test('or fails in time where nothing answers', async () => {
    const world = await createWorld()
    worlds.push(world)
    world.proxy.rule({ fault: 'hang' })
    const near = new (dropIn({ openTimeout: 50 }))(world.url)
    const told = listen(near)
    await until(() => near.readyState === 3, 'the socket to fail')
    expect(told).toEqual(['error', [1006, 'not open in time', false]])
  })
})

describe('a socket ends', () => {
  test('when its session does not come back: the server has restarted', async () => {
    const it = await pair()
    await it.world.restart()
    await ended(it)
    expect(it.told).toEqual(['open', [1006, 'session lost', false]])
    expect(it.heard).toEqual([[1006, '']])
  })

  test('when the session was out of time, on both sides, and says nothing into the next one', async () => {
    const it = await pair({ resumeWindow: 50 })
    it.world.proxy.down()
    await forgotten(it)
    it.near.send('too late')
    await it.world.proxy.up()
    await ended(it)
    expect(it.told).toEqual(['open', [1006, 'session lost', false]])
    expect(it.heard).toEqual([[1006, '']])
  })

  test('when messages are gone from the log before they could be had', async () => {
    const it = await pair({ log: memoryLog({ maxMessages: 4 }) })
    it.world.proxy.down()
    for (let i = 0; i < 10; i++) it.far.send(String(i))
    await it.world.proxy.up()
    await ended(it)
    expect(it.told).toEqual(['open', [1006, 'messages lost', false]])
    await forgotten(it)
  })

  test('but not for a hole in what is said to its identity, which is nothing of its own', async () => {
    const log = memoryLog({ maxMessages: 4 })
    const it = await pair({ log, authenticate: () => 'ann' })
    it.world.proxy.down()
    for (let i = 0; i < 10; i++) await it.world.server.sendTo({ identity: 'ann' }, 'news', i)
    await it.world.proxy.up()
    await until(() => it.world.server.stats().gaps === 1, 'the hole to be told')
    it.far.send('still here')
    await until(() => it.told.length > 1, 'the message')
    expect(it.told).toEqual(['open', 'still here'])
  })

  test('with the reason for which the server ends the session, and with a code that stops the client', async () => {
    const it = await pair()
    it.world.server.disconnect(it.request.session, { reason: 'enough' })
    await ended(it)
    expect(it.told).toEqual(['open', [1006, 'enough', false]])
    const other = await pair()
    other.world.server.disconnect(other.request.session, { code: 4050, reason: 'for good' })
    await ended(other)
    expect(other.told).toEqual(['open', [4050, 'for good', true]])
  })

  test('at once when the server terminates it', async () => {
    const it = await pair()
    it.far.terminate()
    expect(it.heard).toEqual([[1006, '']])
    await ended(it)
    expect(it.world.server.sessions()).toEqual([])
  })

  test('at once when the server terminates it before it is open, or in the tick in which the session ends', async () => {
    const world = await createWorld({
      setUp: (server) => void acceptSockets(server, {}, (socket) => (socket.send('never'), socket.terminate())),
    })
    worlds.push(world)
    const near = new (dropIn({ logger: { error() {} } }))(world.url)
    const told = listen(near)
    await until(() => near.readyState === 3, 'the socket to fail')
    expect(told).toEqual(['error', [1006, '', false]])
    const it = await pair()
    it.world.server.disconnect(it.request.session)
    it.far.terminate()
    expect(it.heard).toEqual([[1006, '']])
    await ended(it)
  })

  test('with 1009 when a message is larger than the server takes', async () => {
    const it = await pair({ limits: { message: 10_000 } })
    it.near.send('x'.repeat(20_000))
    await ended(it)
    expect(it.told).toEqual(['open', [1009, 'too-large', false]])
    expect(it.near.bufferedAmount).toBe(20_000)
  })

  test('when the server says more than a message may have', async () => {
    const it = await pair({ limits: { message: 10_000 } })
    const told: unknown[] = []
    it.far.on('error', (error) => told.push(error.message))
    it.far.send('x'.repeat(20_000))
    await ended(it)
    expect(told).toEqual([expect.stringContaining('larger than limits.message')])
    expect(it.heard).toEqual([[1006, '']])
  })

  test('when the library on the server throws', async () => {
    const errors: unknown[] = []
    const it = await pair({ onError: (error) => errors.push(error) })
    it.far.on('message', () => {
      throw new Error('a bug')
    })
    it.near.send('x')
    await ended(it)
    expect(it.told).toEqual(['open', [1006, 'handler-failed', false]])
    expect(errors).toEqual([new Error('a bug')])
    await forgotten(it)
  })

  test('when sockets are accepted no longer', async () => {
    const it = await pair()
    it.stop()
    await ended(it)
    expect(it.told).toEqual(['open', [1001, 'going away', true]])
    expect(it.heard).toEqual([[1006, '']])
  })

  test('for the library on the server, too, when the server is closed', async () => {
    const it = await pair()
    await it.world.server.close()
    expect(it.heard).toEqual([[1006, '']])
  })

  test('on the server with the code that the client gave, after all it had sent', async () => {
    const it = await pair()
    it.world.proxy.down()
    it.near.send('last words')
    it.near.send(new Blob(['x']))
    it.near.close(3456, 'bye')
    await it.world.proxy.up()
    await ended(it)
    expect(it.told).toEqual(['open', [3456, 'bye', true]])
    expect(it.heard).toEqual(['last words', [120], [3456, 'bye']])
    await until(() => it.world.server.sessions().length === 0, 'the session to end')
  })

  test('on both sides when the server closes, after all that either had sent', async () => {
    const it = await pair()
    it.world.proxy.down()
    it.near.send('last words')
    it.far.send('mine, too')
    it.far.close(4567, 'enough')
    it.far.send('never')
    await it.world.proxy.up()
    await ended(it)
    await forgotten(it)
    expect(it.told).toEqual(['open', 'mine, too', [4567, 'enough', true]])
    expect(it.heard).toEqual(['last words', [4567, 'enough']])
    await until(() => it.world.server.sessions().length === 0, 'the session to end')
  })

  test('in time when nobody hears of its close', async () => {
    const it = await pair({ client: { closeTimeout: 50 } })
    it.world.proxy.down()
    it.near.close(3000)
    await ended(it)
    expect(it.told).toEqual(['open', [1006, '', false]])
  })
})

test('bytes travel as bytes where the codec of the session has them, and else as base64', async () => {
  const sent = Uint8Array.from({ length: 30_000 }, (_, i) => i % 251)
  const carry = async (options: PairOptions): Promise<readonly [up: number, down: number]> => {
    const it = await pair(options)
    it.far.on('message', (data) => it.far.send(data))
    const before = it.world.server.stats()
    it.near.send(sent)
    await until(() => it.told.length === 2, 'the echo')
    const { bytesUp, bytesDown } = it.world.server.stats()
    expect(new Uint8Array(it.told[1] as ArrayBuffer)).toEqual(sent)
    expect(it.heard).toEqual([[...sent]])
    return [bytesUp - before.bytesUp, bytesDown - before.bytesDown]
  }
  const [up, down] = await carry({ codecs: [messagePack()], client: { dialect: holdfast({ codec: messagePack() }) } })
  expect(Math.max(up, down)).toBeLessThan(30_500)
  const [textUp, textDown] = await carry({ codecs: [messagePack()] })
  expect(Math.min(textUp, textDown)).toBeGreaterThan(40_000)
})

test('data of another realm are what they are there', async () => {
  const it = await pair()
  it.near.send(runInNewContext('new Uint8Array([1, 2]).buffer'))
  it.near.send(runInNewContext('new Uint8Array([3, 4])'))
  it.near.send('last')
  await until(() => it.heard.length === 3, 'all of it')
  expect(it.heard).toEqual([[1, 2], [3, 4], 'last'])
})

describe('what waits', () => {
  test('counts in bufferedAmount while the server takes nothing in, and while there is no link', async () => {
    const it = await pair()
    it.far.pause()
    expect(it.far.isPaused).toBe(true)
    it.near.send('12345')
    it.near.send(Uint8Array.of(1, 2, 3))
    await until(() => it.world.server.stats().received === 3, 'both to come')
    expect([it.world.server.stats().handled, it.near.bufferedAmount, it.heard]).toEqual([1, 8, []])
    it.far.resume()
    await until(() => it.near.bufferedAmount === 0, 'nothing to wait')
    it.world.proxy.down()
    it.near.send('67')
    expect(it.near.bufferedAmount).toBe(2)
    await it.world.proxy.up()
    await until(() => it.near.bufferedAmount === 0, 'nothing to wait')
    expect(it.heard).toEqual(['12345', [1, 2, 3], '67'])
  })

  test('is bounded by the outbox: beyond it the socket closes, for a message would be missing', async () => {
    const it = await pair({ client: { outbox: { maxMessages: 3 } } })
    it.world.proxy.down()
    for (let i = 0; i < 4; i++) it.near.send(String(i))
    await ended(it)
    expect(it.told).toEqual(['open', [1006, 'outbox-full', false]])
  })

  test('for a paused library is dropped when the socket ends', async () => {
    const it = await pair()
    it.far.pause()
    it.near.send('x')
    await until(() => it.world.server.stats().received === 2, 'the message to come')
    it.far.terminate()
    await ended(it)
    expect(it.heard).toEqual([[1006, '']])
  })
})

describe('the socket of the server', () => {
  test('answers pings by itself, and tells what is wrong with a close', async () => {
    const { far } = await pair()
    let pongs = 0
    far.on('pong', () => pongs++)
    far.ping()
    await until(() => pongs === 1, 'a pong')
    expect(() => far.close(1006)).toThrow(/1006 is no code/)
    expect(() => far.close(1000, 'x'.repeat(124))).toThrow(/123 bytes/)
    expect(far.readyState).toBe(far.OPEN)
  })

  test('tells when a message is on the log, and when it came too late', async () => {
    const { far } = await pair()
    const sent: unknown[] = []
    far.send('x', (error) => sent.push(error))
    far.send(Buffer.from('text'), { binary: false }, (error) => sent.push(error))
    await until(() => sent.length === 2, 'both to be sent')
    far.close()
    far.send('y', (error) => sent.push(error?.message))
    expect(sent).toEqual([undefined, undefined, 'The socket is not open.'])
  })

  test('is one per session, and hears no message that is none', async () => {
    const { world } = await pair()
    const client = world.client('webSocket', { logger: { error() {} } })
    const rejected = (data: unknown): Promise<unknown> => client.send('websocket', data).catch((error) => error.code)
    expect(await rejected('x')).toBe('no-socket')
    await client.send('websocket', ['open', '/', []])
    expect(await rejected(['open', '/', []])).toBe('no-socket')
    for (const none of [null, 7, {}, ['binary'], ['close', 'x', ''], ['open', 1, []]])
      expect(await rejected(none)).toBe('no-socket')
    await client.send('websocket', 'x')
  })
})

test('what a lost session had under way begins no socket', async () => {
  let accepted = 0
  const world = await createWorld({
    setUp: (server) => void acceptSockets(server, {}, () => void accepted++),
    authorize: () => new Promise(() => {}),
  })
  worlds.push(world)
  const client = world.client('webSocket', { backoff: () => 10, logger: { error() {} } })
  const outcomes = ['open', 'binary'].map((type) => client.send('websocket', [type, '/', []]).catch(({ code }) => code))
  await until(() => world.server.stats().received === 2, 'both to come')
  await world.restart({ authorize: () => true })
  expect(await Promise.all(outcomes)).toEqual(['no-socket', 'no-socket'])
  expect(accepted).toBe(0)
})

test('a class with an option that means nothing is refused where it is made', () => {
  expect(() => dropIn({ openTimeout: -1 })).toThrow(/openTimeout/)
  expect(() => dropIn({ transports: [] })).toThrow(/transports/)
  expect(() => dropIn({ dialect: plain() })).toThrow(/plainServer/)
})

test('a socket moves between transports and loses nothing', async () => {
  const it = await pair({
    client: {
      transports: [webSocket({ WebSocket: NodeWebSocket as unknown as typeof WebSocket }), eventSource()],
      server: holdfastServer({ endpoint: '/realtime' }),
    },
  })
  it.far.on('message', (data) => it.far.send(`echo ${String(data)}`))
  it.near.send('a')
  await until(() => it.told.includes('echo a'), 'the echo')
  it.world.proxy.rule({ fault: 'fail', kind: 'webSocket' })
  it.world.proxy.cut({ how: 'reset' })
  it.near.send('b')
  await until(() => it.told.includes('echo b'), 'the echo')
  expect(it.world.server.sessions()[0]?.transport).toBe('eventSource')
  expect(it.told).toEqual(['open', 'echo a', 'echo b'])
})
