// @vitest-environment jsdom
// The driver over the WebSocket transport, with mock-socket's class passed by value, in a page with virtual time.
import { Server, WebSocket as MockSocket, type Client as Peer } from 'mock-socket'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DownFrame, UpFrame } from '@holdfast/protocol'
import { createClient } from '../../packages/client/src/registry.ts'
import { webSocket } from '../../packages/client/src/transports/web-socket.ts'
import { WELCOME } from '../support/scripted-transport.ts'

const url = 'wss://example.test/realtime'

/** A server that plays back what it is told; each socket's packets are kept. */
function createPeer() {
  const server = new Server(url, { mock: false, selectProtocol: ([first]: string[]) => first! })
  const sockets: Peer[] = []
  const got: UpFrame[][] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    const mine: UpFrame[] = []
    got.push(mine)
    socket.on('message', (data) => mine.push(...(JSON.parse(data as string) as UpFrame[])))
  })
  return {
    server,
    sockets,
    got,
    down: (...frames: DownFrame[]) => sockets.at(-1)!.send(JSON.stringify(frames)),
    welcome: (resumed = false) => sockets.at(-1)!.send(JSON.stringify([['welcome', { ...WELCOME, resumed }]])),
  }
}
const open = (options = {}) =>
  createClient(url, {
    transports: [webSocket({ WebSocket: MockSocket as unknown as typeof WebSocket })],
    random: () => 0.5,
    logger: { error() {} },
    ...options,
  })

describe('over mock sockets', () => {
  let peer: ReturnType<typeof createPeer>
  beforeEach(() => {
    vi.useFakeTimers()
    peer = createPeer()
  })
  afterEach(() => {
    peer.server.stop()
    vi.useRealTimers()
  })

  it('opens, sends, receives, and leaves no timer behind when closed', async () => {
    const client = open()
    const seen: unknown[] = []
    client.subscribe('chat', (data) => seen.push(data))
    await vi.advanceTimersByTimeAsync(20)
    peer.welcome()
    expect(client.status).toBe('open')
    const sent = client.send('chat', 'up')
    await vi.advanceTimersByTimeAsync(20)
    expect(peer.got[0]).toContainEqual(['send', 1, 'chat', 'up'])
    peer.down(
      ['ack', 1, []],
      ['subscribed', 'chat', ['e', 0, 0]],
      ['caught-up', 'chat', 0],
      ['event', 'chat', 1, 'down', 1],
    )
    await expect(sent).resolves.toMatchObject({ id: 's1.1' })
    expect(seen).toEqual(['down'])
    await client.close()
    await vi.advanceTimersByTimeAsync(100)
    expect([client.status, peer.server.clients().length, vi.getTimerCount()]).toEqual(['closed', 0, 0])
  })

  it('comes back with the session when the server closes, a clean 1000 included', async () => {
    const client = open()
    await vi.advanceTimersByTimeAsync(20)
    peer.welcome()
    peer.sockets[0]!.close()
    await vi.advanceTimersByTimeAsync(20)
    expect(client.status).toBe('reconnecting')
    await vi.advanceTimersByTimeAsync(1000)
    expect(peer.sockets).toHaveLength(2)
    peer.welcome(true)
    expect(client.snapshot).toMatchObject({ status: 'open', resumed: true })
    void client.close()
  })

  it('a server that is not there is asked again and again, one dial at a time', async () => {
    peer.server.stop()
    const client = open()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(client.status).toBe('connecting')
    expect(client.snapshot.attempt).toBeGreaterThan(3)
    peer = createPeer()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(peer.server.clients().length).toBeLessThanOrEqual(1)
    expect(peer.sockets.length).toBeGreaterThan(0)
    void client.close()
  })

  it("the page's events probe a live link, and closing lets go of them", async () => {
    const client = open()
    await vi.advanceTimersByTimeAsync(20)
    peer.welcome()
    for (const event of ['online', 'focus', 'pageshow']) window.dispatchEvent(new Event(event))
    await vi.advanceTimersByTimeAsync(20)
    const pings = peer.got[0]!.filter(([type]) => type === 'ping')
    expect(pings).toHaveLength(1)
    peer.down(['pong', 1])
    await client.close()
    window.dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(peer.sockets).toHaveLength(1)
  })

  it('offline for 4 s with a surviving socket costs no reconnect', async () => {
    const client = open()
    await vi.advanceTimersByTimeAsync(20)
    peer.welcome()
    window.dispatchEvent(new Event('offline'))
    await vi.advanceTimersByTimeAsync(4000)
    window.dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(20)
    peer.down(['pong', 1])
    await vi.advanceTimersByTimeAsync(3000)
    expect([peer.sockets.length, client.status]).toEqual([1, 'open'])
    void client.close()
  })
})
