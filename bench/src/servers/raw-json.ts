import { WebSocketServer } from 'ws'
import type { Start } from './index.ts'
import { onText } from './raw.ts'

interface Up {
  type: 'message' | 'echo'
  /** Wants an answer with this number. */
  id?: number
  data: string
}

export const start: Start = (server, attend) => {
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    const receive = attend((data) => socket.send(JSON.stringify({ data })))
    onText(socket, (text) => {
      const { type, id, data } = JSON.parse(text) as Up
      if (type === 'message') receive(data)
      if (id !== undefined) socket.send(JSON.stringify({ id, data: type === 'echo' ? data : '' }))
    })
  })
  return (data) => sockets.clients.forEach((socket) => socket.send(JSON.stringify({ data })))
}
