import { createClient, webSocket } from '@holdfast/client'
import type { Open } from '../contract.ts'

export const open: Open = async ({ url, WebSocket, onMessage }) => {
  const client = createClient<Record<string, string>>(`${url}/realtime`, { transports: [webSocket({ WebSocket })] })
  const news = client.subscribe('news', onMessage)
  await news.ready
  return {
    send: (text) => void client.send('message', text, { volatile: true }),
    acknowledged: (text) => client.send('message', text),
    echo: (text) => client.request('echo', text),
    close: () => client.close(),
  }
}
