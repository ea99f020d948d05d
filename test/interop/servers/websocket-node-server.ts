// The same server on `websocket` (WebSocket-Node), which servers of an older age use.
import { createServer } from 'node:http'
import websocket from 'websocket'
import { createRoom, type RoomOptions } from './room.ts'
import { serve } from './serve.ts'
import type { Handshake, SocketServer } from './ws-server.ts'

/** Binary messages are echoed, whatever the shape. What is not an upgrade gets 404. */
export async function startWebSocketNodeServer(options: RoomOptions): Promise<SocketServer> {
  const room = createRoom(options)
  const handshakes: Handshake[] = []
  const http = createServer((_request, response) => response.writeHead(404).end())
  const wsServer = new websocket.server({ httpServer: http, autoAcceptConnections: false })

  wsServer.on('request', (request) => {
    const protocol = request.requestedProtocols[0]
    const connection = request.accept(protocol, request.origin)
    handshakes.push({ path: request.resource, headers: request.httpRequest.headers, protocol: protocol ?? '' })
    const { heard, left } = room.enter({
      send: (text) => connection.sendUTF(text),
      close: (code, reason) => connection.close(code, reason),
    })
    connection.on('message', (message) => {
      if (message.type === 'binary') connection.sendBytes(message.binaryData)
      else heard(message.utf8Data)
    })
    connection.on('close', left)
    connection.on('error', () => {})
  })

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
      wsServer.shutDown()
      await served.close()
    },
  }
}
