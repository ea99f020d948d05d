// A server on `ws`, as many are.
import { createServer, type Server } from 'node:http'
import { WebSocketServer } from 'ws'
import { createRoom, type Room, type RoomOptions } from './room.ts'
import { serve, type Served } from './serve.ts'

/** One WebSocket handshake. */
export interface Handshake {
  readonly path: string
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  /** The subprotocol agreed on, the client's first; empty if none. */
  readonly protocol: string
}

export interface SocketServer extends Served, Pick<Room, 'feed' | 'inbox'> {
  /** `ws://127.0.0.1:port/` */
  readonly socketUrl: string
  /** WebSockets that are open now. */
  present(): number
  readonly handshakes: readonly Handshake[]
}

/** Lets the WebSockets of this server into the room; binary messages are echoed. Returns the handshakes, as they come. */
export function seat(http: Server, room: Room): readonly Handshake[] {
  const handshakes: Handshake[] = []
  const wss = new WebSocketServer({ server: http })
  wss.on('connection', (socket, request) => {
    handshakes.push({ path: request.url ?? '', headers: request.headers, protocol: socket.protocol })
    const { heard, left } = room.enter({
      send: (text) => socket.send(text),
      close: (code, reason) => socket.close(code, reason),
    })
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.send(data)
      else heard((data as Buffer).toString())
    })
    socket.on('close', left)
    socket.on('error', () => {})
  })
  return handshakes
}

/** What is not an upgrade gets 426. */
export async function startWsServer(options: RoomOptions): Promise<SocketServer> {
  const room = createRoom(options)
  const http = createServer((_request, response) => response.writeHead(426).end('Upgrade Required'))
  const handshakes = seat(http, room)

  const served = await serve(http)
  return {
    ...served,
    feed: room.feed,
    inbox: room.inbox,
    socketUrl: `ws://127.0.0.1:${served.port}/`,
    present: () => room.present,
    handshakes,
    async close() {
      room.feed.stop()
      await served.close()
    },
  }
}
