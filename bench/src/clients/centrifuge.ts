import { Centrifuge } from 'centrifuge'
import type { Open } from '../contract.ts'
import { socketUrl } from './raw.ts'

export const open: Open = async ({ url, WebSocket, onMessage }) => {
  const client = new Centrifuge(`${socketUrl(url)}/connection`, { websocket: WebSocket })
  const news = client.newSubscription('news')
  news.on('publication', ({ data }) => onMessage(data as string))
  news.subscribe()
  client.connect()
  await Promise.all([client.ready(), news.ready()])
  return {
    send: (text) => void client.send(text),
    acknowledged: (text) => client.publish('message', text),
    echo: async (text) => (await client.rpc('echo', text)).data as unknown,
    close: () => client.disconnect(),
  }
}
