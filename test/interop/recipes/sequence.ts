// sequence.ts
import { jsonOrText, plain, webSocket, type ClientOptions } from '@holdfast/client/plain'

interface Down {
  seq?: number
  type?: string
  payload?: unknown
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
    positionOf: ({ seq }: Down) => seq,
    // This server's `from` is the first that is missing.
    resume: (position) => ({ type: 'resync', from: (position as number) + 1 }),
  }),
}
