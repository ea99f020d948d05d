import { WebSocketServer, type WebSocket } from 'ws'
import type { Start } from './index.ts'

/** Strings both ways: what `ws` gives is bytes. */
export function onText(socket: WebSocket, receive: (text: string) => void): void {
  socket.on('message', (data: Buffer) => receive(data.toString()))
}

export const start: Start = (server, attend) => {
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    onText(
      socket,
      attend((text) => socket.send(text)),
    )
  })
  return (text) => sockets.clients.forEach((socket) => socket.send(text))
}
