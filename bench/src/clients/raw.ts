// A WebSocket and nothing else: one frame for each message, no acknowledgement.
import type { Open } from '../contract.ts'

export const socketUrl = (url: string): string => url.replace(/^http/, 'ws')

export function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new Error('cannot connect')), { once: true })
  })
}

export const open: Open = async ({ url, WebSocket, onMessage }) => {
  const socket = new WebSocket(socketUrl(url))
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => onMessage(data))
  await opened(socket)
  return { send: (text) => socket.send(text), acknowledged: null, echo: null, close: () => socket.close() }
}
