// The WebSocket transport on mock-socket in virtual time, on a class that does what browsers do wrong, and on Node's `ws` and `http`.
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Server, WebSocket as MockWebSocket } from 'mock-socket'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { webSocket } from '../../packages/client/src/transports/web-socket.ts'
import { NodeWebSocket } from './transport-harnesses.ts'
import { ending, HELLO, openRecorded, WELCOME } from './transport-kit.ts'
import type { Happening } from './transport-kit.ts'

const welcome = JSON.stringify([WELCOME])
const url = 'http://mock.test/realtime'
const frame = (n: number): string => JSON.stringify(['ping', n])

describe('on mock-socket', () => {
  let server: Server
  beforeEach(() => {
    vi.useFakeTimers()
    server = new Server('ws://mock.test/realtime', { mock: false })
  })
  afterEach(() => {
    server.stop()
    vi.useRealTimers()
  })
  const transport = webSocket({ WebSocket: MockWebSocket as unknown as typeof WebSocket })

  test('opens ws: for http:, with the subprotocols of the dialect', () => {
    const offered: string[] = []
    server.on('connection', (socket) => offered.push(socket.url))
    const { link, log, wire } = openRecorded(transport, url)
    expect(log).toEqual([])
    vi.runAllTimers()
    expect(offered).toEqual(['ws://mock.test/realtime'])
    expect(wire.protocols).toHaveLength(2)
    expect(log).toEqual([['opened']])
    link.close()
  })

  test('a hello too long for a header is the first message, before anything that `opened` sends', () => {
    const got: unknown[] = []
    server.on('connection', (socket) => socket.on('message', (data) => got.push(JSON.parse(data as string)[0][0])))
    openRecorded(transport, url, {
      hello: { ...HELLO, credential: 'x'.repeat(5000) },
      react: ([type], link) => type === 'opened' && link.send([frame(1)]),
    })
    vi.runAllTimers()
    expect(got).toEqual(['hello', 'ping'])
  })

  test('many frames are one message', () => {
    const got: unknown[] = []
    server.on('connection', (socket) => socket.on('message', (data) => got.push(data)))
    const { link } = openRecorded(transport, url)
    vi.runAllTimers()
    link.send([frame(1), frame(2)])
    vi.runAllTimers()
    expect(got).toEqual(['[["ping",1],["ping",2]]'])
    expect(link.buffered).toBe(0)
  })

  test('what is sent before it has opened is lost, and does not throw', () => {
    const got: unknown[] = []
    server.on('connection', (socket) => socket.on('message', (data) => got.push(data)))
    const { link, log } = openRecorded(transport, url)
    link.send([frame(1)])
    vi.runAllTimers()
    expect(got).toEqual([])
    expect(log).toEqual([['opened']])
  })

  test('close() before it has opened: no event, and no timer is left', () => {
    const { link, log } = openRecorded(transport, url)
    link.close()
    vi.runAllTimers()
    expect(log).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('messages and the end after close() are nobody’s', () => {
    const { link, log } = openRecorded(transport, url)
    vi.runAllTimers()
    link.close()
    server.emit('message', welcome)
    server.close({ code: 4400, reason: 'taken over', wasClean: true })
    vi.runAllTimers()
    expect(log).toEqual([['opened']])
  })

  test('code and reason of the server come through, once', () => {
    const { log } = openRecorded(transport, url)
    vi.runAllTimers()
    server.close({ code: 4400, reason: 'taken over', wasClean: true })
    vi.runAllTimers()
    expect(log.slice(1)).toEqual([['dropped', { code: 4400, reason: 'taken over' }]])
  })
})

describe('on a class that misbehaves', () => {
  /** Remembers its instances; the test calls their handlers when it likes. */
  class Socket {
    static last: Socket
    onopen: (() => void) | null = null
    onmessage: ((event: object) => void) | null = null
    onclose: ((event: object) => void) | null = null
    onerror: (() => void) | null = null
    bufferedAmount = 17
    closed = 0
    constructor(readonly url: string) {
      if (url.includes('forbidden')) throw new DOMException('The operation is insecure', 'SecurityError')
      Socket.last = this
    }
    send(): void {
      throw new DOMException('Still in CONNECTING state', 'InvalidStateError')
    }
    close(): void {
      this.closed++
      throw new DOMException('Not while connecting', 'InvalidAccessError')
    }
  }
  const transport = webSocket({ WebSocket: Socket as unknown as typeof WebSocket })

  test('a constructor that throws is the caller’s to know', () => {
    expect(() => openRecorded(transport, 'http://forbidden.test/')).toThrow('insecure')
  })

  test('sending and closing never throw', () => {
    const { link, log } = openRecorded(transport, url)
    link.send([frame(1)])
    link.close([frame(2)])
    expect(Socket.last.closed).toBe(1)
    expect(log).toEqual([])
  })

  test('an error alone ends nothing: the close that follows does', () => {
    const { log } = openRecorded(transport, url)
    Socket.last.onerror!()
    expect(log).toEqual([])
    Socket.last.onclose!({ code: 1006, reason: '' })
    expect(log).toEqual([['dropped', { code: 1006, reason: '' }]])
  })

  test('what comes after the end, or after close(), finds no handler', () => {
    for (const finish of [() => Socket.last.onclose!({ code: 1000, reason: '' }), null]) {
      const { link, log } = openRecorded(transport, url)
      if (finish) finish()
      else link.close()
      expect([Socket.last.onopen, Socket.last.onmessage, Socket.last.onclose]).toEqual([null, null, null])
      expect(log).toHaveLength(finish ? 1 : 0)
      // Node's `ws` throws an error that nobody listens for.
      expect(Socket.last.onerror).not.toBeNull()
    }
  })

  test('the class is looked up when a link opens, not before', () => {
    const own = webSocket()
    const former = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
    try {
      Object.defineProperty(globalThis, 'WebSocket', { value: undefined, configurable: true, writable: true })
      expect(() => openRecorded(own, url)).toThrow('give webSocket({ WebSocket })')
      Object.defineProperty(globalThis, 'WebSocket', { value: Socket, configurable: true, writable: true })
      expect(openRecorded(own, url).link.buffered).toBe(17)
    } finally {
      if (former) Object.defineProperty(globalThis, 'WebSocket', former)
      else Reflect.deleteProperty(globalThis, 'WebSocket')
    }
  })
})

describe('on Node’s ws', () => {
  const transport = webSocket({ WebSocket: NodeWebSocket })
  const listen = async (server: {
    on(event: string, fn: () => void): unknown
    address(): unknown
  }): Promise<string> => {
    await new Promise<void>((resolve) => server.on('listening', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  test('close() of a handshake that hangs frees the socket at once and says nothing', async () => {
    let accepted = (): void => {}
    let freed = (): void => {}
    const connected = new Promise<void>((resolve) => (accepted = resolve))
    const gone = new Promise<void>((resolve) => (freed = resolve))
    const server = createTcpServer((socket) => {
      accepted()
      socket.on('error', () => {})
      socket.on('close', freed)
      socket.resume()
    }).listen(0, '127.0.0.1')
    const { link, log } = openRecorded(transport, await listen(server))
    await connected
    link.close()
    await gone
    expect(log).toEqual([])
    server.close()
  })

  test('a server that refuses the upgrade looks like any lost link', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, verifyClient: () => false })
    const recorded = openRecorded(transport, await listen(server))
    expect(await ending(recorded)).toMatchObject({ code: 1006 })
    expect(recorded.log).toHaveLength(1)
    server.close()
  })

  test('binary messages come through as ArrayBuffer', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'holdfast.1' })
    server.on('connection', (socket) => socket.send(Buffer.from('[]')))
    const packets: unknown[] = []
    const address = await listen(server)
    const { wire, clock } = openRecorded(webSocket({ WebSocket: MockWebSocket }), 'http://nowhere.test/')
    const got = new Promise<void>((resolve) => {
      const link = transport.open(
        { url: address, wire, clock, random: Math.random },
        {
          opened() {},
          received(packet) {
            packets.push(packet)
            link.close()
            resolve()
          },
          heard() {},
          sent() {},
          dropped() {},
        },
      )
    })
    await got
    expect(packets[0]).toBeInstanceOf(ArrayBuffer)
    server.close()
  })

  test('close() returns though the far end never answers it, with data still queued', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'holdfast.1' })
    server.on('connection', (socket) => socket.pause())
    const address = await listen(server)
    const happenings: Happening[] = []
    const opened = openRecorded(transport, address, { react: (happening) => happenings.push(happening) })
    await opened.next()
    opened.link.send([JSON.stringify(['volatile', 'chat', 'x'.repeat(4_194_304)])])
    expect(opened.link.buffered).toBeGreaterThan(0)
    opened.link.close()
    for (const client of server.clients) client.terminate()
    await new Promise((resolve) => server.close(resolve))
    expect(happenings).toEqual([['opened']])
  })
})
