import { Socket } from 'phoenix'
import type { Open } from '../contract.ts'
import { socketUrl } from './raw.ts'

export const open: Open = async ({ url, WebSocket, onMessage }) => {
  const socket = new Socket(`${socketUrl(url)}/socket`, { transport: WebSocket })
  socket.connect()
  const channel = socket.channel('news')
  channel.on('news', ({ text }) => onMessage(text))
  await new Promise((resolve, reject) => {
    channel.join().receive('ok', resolve).receive('error', reject)
  })
  return {
    send: (text) => void channel.push('message', { text }),
    acknowledged: null,
    echo: null,
    close: () => socket.disconnect(),
  }
}
