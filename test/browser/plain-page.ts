// What a page of the plain browser tests runs: clients of servers that know nothing of Holdfast, and what they are told.
import {
  binary,
  createClient,
  eventSource,
  plain,
  webSocket,
  type Client,
  type ClientOptions,
} from '@holdfast/client/plain'
import { options as sseRoute } from '../interop/recipes/sse-route.ts'

export interface Told {
  client: Client
  heard: [topic: string, data: unknown][]
}

const positionOf = (_message: unknown, { id }: { id?: string }): number | undefined => (id ? Number(id) : undefined)

const options = {
  recipe: sseRoute,
  /** The platform's class: no headers, so the position is part of the URL. */
  native: {
    transports: [eventSource({ native: true, events: ['tick'], withCredentials: true })],
    dialect: plain({
      positionOf,
      request: ({ via, url, position }) =>
        via === 'sse' && position !== undefined ? { url: `${url}?lastEventId=${JSON.stringify(position)}` } : undefined,
    }),
  },
  fetched: {
    transports: [eventSource({ headers: { 'x-key': 'secret' }, withCredentials: true })],
    dialect: plain({ positionOf }),
  },
  bytes: { transports: [webSocket()], dialect: plain({ codec: binary, protocols: ['v2', 'v1'] }) },
} satisfies { [name: string]: ClientOptions }

declare global {
  var told: Told[]
  var openPlain: (name: keyof typeof options, url: string, count?: number) => void
}

globalThis.told = []
globalThis.openPlain = (name, url, count = 1) => {
  for (let n = 0; n < count; n++) {
    const client = createClient(url, options[name])
    const heard: Told['heard'] = []
    client.on('message', ({ topic, data }) => heard.push([topic, data]))
    told.push({ client, heard })
  }
}
