/** One link to a plain server, as its transport needs to know it: requests, and messages as the codec makes them. PURE. */
import type { Packet } from '@holdfast/protocol'
import type { PayloadCodec } from '../codec.ts'
import type { About, Ask, Wire } from '../dialect.ts'
import type { PlainOptions, PlainRequest } from './plain.ts'

/** How long a poll may be held open before it counts as the link, ms. */
const OPEN_AFTER = 2000

/** What came, and what its transport told of it. */
export interface Item {
  readonly message: unknown
  readonly about: About
}

export interface WireParts {
  readonly options: PlainOptions
  readonly codec: PayloadCodec
  /** What is known when a request is made. */
  known(): Pick<PlainRequest, 'url' | 'position' | 'credential'>
  /** The id of the last server-sent event; empty without one. */
  lastEventId(): string
  /** What a WebSocket says first. */
  first: Packet | null
  /** It is a link over HTTP: `first` is not said by the transport. */
  overHttp(via: 'sse' | 'poll'): void
  /** Calls what the user has given; what it throws is reported, and `none` comes instead. */
  attempt<T>(name: string, call: () => T, none: T): T
  undecodable(why: unknown): void
  /** A POST was found wrong: whether its message is settled by that. */
  refused(why: string): boolean
}

export function createPlainWire(parts: WireParts): Wire {
  const { options, codec, known, lastEventId, first, overHttp, attempt, undecodable, refused } = parts
  const own = (via: PlainRequest['via'], body?: Packet): ReturnType<NonNullable<PlainOptions['request']>> =>
    attempt('request', () => options.request?.({ ...known(), via, body }), undefined)

  function ask(via: 'sse' | 'poll' | 'post', body?: Packet): Ask {
    const headers: Record<string, string> = {}
    if (via === 'sse' && lastEventId()) headers['last-event-id'] = lastEventId()
    if (body !== undefined && codec.type) headers['content-type'] = codec.type
    const mine = own(via, body)
    return {
      method: body === undefined ? 'GET' : 'POST',
      body,
      // The answer to a message may acknowledge it; where nothing can, it is as often as not a mere "OK".
      isAnswered: !!options.ackOf,
      isBinary: codec.binary,
      ...mine,
      headers: { ...headers, ...mine?.headers },
    }
  }
  function decode(packet: unknown, about: About = {}): Item[] {
    const bytes = packet instanceof ArrayBuffer ? new Uint8Array(packet) : (packet as Packet)
    if (about.isAnswer && !bytes.length) return []
    try {
      const decoded = codec.decode(bytes)
      const list = (): readonly unknown[] => (Array.isArray(decoded) ? decoded : [decoded])
      const messages = about.isAnswer
        ? attempt('messagesOf', () => options.messagesOf?.(decoded) ?? list(), [])
        : [decoded]
      return messages.map((message) => ({ message, about }))
    } catch (error) {
      undecodable(error)
      return []
    }
  }
  let upgrade: ReturnType<typeof own> | null = null
  const socket = (): ReturnType<typeof own> => (upgrade === null ? (upgrade = own('webSocket')) : upgrade)

  return {
    // One message for each packet: nothing is known of how to join them.
    limit: 0,
    openAfter: OPEN_AFTER,
    get url() {
      return socket()?.url
    },
    get protocols() {
      return socket()?.protocols ?? options.protocols ?? []
    },
    first,
    hello(via) {
      if (via === 'ticket') return null
      overHttp(via)
      return ask(via)
    },
    request: (head, frames) => ask(head, frames[0]),
    refused,
    pack: (frames) => frames,
    decode,
    isFarewell: () => false,
    ticket: () => null,
  }
}
