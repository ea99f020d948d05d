import { WebSocketServer } from 'ws'
import type { Start } from './index.ts'
import { onText } from './raw.ts'

export const start: Start = (server, attend) => {
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    let batch: [data: string, id?: number][] = []
    const put = (entry: [string, number?]): void => {
      if (batch.push(entry) === 1) queueMicrotask(flush)
    }
    const flush = (): void => {
      socket.send(JSON.stringify(batch))
      batch = []
    }
    const receive = attend((data) => put([data]))
    onText(socket, (text) => {
      for (const [type, data, id] of JSON.parse(text) as [string, string, number?][]) {
        if (type === 'message') receive(data)
        if (id !== undefined) put([type === 'echo' ? data : '', id])
      }
    })
  })
  return (data) => sockets.clients.forEach((socket) => socket.send(JSON.stringify([[data]])))
}
