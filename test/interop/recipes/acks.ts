// acks.ts
import { jsonOrText, plain, webSocket, type ClientOptions } from '@holdfast/client/plain'

interface Down {
  type?: string
  payload?: unknown
  ack?: string
}

export const options: ClientOptions = {
  transports: [webSocket()],
  heartbeat: { interval: 20_000, grace: 5_000 },
  dialect: plain({
    codec: jsonOrText,
    ping: 'ping',
    isPong: (message) => (message as unknown) === 'pong',
    topicOf: ({ type }: Down) => type,
    dataOf: ({ payload }: Down) => payload,
    wrap: (topic, data) => ({ type: topic, payload: data }),
    withId: (message, id) => ({ ...message, id }),
    ackOf: ({ ack }: Down) => ack,
  }),
}
