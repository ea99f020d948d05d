// polls.ts
import { longPolling, plain, type ClientOptions, type PlainOptions } from '@holdfast/client/plain'

interface Down {
  seq?: number
  type?: string
  payload?: unknown
  ack?: string
}

const mappings: PlainOptions<Down, object> = {
  topicOf: ({ type }) => type,
  dataOf: ({ payload }) => payload,
  positionOf: ({ seq }) => seq,
  wrap: (topic, data) => ({ type: topic, payload: data }),
  withId: (message, id) => ({ ...message, id }),
  ackOf: ({ ack }) => ack,
  request: ({ via, url, position = 0 }) => ({
    url: via === 'post' ? new URL('/messages', url).href : `${url}?since=${Number(position)}`,
  }),
}

/** For the route that holds a poll until there is news. */
export const longPoll: ClientOptions = { transports: [longPolling()], dialect: plain(mappings) }

/** For the route that answers at once: a poll every 5 s. */
export const shortPoll: ClientOptions = {
  transports: [longPolling({ interval: 5_000 })],
  dialect: plain(mappings),
}
