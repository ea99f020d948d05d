// sse-route.ts
import { eventSource, plain, type ClientOptions } from '@holdfast/client/plain'

export const options: ClientOptions = {
  transports: [eventSource()],
  // The route sends a comment every 15 s.
  heartbeat: { interval: 20_000, grace: 5_000 },
  dialect: plain({
    // The ids of this route count its messages: duplicates are dropped, holes are told.
    positionOf: (_message, { id }) => (id ? Number(id) : undefined),
    wrap: (topic, data) => ({ type: topic, payload: data }),
    withId: (message, id) => ({ ...message, id }),
    ackOf: (message: { ack?: string }) => message.ack,
    request: ({ via, url }) => (via === 'post' ? { url: new URL('/messages', url).href } : undefined),
  }),
}
