// Connections in memory as links of a real Holdfast server, by `server.accept`: what its WebSocket listener does, without a network.
import { MAX_HEADER_HELLO, SUBPROTOCOL, UP_FRAMES, json, type Codec, type UpFrame } from '@holdfast/protocol'
import type { Server, TransportName } from '@holdfast/server'
import type { SocketServer } from './socket.ts'

/** The hello that a handshake carries (PROTOCOL.md §5.1), as the packet it stands for; null where it comes as the first message. */
export function helloIn(protocols: readonly string[]): string | null {
  const offer = protocols.find((name) => name.startsWith('h.') && name.length <= MAX_HEADER_HELLO)
  if (offer === undefined) return null
  const binary = atob(offer.slice(2).replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  return `[["hello",${new TextDecoder().decode(bytes)}]]`
}

/** The subprotocol that names the codec. */
export const protocolIn = (protocols: readonly string[]): string =>
  protocols.find((name) => name === SUBPROTOCOL || name.startsWith(SUBPROTOCOL + '.')) ?? ''

export function listenFor(server: Pick<Server, 'accept'>, codecs: readonly Codec[]): SocketServer {
  return (socket) => {
    const protocol = protocolIn(socket.protocols)
    const codec = codecs.find(({ name }) => name === protocol.slice(SUBPROTOCOL.length + 1)) ?? json
    socket.open(protocol)
    const end = server.accept(
      {
        transport: socket.kind as TransportName,
        codec,
        buffered: 0,
        send: (frames) => socket.send(codec.join(frames)),
        close(code, reason, last) {
          if (last.length > 0) socket.send(codec.join(last))
          socket.close(code, reason)
        },
      },
      { url: socket.url },
    )
    const hello = helloIn(socket.protocols)
    if (hello !== null) {
      // It is JSON, whatever codec packets have.
      const frames = json.decode<UpFrame>(hello, UP_FRAMES)
      if ('malformed' in frames) end.receive(undefined)
      else end.take(frames, hello.length)
    }
    return { message: (packet) => end.receive(packet), closed: () => end.dropped() }
  }
}
