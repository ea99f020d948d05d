// As `raw-json`, with all messages of a turn in one frame, both ways: about what can be had at most by hand.
import type { Open } from '../contract.ts'
import { opened, socketUrl } from './raw.ts'

export const open: Open = async ({ url, WebSocket, onMessage }) => {
  const socket = new WebSocket(socketUrl(url))
  const waiting = new Map<number, (data: string) => void>()
  let batch: [type: string, data: string, id?: number][] = []
  let last = 0
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
    for (const [text, id] of JSON.parse(data) as [string, number?][]) {
      if (id === undefined) onMessage(text)
      else {
        waiting.get(id)?.(text)
        waiting.delete(id)
      }
    }
  })
  const flush = (): void => {
    socket.send(JSON.stringify(batch))
    batch = []
  }
  const put = (type: string, data: string, id?: number): void => {
    if (batch.push(id === undefined ? [type, data] : [type, data, id]) === 1) queueMicrotask(flush)
  }
  const ask =
    (type: 'message' | 'echo') =>
    (data: string): Promise<string> =>
      new Promise((resolve) => {
        waiting.set(++last, resolve)
        put(type, data, last)
      })
  await opened(socket)
  return {
    send: (data) => put('message', data),
    acknowledged: ask('message'),
    echo: ask('echo'),
    close: () => socket.close(),
  }
}
