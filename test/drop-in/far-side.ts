// What answers the sockets of the tests: the same for sockets of `ws` and for those of `acceptSockets`.
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { webSocket } from '@holdfast/client'
import {
  createWebSocketClass,
  holdfastServer,
  plainServer,
  type PlainServerOptions,
  type WebSocketClass,
  type WebSocketClassOptions,
} from '@holdfast/client/drop-in'
import { acceptSockets, type Server } from '@holdfast/server'
import { WebSocket as NodeWebSocket, WebSocketServer } from 'ws'

/** As much of a socket of `ws` as is used; ours has it, too. */
interface SocketLike {
  send(data: string | Buffer, options: { binary: boolean }): void
  close(code?: number, reason?: string): void
  terminate(): void
  on(event: 'message', fn: (data: Buffer, isBinary: boolean) => void): unknown
}

/** Echoes; `close <code> <reason>` closes, `close` closes without a code, `break` breaks the connection. */
function echo(socket: SocketLike): void {
  socket.on('message', (data, isBinary) => {
    const [command, code, reason] = isBinary ? [] : String(data).split(' ')
    if (command === 'break') return socket.terminate()
    if (command !== 'close') return socket.send(data, { binary: isBinary })
    if (code) socket.close(Number(code), reason)
    else socket.close()
  })
}

/** The first of those offered, as `ws` does by itself; `none` is never spoken. */
const choose = (offered: Iterable<string>): string | false => [...offered].find((name) => name !== 'none') ?? false

export const acceptEchoes = (server: Server): unknown =>
  acceptSockets(server, { protocols: (offered) => (offered.length ? choose(offered) : '') }, echo)

/** A class over the sockets of `ws`. */
export const dropIn = (options: Partial<WebSocketClassOptions> = {}): WebSocketClass =>
  createWebSocketClass({
    transports: [webSocket({ WebSocket: NodeWebSocket as unknown as typeof WebSocket })],
    server: holdfastServer({ endpoint: '/realtime' }),
    ...options,
  })

/** The same to a server without Holdfast. */
export const plainDropIn = (
  options: Partial<WebSocketClassOptions> = {},
  mappings: PlainServerOptions = {},
): WebSocketClass =>
  createWebSocketClass({ server: plainServer({ WebSocket: NodeWebSocket, ...mappings }), ...options })

export interface Listening {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** A server with sockets of `ws` that echo. */
export async function listenPlain(accept: (socket: NodeWebSocket) => void = echo): Promise<Listening> {
  // A page, for those that need an origin.
  const http = createHttpServer((_request, response) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html>'),
  )
  const sockets = new WebSocketServer({ server: http, handleProtocols: choose })
  sockets.on('connection', accept)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}`,
    port,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
