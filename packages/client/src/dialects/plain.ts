/** The dialect of a server without Holdfast: what it understands is said by mappings, each of which switches a guarantee on. PURE. */
import type { ClosePolicy } from '@holdfast/protocol'
import type { PayloadCodec } from '../codec.ts'
import type { About, Ask, Dialect } from '../dialect.ts'
import { HoldfastError } from '../errors.ts'
import type { Cause } from '../transport.ts'
import { createPlainSession } from './plain-session.ts'

/**
 * Where a message stands in what the server says. A number counts messages without a hole: it shows duplicates and losses. A text is
 * opaque: it is only good to go on from. `stream`: what is counted by itself, named as its topic; everything that comes if left out.
 * `epoch`: another one means that the server counts anew.
 */
export type PlainPosition = number | string | { offset: number | string; epoch?: string; stream?: string }

/** What the acknowledgement of a message says: just its id, or with a reply, or with the reason of a refusal. */
export type PlainAck =
  string | number | { id: string | number; value?: unknown; error?: { code?: string; message?: string } }

/** What the server's first word says; times in ms. */
export interface PlainWelcome {
  /** The server goes on where the last link ended. @default false */
  resumed?: boolean
  /** Time after which silence is doubtful. The client's own `heartbeat.interval` goes before it. @default 15_000 */
  heartbeat?: number
  /** Spread of the first retry after this link. @default 300 */
  retrySpread?: number
}

/** A request that is about to be made. */
export interface PlainRequest {
  /** The opening of a WebSocket or of an event stream, a poll, or the POST of a message. */
  via: 'webSocket' | 'sse' | 'poll' | 'post'
  /** URL of the connection, http or https. */
  url: string
  /** The last that was had of what has no stream of its own: as `positionOf` gave it, else the last id of an event. */
  position: PlainPosition | undefined
  /** What `auth` gave. */
  credential: unknown
  /** The encoded message, for a POST. */
  body: Ask['body']
}

/**
 * Mappings to what a server speaks. `In` is a message that comes, `Out` one that goes, both as the codec has them. One that throws is
 * reported (`mapping-failed`) and counts as one that knows nothing of that message.
 */
export interface PlainOptions<In = unknown, Out = unknown> {
  /** Messages as text or bytes. @default JSON */
  codec?: PayloadCodec
  /** Asks the server for a sign of life; whatever comes upon it counts. @default none: see `heartbeat` */
  ping?: unknown
  /** Whether it answers a ping, and is nothing else. @default no message does; whatever comes shows that the link lives */
  isPong?(message: In): boolean
  /** What to answer, if this is the server's ping. @default nothing is one */
  pong?(message: In): unknown
  /** Topic for those who `subscribe`. @default the name of a server-sent event, else none: only `on('message')` tells it */
  topicOf?(message: In, about: About): string | undefined
  /** What subscribers get. @default the message */
  dataOf?(message: In, about: About): unknown
  /** Message for a `send(topic, data)`. @default the data as they are: the topic does not travel */
  wrap?(topic: string, data: unknown): Out
  /** The id that a message carries already. @default none does */
  idOf?(message: Out): string | number | undefined
  /** Puts an id on a message. The same again when it is sent again, so that the server can tell. @default none is put */
  withId?(message: Out, id: string): unknown
  /** Which message is acknowledged by this one. @default none is: a message is settled when it is written, or its POST answered */
  ackOf?(message: In): PlainAck | undefined
  /** Where it stands. Asked for every message. @default the id of a server-sent event, else nowhere */
  positionOf?(message: In, about: About): PlainPosition | undefined
  /**
   * Asks for everything after this: on a new link, and where something is missing. Where it gives undefined nothing is said: a poll, or a
   * stream, may name its position in the request. @default none: what is missing is told as a gap
   */
  resume?(position: PlainPosition, stream: string, via: 'webSocket' | 'sse' | 'poll'): unknown
  /** Whether the server shows with it that the link is good. @default the link counts as open as soon as bytes can flow */
  welcomeOf?(message: In): boolean | PlainWelcome
  /** Asks for a topic. @default nothing is said */
  subscribe?(topic: string): unknown
  /** Asks for it no longer. @default nothing is said */
  unsubscribe?(topic: string): unknown
  /** Says a credential: as the first message of a WebSocket or the first POST, and upon `reauthenticate()`. @default nothing is said */
  authenticate?(credential: unknown): unknown
  /** Subprotocols that a WebSocket offers. @default none */
  protocols?: readonly string[]
  /** Changes a request. @default a GET for a stream, with Last-Event-ID, and for a poll; a POST for each message, its answer not read */
  request?(request: PlainRequest): (Partial<Ask> & { protocols?: readonly string[] }) | undefined
  /** Messages of the decoded answer to a poll or a POST. @default the items of an array, else the one */
  messagesOf?(decoded: unknown): readonly In[]
  /** What follows the loss of a link. @default 'retry', but for what HTTP says: 401, 403, 429, 503, and 204 for a stream (stop) */
  closed?(cause: Cause): ClosePolicy | undefined
}

/** Mappings that do nothing without one of the others. */
const needs: { readonly [name: string]: readonly (keyof PlainOptions)[] } = {
  isPong: ['ping'],
  idOf: ['ackOf'],
  withId: ['ackOf'],
  ackOf: ['withId', 'idOf'],
  resume: ['positionOf'],
}
/** What is no function. */
const values = /^(codec|ping|protocols)$/

/** Speaks to a server that knows nothing of Holdfast. Throws a `HoldfastError` (`bad-option`) for what cannot mean anything. */
export function plain<In = unknown, Out = unknown>(options: PlainOptions<In, Out> = {}): Dialect {
  const given = options as PlainOptions
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const others = needs[name]
    let fault = ''
    if (!values.test(name) && typeof value !== 'function') fault = 'give a function'
    else if (name === 'codec' && !(value as PayloadCodec | null)?.decode) fault = 'give encode and decode'
    else if (name === 'protocols' && !Array.isArray(value)) fault = 'give a list of names'
    else if (others && !others.some((other) => given[other] !== undefined)) fault = 'needs ' + others.join(' or ')
    if (fault) throw new HoldfastError('bad-option', `plain(): ${name}: ${fault}.`)
  }
  return { name: 'plain', session: (host) => createPlainSession(host, given) }
}
