// A WebSocket with what everybody writes by hand: JSON, a number for each message that wants an answer, a map of who waits for it.
import type { Open } from '../contract.ts'
import { opened, socketUrl } from './raw.ts'

interface Down {
  /** Of the message that this answers; absent: pushed. */
  id?: number
  data: string
}

export const open: Open = async ({ url, WebSocket, onMessage }) => {
  const socket = new WebSocket(socketUrl(url))
  const waiting = new Map<number, (data: string) => void>()
  let last = 0
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as Down
    if (message.id === undefined) return onMessage(message.data)
    waiting.get(message.id)?.(message.data)
    waiting.delete(message.id)
  })
  const ask =
    (type: 'message' | 'echo') =>
    (data: string): Promise<string> =>
      new Promise((resolve) => {
        waiting.set(++last, resolve)
        socket.send(JSON.stringify({ type, id: last, data }))
      })
  await opened(socket)
  return {
    send: (data) => socket.send(JSON.stringify({ type: 'message', data })),
    acknowledged: ask('message'),
    echo: ask('echo'),
    close: () => socket.close(),
  }
}
