/** WebSocket as a transport (PROTOCOL.md §5.1). Bytes only: what they mean is the dialect's business. */
// oxlint-disable unicorn/prefer-add-event-listener -- assigned handlers can be taken off by whoever holds the object, and cost less
import type { Packet } from '@holdfast/protocol'
import type { Transport } from '../transport.ts'

/** As much of a WebSocket as is used: the platform's class and that of Node's `ws` fit. */
interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(data: Packet): void
  close(): void
}

/** Options of `webSocket()`. */
export interface WebSocketOptions {
  /** The class to use. @default the global one, looked up when a link opens, so that importing is safe on a server */
  WebSocket?: new (url: string, protocols: string[]) => WebSocketLike
}

// Stays attached after closing: an `error` says nothing that `close` does not, and Node's `ws` throws errors that nobody listens for.
const ignore = (): void => {}

/**
 * A socket that is still connecting throws: in `send`, where the packet is lost with the link and whoever needs it sends it again on the
 * next; and, in some Safari versions, in `close`, where it is let go all the same.
 */
function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // As above.
  }
}

/** Packets as text messages over one WebSocket. Frames sent before it has opened are lost, as the contract allows. */
export function webSocket(options: WebSocketOptions = {}): Transport {
  return {
    name: 'webSocket',
    provable: true,
    open({ url, wire }, events) {
      const Socket = options.WebSocket ?? globalThis.WebSocket
      if (!Socket) throw new Error('give webSocket({ WebSocket })')
      const socket = new Socket((wire.url ?? url).replace(/^http/, 'ws'), [...wire.protocols])
      const detach = (): void => {
        socket.onopen = socket.onmessage = socket.onclose = null
      }
      const write = (packet: Packet): void => quietly(() => socket.send(packet))
      const send = (frames: readonly Packet[]): void => wire.pack(frames).forEach(write)
      socket.binaryType = 'arraybuffer'
      socket.onerror = ignore
      socket.onopen = () => {
        if (wire.first !== null) write(wire.first)
        events.opened()
      }
      socket.onmessage = (event: MessageEvent) => events.received(event.data)
      socket.onclose = ({ code, reason }: CloseEvent) => {
        detach()
        events.dropped({ code, reason })
      }
      return {
        send(frames) {
          send(frames)
          events.sent(frames)
        },
        get buffered() {
          // Classes other than the platform's may not tell.
          return socket.bufferedAmount || 0
        },
        close(last) {
          // Detached first: on a dead network the `close` event comes after a minute or never, and by then it means nothing.
          detach()
          if (last) send(last)
          quietly(() => socket.close())
        },
      }
    },
  }
}
