/**
 * A WebSocket class over the simulated network, for the client's real `webSocket()` transport. Its other end gives links to the server's core
 * as the server's WebSocket listener does: hello from the handshake or as the first message, `drained` when the buffer has emptied.
 */
import type { Link, LinkEnd } from '@holdfast/server'
import type { Conn, Network, Page, Process } from './network.ts'

/** What the kernel takes off the process's hands. */
const SOCKET_BUFFER = 2048
/** How long the server's end waits for the client's, once it has closed. */
const LINGER = 1000

export interface VirtualSocket {
  onopen: ((event: object) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  onerror: ((event: object) => void) | null
  binaryType: string
  readonly bufferedAmount: number
  send(packet: string): void
  close(): void
}

/** The packet that a handshake's hello stands for (PROTOCOL.md §5.1). */
function helloOf(protocols: readonly string[]): string | null {
  const offer = protocols.find((name) => name.startsWith('h.'))
  return offer ? `[["hello",${Buffer.from(offer.slice(2), 'base64url').toString()}]]` : null
}

/** The server's end: what its listener makes of a socket. Returns where the client's packets go, and the end of it. */
function accept(
  network: Network,
  conn: Conn,
  process: Process,
  protocols: readonly string[],
  deliver: Deliver,
): LinkEnd {
  const { world, weather, taps } = network
  let state: 'flowing' | 'full' | 'closed' = 'flowing'
  const buffered = (): number => Math.max(0, conn.down.queued - SOCKET_BUFFER)
  function send(packet: string): void {
    if (state === 'closed' || process.actor.state === 'dead') return
    taps.said(conn, packet)
    for (const piece of weather.transit('down', packet))
      conn.down.send(piece.length, () => {
        deliver.packet(piece)
        // A stopped process is not told; it looks when it goes on.
        if (state === 'full' && buffered() < process.fullAt) world.after(process.actor, 0, drained)
      })
    if (buffered() >= process.fullAt) state = 'full'
  }
  function drained(): void {
    if (state !== 'full' || buffered() >= process.fullAt) return
    state = 'flowing'
    end.drained()
  }
  const link: Link = {
    transport: 'webSocket',
    get buffered() {
      return buffered()
    },
    send: (frames) => send('[' + frames.join() + ']'),
    close(code, reason, last) {
      if (last.length) send('[' + last.join() + ']')
      if (process.actor.state === 'dead') return
      state = 'closed'
      conn.down.send(0, () => deliver.closed(code, reason))
      world.after(process.actor, LINGER, () => conn.onServerLost?.())
    },
  }
  conn.onServerLost = () => {
    conn.onServerLost = null
    state = 'closed'
    end.dropped()
    conn.down.send(0, () => deliver.closed(1006, ''))
  }
  const end = process.server.accept(link, { url: '/realtime' })
  const hello = helloOf(protocols)
  if (hello !== null) {
    taps.heard(conn, hello)
    end.receive(hello)
  }
  return end
}

/** What comes out at the client's end. */
interface Deliver {
  opened(): void
  packet(packet: string): void
  closed(code: number, reason: string): void
}

function createSocket(network: Network, page: Page, protocols: readonly string[]): VirtualSocket {
  const { world, weather, taps } = network
  let state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting'
  let end: LinkEnd | null = null
  const conn = network.open(page, 'socket')
  const deliver: Deliver = {
    opened() {
      if (state !== 'connecting') return
      state = 'open'
      socket.onopen?.({})
    },
    packet: (data) => state !== 'closed' && socket.onmessage?.({ data }),
    closed(code, reason) {
      if (state === 'closed') return
      state = 'closed'
      network.release(conn)
      socket.onclose?.({ code, reason })
    },
  }
  /** To whatever process has the connection; a stopped one gets it when it goes on. */
  function arrive(run: () => void): void {
    const { process } = conn
    if (!process || process.actor.state === 'dead') return
    // Also in the very instant in which it goes on: others may be waiting their turn.
    if (process.actor.heldUntil >= world.now) world.after(process.actor, 0, run)
    else run()
  }
  function upgrade(): void {
    const { process } = network
    if (!process || process.actor.heldUntil > world.now)
      return process ? wait(process) : conn.down.send(0, () => deliver.closed(1006, ''))
    conn.process = process
    conn.down.send(0, deliver.opened)
    const hello = helloOf(protocols)
    end = accept(network, conn, process, protocols, deliver)
    if (hello && weather.repeatsUpgrade()) repeat(process, hello)
  }
  function wait(process: Process): void {
    conn.process = process
    world.after(process.actor, 0, upgrade)
  }
  /** A proxy sends the upgrade once more: nobody reads what the server says to that. */
  function repeat(process: Process, hello: string): void {
    world.after(process.actor, weather.later(), () => {
      const silent: Link = { transport: 'webSocket', buffered: 0, send() {}, close() {} }
      const twin = process.server.accept(silent, { url: '/realtime' })
      twin.receive(hello)
      world.after(process.actor, 1000, () => twin.dropped())
    })
  }
  conn.onClientLost = () => deliver.closed(1006, '')
  const fate = weather.dial('socket')
  if (fate === 'refused') conn.down.send(0, () => deliver.closed(1006, ''))
  else if (fate === 'slammed') {
    conn.down.send(0, deliver.opened)
    conn.down.send(0, () => deliver.closed(weather.closeCode(), 'slammed'))
  } else if (fate === 'mute') conn.down.send(0, deliver.opened)
  else if (fate === 'through') conn.up.send(0, upgrade)

  const socket: VirtualSocket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    binaryType: 'blob',
    bufferedAmount: 0,
    send(packet) {
      if (state === 'connecting') throw new Error('InvalidStateError')
      if (state !== 'open' || fate !== 'through') return
      for (const piece of weather.transit('up', packet))
        conn.up.send(piece.length, () =>
          arrive(() => {
            taps.heard(conn, piece)
            end?.receive(piece)
          }),
        )
    },
    close() {
      if (state === 'closing' || state === 'closed') return
      state = 'closing'
      network.release(conn)
      conn.up.send(0, () => arrive(() => conn.onServerLost?.()))
      if (!conn.process) conn.down.kill()
    },
  }
  return socket
}

/** As `new WebSocket(url, protocols)` on that page. */
export function socketClass(network: Network, page: Page): typeof WebSocket {
  return function (_url: string, protocols: readonly string[]) {
    return createSocket(network, page, protocols)
  } as unknown as typeof WebSocket
}
