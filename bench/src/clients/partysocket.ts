import { WebSocket as PartySocket } from 'partysocket'
import type { Open } from '../contract.ts'
import { opened, socketUrl } from './raw.ts'

export const open: Open = async ({ url, WebSocket, onMessage }) => {
  const socket = new PartySocket(socketUrl(url), [], { WebSocket })
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => onMessage(data))
  await opened(socket as unknown as WebSocket)
  return { send: (text) => socket.send(text), acknowledged: null, echo: null, close: () => socket.close() }
}
