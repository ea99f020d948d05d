// fallback.ts
import { longPolling, plain, webSocket, type ClientOptions } from '@holdfast/client/plain'

interface Down {
  seq?: number
  type?: string
  payload?: unknown
  ack?: string
}

export const options: ClientOptions = {
  // Where the WebSocket fails, the poll is tried within the same attempt.
  transports: [webSocket(), longPolling()],
  dialect: plain({
    topicOf: ({ type }: Down) => type,
    dataOf: ({ payload }: Down) => payload,
    wrap: (topic, data) => ({ type: topic, payload: data }),
    withId: (message, id) => ({ ...message, id }),
    ackOf: ({ ack }: Down) => ack,
    positionOf: ({ seq }: Down) => seq,
    // Said by message over the WebSocket only: a poll names its position in the URL.
    resume: (position, _stream, via) =>
      via === 'webSocket' ? { type: 'resync', from: (position as number) + 1 } : undefined,
    request({ via, url, position = 0 }) {
      if (via === 'webSocket') return undefined
      return { url: new URL(via === 'post' ? '/messages' : `/poll?since=${Number(position)}`, url).href }
    },
  }),
}
