/**
 * The far end of drop-in WebSockets (docs/drop-in.md): gives libraries for servers a socket per session, in the manner of `ws`. Stands on
 * the public face of the server only. Order, and each message once, come from the session.
 *
 * What travels as data of the topic, either way: a string is a text message; bytes, or `['binary', base64]` where the codec has none, a binary
 * one; `['open', url, protocols, probe]` and its answer `['open', protocol, probe]` come first, `['close', code, reason]` comes last.
 */
import { RejectError } from './errors.ts'
import type { MessageMeta } from './handlers.ts'
import type { Identity } from './options.ts'
import type { Server } from './server.ts'
import { createServerSocket } from './server-socket.ts'
import type { Far, ServerSocket } from './server-socket.ts'

/** What is known of a drop-in socket that opens. */
export interface SocketRequest {
  /** Path and query of the URL that the library opened, as its page says: trust it as you would trust a URL. */
  readonly url: string
  /** Subprotocols it offers, the preferred one first. */
  readonly protocols: readonly string[]
  /** Public name of its session. */
  readonly session: string
  /** As `authenticate` returned it. */
  readonly identity: Identity | null
}

/** Options of `acceptSockets()`. */
export interface SocketOptions {
  /** Topic that carries them, in both directions; the client's class has the same. @default 'websocket' */
  topic?: string
  /**
   * Subprotocols that are spoken here, or a function that chooses among those offered (false refuses). A socket that offers some and
   * shares none is refused.
   * @default the first one offered
   */
  protocols?: readonly string[] | ((offered: readonly string[], request: SocketRequest) => string | false)
}

/** As much of a server as is used. */
export type SocketServer = Pick<Server, 'onMessage' | 'sendTo' | 'onSessionEnd' | 'disconnect'>

type Opening = readonly ['open', url: string, protocols: readonly string[], probe: unknown]

function openingOf(data: unknown): Opening | null {
  if (!Array.isArray(data) || data[0] !== 'open') return null
  const [, url, protocols] = data as unknown[]
  if (typeof url !== 'string' || !Array.isArray(protocols)) return null
  return protocols.every((name) => typeof name === 'string') ? (data as unknown as Opening) : null
}

function choose({ protocols }: SocketOptions, request: SocketRequest): string {
  const offered = request.protocols
  const chosen =
    typeof protocols === 'function'
      ? protocols(offered, request)
      : (offered.find((name) => protocols?.includes(name) ?? true) ?? (offered.length ? false : ''))
  if (chosen === false) throw new RejectError('no-subprotocol', 'none of the subprotocols offered is spoken here')
  return chosen
}

/**
 * Calls `accept` with a socket for each drop-in WebSocket that opens; add its listeners at once. What `accept` throws refuses the socket.
 * Returns the undo, which closes them all with 1001. Throws as `onMessage` does.
 */
export function acceptSockets(
  server: SocketServer,
  options: SocketOptions,
  accept: (socket: ServerSocket, request: SocketRequest) => void,
): () => void {
  const { topic = 'websocket' } = options
  const far = new Map<string, Far>()

  function open({ session, identity }: MessageMeta, [, url, protocols, probe]: Opening): void {
    if (far.has(session.id)) throw new RejectError('no-socket', 'this session has a socket already')
    const request: SocketRequest = { url, protocols, session: session.id, identity }
    const protocol = choose(options, request)
    const bytes = probe instanceof Uint8Array
    const tell = (data: unknown): Promise<unknown> => server.sendTo({ session: session.id }, topic, data)
    /** What the library says before it has accepted the socket goes behind the word that it is open. */
    let early: (() => void)[] | null = []
    const end = createServerSocket({
      protocol,
      bytes,
      say: (data) => (early ? new Promise((resolve) => early?.push(() => resolve(tell(data)))) : tell(data)),
      drop() {
        try {
          server.disconnect(session.id)
        } catch {
          // It has ended in this very tick, and the socket is about to hear of it.
        }
      },
      gone: () => void far.delete(session.id),
    })
    far.set(session.id, end)
    try {
      accept(end.socket, request)
    } catch (error) {
      end.ended()
      throw error
    }
    const first = early
    early = null
    // Terminated at once: nobody is there to be told.
    if (!far.has(session.id)) return
    end.say(['open', protocol, bytes ? probe : null])
    for (const say of first) say()
  }

  const unhandle = server.onMessage(topic, (data, meta) => {
    const opening = openingOf(data)
    const mine = far.get(meta.session.id)
    // What a former session had under way is of a socket that is gone, its opening included.
    if (meta.volatile || meta.redelivered || !(opening || mine))
      throw new RejectError('no-socket', 'this session has no open socket')
    return opening ? open(meta, opening) : mine!.receive(data)
  })
  const unwatch = server.onSessionEnd(({ id }) => far.get(id)?.ended())

  return () => {
    unhandle()
    for (const { socket } of far.values()) socket.close(1001, 'going away')
    unwatch()
    for (const end of far.values()) end.ended()
  }
}
