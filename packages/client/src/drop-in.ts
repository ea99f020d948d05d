/** Entry `@holdfast/client/drop-in`: a WebSocket class for libraries that accept one, over connections that hold (docs/drop-in.md). */
import type { FarServer } from './drop-in/far-end.ts'
import { Socket, defineConstants, type SocketSetup } from './drop-in/socket.ts'
import { HoldfastError } from './errors.ts'
import { settle, type ClientOptions } from './options.ts'
import { webSocket } from './transports/web-socket.ts'

export type { FarEnd, FarEvents, FarServer } from './drop-in/far-end.ts'
export { holdfastServer, type HoldfastServerOptions } from './drop-in/holdfast-server.ts'
export { plainServer, type PlainServerOptions, type RawSocket } from './drop-in/plain-server.ts'

/** Options of `createWebSocketClass`: those of a client, and these. */
export interface WebSocketClassOptions extends Omit<ClientOptions, 'transports' | 'key' | 'autoConnect' | 'linger'> {
  /** What is at the other end: `holdfastServer()` or `plainServer()`. Required; only the one that you name is bundled. */
  server: FarServer
  /** Ways to open a link, the preferred one first; not for `plainServer()`. @default [webSocket()] */
  transports?: ClientOptions['transports']
  /** How long a socket may take to open before it fails with 1006, ms. @default 30_000 */
  openTimeout?: number
  /** How long the other side may take to hear of a close before the socket closes with 1006, ms. @default 10_000 */
  closeTimeout?: number
}

/** The interface of the platform's `WebSocket`, static side included. */
export interface WebSocketClass {
  /** As the platform's: throws a `SyntaxError` DOMException for a bad URL or subprotocol. */
  new (url: string | URL, protocols?: string | string[]): WebSocket
  /** What its objects have. */
  readonly prototype: WebSocket
  /** 0 */
  readonly CONNECTING: 0
  /** 1 */
  readonly OPEN: 1
  /** 2 */
  readonly CLOSING: 2
  /** 3 */
  readonly CLOSED: 3
}

/**
 * A class with the interface of `WebSocket`. Each object has a connection of its own, made with these options. Over a Holdfast server it stays
 * open through cuts and changes of transport, and loses and doubles nothing; it closes when what follows would not be the same session.
 * @throws HoldfastError `bad-option`
 */
export function createWebSocketClass(options: WebSocketClassOptions): WebSocketClass {
  const { server, openTimeout = 30_000, closeTimeout = 10_000, ...rest } = options
  const given: ClientOptions = { ...rest, transports: rest.transports ?? [webSocket()] }
  // Here, not in the depths of a library.
  if (rest.dialect?.name === 'plain')
    throw new HoldfastError('bad-option', 'dialect: for a server without Holdfast give server: plainServer().')
  const { clock } = settle({ ...given, openTimeout, closeTimeout } as ClientOptions)
  const setup: SocketSetup = {
    clock,
    openTimeout,
    closeTimeout,
    reach: (url, protocols, events) => server.reach(given, url, protocols, events),
  }
  class WebSocket extends Socket {
    constructor(url: string | URL, protocols?: string | string[]) {
      if (!arguments.length) throw new TypeError('WebSocket: 1 argument required, but only 0 present.')
      super(setup, url, protocols)
    }
  }
  Object.defineProperty(WebSocket.prototype, Symbol.toStringTag, { value: 'WebSocket', configurable: true })
  // As the platform's, whatever a bundler makes of them.
  Object.defineProperties(WebSocket, {
    name: { value: 'WebSocket', configurable: true },
    length: { value: 1, configurable: true },
  })
  defineConstants(WebSocket)
  defineConstants(WebSocket.prototype)
  return WebSocket as unknown as WebSocketClass
}
