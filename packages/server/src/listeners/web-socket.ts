/** WebSocket links (PROTOCOL.md §5.1), by `ws`. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { MAX_HEADER_HELLO, SUBPROTOCOL, UP_FRAMES, json } from '@holdfast/protocol'
import type { Codec, Packet, UpFrame } from '@holdfast/protocol'
import { WebSocketServer } from 'ws'
import type { RawData, WebSocket } from 'ws'
import type { Link, LinkEnd } from '../link.ts'
import { deflateOptions } from './compression.ts'
import { notSpoken, requestOf } from './gate.ts'
import type { Gate } from './gate.ts'

export interface WebSocketListener {
  /** Takes over the socket of an upgrade whose origin has been checked. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

const HELLO = 'h.'

const offersOf = (request: IncomingMessage): string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').map((offer) => offer.trim())

/** The hello that the handshake carried, as the packet it stands for; null when it comes as the first message. */
function helloPacket(request: IncomingMessage): string | null {
  const offer = offersOf(request).find((name) => name.startsWith(HELLO))
  if (!offer) return null
  const hello = offer.length > MAX_HEADER_HELLO ? '' : Buffer.from(offer.slice(HELLO.length), 'base64url').toString()
  return `[["hello",${hello}]]`
}

/** The offer that names the codec, which is echoed even where that is not spoken: how else would the client learn why (PROTOCOL.md §2.1). */
const protocolOf = (request: IncomingMessage): string | undefined =>
  offersOf(request).find((offer) => offer === SUBPROTOCOL || offer.startsWith(SUBPROTOCOL + '.'))

export function createWebSocketListener(gate: Gate): WebSocketListener {
  const { codecs, settings } = gate.context
  const { limits } = settings
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: gate.compression ? deflateOptions(gate.compression) : false,
    maxPayload: limits.received,
    // A peer that pings without reading must not fill memory: answered by hand.
    autoPong: false,
    handleProtocols: (_, request) => protocolOf(request)!,
  })

  function opened(socket: WebSocket, request: IncomingMessage): void {
    const name = protocolOf(request)!.slice(SUBPROTOCOL.length + 1)
    const codec = codecs.named(name)
    const link = createLink(gate, { socket, codec: codec ?? json, drained: () => end.drained() })
    // Always followed by `close`.
    socket.on('error', () => {})
    if (!codec) return gate.hub.arrivals.sayBye(link, notSpoken(name))
    const end: LinkEnd = gate.hub.arrivals.accept(link, requestOf(request))
    socket.on('message', (data: RawData, isBinary) => end.receive(isBinary ? data : (data as Buffer).toString()))
    socket.on('close', () => end.dropped())
    socket.on('ping', (data) => {
      if (socket.bufferedAmount < limits.buffered) socket.pong(data)
    })
    const hello = helloPacket(request)
    if (hello === null) return
    // The header carries JSON, whatever codec packets have.
    const frames = json.decode<UpFrame>(hello, UP_FRAMES)
    if ('malformed' in frames) end.receive(undefined)
    else end.take(frames, hello.length)
  }

  return {
    upgrade(request, socket, head) {
      if (!protocolOf(request)) return gate.refuseUpgrade(socket, 400)
      sockets.handleUpgrade(request, socket, head, (webSocket) => opened(webSocket, request))
    },
  }
}

/** A close reason has room for 123 bytes. */
const clip = (reason: string): string => (Buffer.byteLength(reason) <= 123 ? reason : reason.slice(0, 40))

interface Parts {
  socket: WebSocket
  codec: Codec
  drained(): void
}

function createLink(gate: Gate, { socket, codec, drained }: Parts): Link {
  const { limits } = gate.context.settings
  let state: 'flowing' | 'full' = 'flowing'
  const taken = (): void => {
    if (state === 'flowing' || socket.bufferedAmount >= limits.replayBytes) return
    state = 'flowing'
    drained()
  }
  function send(packet: Packet): void {
    if (socket.readyState !== socket.OPEN) return
    socket.send(packet, taken)
    if (socket.bufferedAmount >= limits.replayBytes) state = 'full'
  }
  return {
    transport: 'webSocket',
    codec,
    get buffered() {
      return socket.bufferedAmount
    },
    send: (frames) => send(codec.join(frames)),
    close(code, reason, last) {
      if (last.length) send(codec.join(last))
      if (socket.readyState === socket.CLOSED) return
      gate.lastly(
        () => socket.terminate(),
        (ended) => socket.once('close', ended),
      )
      socket.close(code, clip(reason))
    },
  }
}
