// Answers joins and heartbeats of Phoenix's client and pushes to it, version 2 of its serializer: enough for clients that listen.
import { WebSocketServer } from 'ws'
import type { Start } from './index.ts'
import { onText } from './raw.ts'

type Message = [joinRef: string | null, ref: string, topic: string, event: string, payload: unknown]

export const start: Start = (server) => {
  const sockets = new WebSocketServer({ server, path: '/socket/websocket' })
  sockets.on('connection', (socket) => {
    onText(socket, (text) => {
      const [joinRef, ref, topic] = JSON.parse(text) as Message
      socket.send(JSON.stringify([joinRef, ref, topic, 'phx_reply', { status: 'ok', response: {} }]))
    })
  })
  return (text) => {
    const push = JSON.stringify([null, null, 'news', 'news', { text }])
    for (const socket of sockets.clients) socket.send(push)
  }
}
