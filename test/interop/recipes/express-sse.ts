// express-sse.ts
import { eventSource, plain, type ClientOptions } from '@holdfast/client/plain'

export const options: ClientOptions = {
  transports: [eventSource()],
  dialect: plain({
    // The ids of express-sse begin anew with each stream: they say nothing.
    positionOf: () => undefined,
    wrap: (topic, data) => ({ type: topic, payload: data }),
    withId: (message, id) => ({ ...message, id }),
    ackOf: (answer: { ack?: string }) => answer.ack,
    request: ({ via, url }) => (via === 'post' ? { url: new URL('/messages', url).href } : undefined),
  }),
}
