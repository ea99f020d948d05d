/**
 * A socket over one WebSocket to a server that knows nothing of Holdfast, nor of sessions. So the link is the socket, and its loss the
 * socket's end: the library begins anew. What it gains is a heartbeat, so that a dead link is found.
 */
import type { PayloadCodec } from '../codec.ts'
import { plain } from '../dialects/plain.ts'
import { createClient } from '../shared.ts'
import type { Cause } from '../transport.ts'
import { webSocket } from '../transports/web-socket.ts'
import type { Client } from '../types.ts'
import { LOST, type FarEnd, type FarEvents, type FarServer } from './far-end.ts'

/** As much of a WebSocket as is used here, beside what the transport uses. */
export interface RawSocket {
  /** The subprotocol. */
  readonly protocol: string
  /** Bytes not off yet. */
  readonly bufferedAmount: number
  /** Begins to close. */
  close(code?: number, reason?: string): void
}

/** Options of `plainServer()`. */
export interface PlainServerOptions {
  /** The class to use. @default the global one, looked up when a socket opens */
  WebSocket?: new (url: string, protocols: string[]) => RawSocket
  /** Asks the server for a sign of life after a silence (see the option `heartbeat`). @default none: a dead link is not looked for */
  ping?: string | Uint8Array<ArrayBuffer>
  /** Whether a message answers it; the library does not see it then. @default none does; whatever comes shows that the link lives */
  isPong?(message: string | Uint8Array<ArrayBuffer>): boolean
  /** What to answer, if this is the server's ping; the library does not see it then. @default nothing is one */
  pong?(message: string | Uint8Array<ArrayBuffer>): string | Uint8Array<ArrayBuffer> | undefined
}

/** Text and bytes as they are. */
const raw: PayloadCodec = {
  name: 'raw',
  encode: (message) => message as string,
  decode: (packet) => packet,
}
/** The dialect has no topics by itself; a message must have one. */
const TOPIC = 'websocket'

function linkEnd(client: Client, socket: () => RawSocket | null, events: FarEvents): FarEnd {
  let tellGone = (): void => {}
  const gone = new Promise<void>((resolve) => (tellGone = resolve))

  function end(cause: Cause | null): void {
    tellGone()
    // What has a code was closed by a frame; what has none was lost, or never opened.
    if (cause && cause.code !== LOST && cause.code) events.closed(cause.code, cause.reason)
    else events.lost(LOST, cause?.reason ?? '')
  }
  client.on('open', () => events.opened(socket()?.protocol ?? ''))
  client.on('message', ({ data }) => events.received(data as string))
  client.on('status', (status) => {
    if (status === 'reconnecting' || status === 'offline') end(client.snapshot.cause)
  })
  client.on('close', ({ cause }) => end(cause))
  return {
    get buffered() {
      return socket()?.bufferedAmount || 0
    },
    send: (data) => client.send(TOPIC, data),
    async close(code, reason) {
      // What was sent goes first; where the link has ended, nothing goes.
      await Promise.race([client.flush(), gone])
      if (code === null) socket()?.close()
      else socket()?.close(code, reason)
      await gone
    },
    end: () => void client.close(),
  }
}

/** Sockets to a server without Holdfast, one WebSocket each. `transports` and `dialect` of the class do not count. */
export function plainServer(options: PlainServerOptions = {}): FarServer {
  const { WebSocket: given, ...mappings } = options
  return {
    reach(clientOptions, url, protocols, events) {
      let socket: RawSocket | null = null
      const Class = given ?? WebSocket
      // Subprotocol and close code are not the business of a transport: they are had from the socket itself.
      class Link extends Class {
        constructor(href: string, offered: string[]) {
          super(href, offered)
          // oxlint-disable-next-line typescript/no-this-alias -- that is what it is for
          socket = this
        }
      }
      const client = createClient(
        url,
        {
          ...clientOptions,
          transports: [webSocket({ WebSocket: Link as never })],
          autoConnect: false,
          // What cannot be opened fails, as with any WebSocket; and what is written counts in `bufferedAmount`, without a bound.
          backoff: () => null,
          // That is for `openTimeout` to say.
          timeouts: { open: Infinity, ...clientOptions.timeouts },
          outbox: { maxMessages: Infinity, maxBytes: Infinity },
        },
        plain({ codec: raw, protocols, ...(mappings as object) }),
      )
      const far = linkEnd(client, () => socket, events)
      queueMicrotask(() => client.status === 'idle' && client.connect())
      return far
    },
  }
}
