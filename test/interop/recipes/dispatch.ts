// dispatch.ts
import { jsonOrText, plain, webSocket, type ClientOptions } from '@holdfast/client/plain'

interface Message {
  socketType: string
  action: string
  data: unknown
}

export const options: ClientOptions = {
  transports: [webSocket()],
  heartbeat: { interval: 20_000, grace: 5_000 },
  dialect: plain({
    codec: jsonOrText,
    ping: 'ping',
    isPong: (message) => (message as unknown) === 'pong',
    topicOf: ({ socketType, action }: Message) => `${socketType}/${action}`,
    dataOf: ({ data }: Message) => data,
    wrap(topic, data) {
      const [socketType, action] = topic.split('/')
      return { socketType, action, data }
    },
  }),
}
