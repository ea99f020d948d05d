import { Server } from 'socket.io'
import type { Start } from './index.ts'

type Reply = ((answer?: string) => void) | undefined

export const start: Start = (server, attend) => {
  // Recovery on, so that what is measured is what can recover; it is off by default.
  const io = new Server(server, { serveClient: false, connectionStateRecovery: {} })
  io.on('connection', (socket) => {
    const receive = attend((text) => socket.emit('news', text))
    socket.on('message', (text: string, reply: Reply) => {
      receive(text)
      reply?.()
    })
    socket.on('echo', (text: string, reply: Reply) => reply?.(text))
  })
  return (text) => io.emit('news', text)
}
