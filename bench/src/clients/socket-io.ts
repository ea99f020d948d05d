import { io } from 'socket.io-client'
import type { Open } from '../contract.ts'

export const open: Open = async ({ url, onMessage }) => {
  // WebSocket from the start, as all others here; in Node it is the library's own copy of `ws`.
  const socket = io(url, { transports: ['websocket'], forceNew: true })
  socket.on('news', onMessage)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  return {
    send: (text) => socket.emit('message', text),
    acknowledged: (text) => socket.emitWithAck('message', text) as Promise<unknown>,
    echo: (text) => socket.emitWithAck('echo', text) as Promise<unknown>,
    close: () => socket.close(),
  }
}
