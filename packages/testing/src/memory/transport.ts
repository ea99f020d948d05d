// A transport of the client over connections in memory.
import type { Transport } from '@holdfast/client'
import type { ClientSocket, Dial, SocketEvents } from './socket.ts'

export type Dialler = (dial: Dial, tell: SocketEvents) => ClientSocket

export function memoryTransport(dial: Dialler, name: string): Transport {
  return {
    name,
    // As with the real ones: of those, only a WebSocket can be tried beside a live link.
    ...(name === 'webSocket' && { provable: true }),
    open({ url, wire }, events) {
      const socket = dial(
        { url: wire.url ?? url, protocols: wire.protocols, kind: name },
        {
          opened() {
            if (wire.first !== null) socket.send(wire.first)
            events.opened()
          },
          message: (packet) => events.received(packet),
          closed: (code, reason) => events.dropped({ code, reason }),
        },
      )
      return {
        buffered: 0,
        send(frames) {
          wire.pack(frames).forEach(socket.send)
          events.sent(frames)
        },
        close(last) {
          if (last) wire.pack(last).forEach(socket.send)
          socket.close(1000, '')
        },
      }
    },
  }
}
