/** Server-sent events down, POST up (PROTOCOL.md §5.2, §5.3): a streaming `fetch`, or the platform's EventSource where that is missing. */
// oxlint-disable unicorn/prefer-add-event-listener -- assigned handlers can be taken off by whoever holds the object, and cost less
import type { Wire } from '../dialect.ts'
import type { Cause, Opening, Transport } from '../transport.ts'
import { createHttpLink, POST_TIMEOUT, readBody, typeOf } from './http-uplink.ts'
import type { HttpLink, HttpOptions } from './http-uplink.ts'
import { createStreamParser } from './sse-parser.ts'

/** Options of `eventSource()`. */
export interface EventSourceOptions extends HttpOptions {
  /** The class for `native`. @default the global one, looked up when a link opens */
  EventSource?: typeof EventSource
  /**
   * Use the platform's EventSource class. It costs one more round trip, hides status codes, and gets a one-time ticket in its URL.
   * @default only where the body of a response cannot be read as a stream
   */
  native?: boolean
  /** Named events that the native class listens for, beside those without a name. A stream that is read here gives all of them. @default none */
  events?: readonly string[]
}

/** Longest `retry` that is believed, ms. */
const MAX_RETRY = 60_000
const FAILED = { code: 1006, reason: 'event stream failed' }

/** The answer to the hello is the stream. */
async function openStream(http: HttpLink, wire: Wire): Promise<void> {
  // What went wrong in the network a browser does not tell: a rejection is no answer, or the end.
  const none = (): null => null
  const hello = wire.hello('sse')!
  const response = await http.start(hello, { accept: 'text/event-stream' }).catch(none)
  if (response?.status !== 200)
    return http.refuse(response, (response && (await readBody(response, hello).catch(none))) ?? '')
  if (!/event-stream/i.test(typeOf(response))) return http.refuse(response)
  http.owner?.opened()
  // Removes the byte order mark, and keeps what a piece has of a divided character.
  const decoder = new TextDecoder()
  let again: Partial<Cause> = {}
  const push = createStreamParser(
    ({ type, data, id }) => http.owner?.received(data, { event: type, id }),
    (retry) => (again = { retryAfter: Math.min(retry, MAX_RETRY) }),
    (id) => http.owner?.heard(id),
  )
  const reader = response.body?.getReader()
  for (let piece; http.owner && (piece = await reader?.read().catch(none)) && !piece.done;) {
    if (!push(decoder.decode(piece.value, { stream: true }))) http.drop({ code: 1002, reason: 'event too large' })
    http.owner?.heard()
  }
  http.drop({ ...FAILED, ...again })
}

/** An EventSource can send neither a body nor headers: the hello is exchanged for a ticket, which is part of the URL. */
async function openNative(
  http: HttpLink,
  { url, wire }: Opening,
  Source: typeof EventSource,
  options: EventSourceOptions,
): Promise<void> {
  const hello = wire.hello('ticket')
  let address = wire.hello('sse')?.url ?? url
  if (hello) {
    const answer = await http.insist(hello, POST_TIMEOUT, 1)
    if (answer === null) return
    const ticket = wire.ticket(answer)
    if (ticket === null) {
      // It may tell why: the owner acts on that.
      http.owner?.received(answer)
      return http.drop(FAILED)
    }
    address += (url.includes('?') ? '&' : '?') + 'ticket=' + encodeURIComponent(ticket)
  }
  const source = new Source(address, { withCredentials: !!options.withCredentials })
  const received = ({ type, data, lastEventId }: MessageEvent): void =>
    http.owner?.received(data, { event: type === 'message' ? '' : type, id: lastEventId })
  http.hold(() => source.close())
  source.onopen = () => http.owner?.opened()
  source.onmessage = received
  for (const name of options.events ?? []) source.addEventListener(name, received)
  // It would try again with the used ticket, by a schedule of its own: coming back is the owner's business.
  source.onerror = () => http.drop(FAILED)
}

/** Packets as events of one response, frames up by POST. */
export function eventSource(options: EventSourceOptions = {}): Transport {
  return {
    name: 'eventSource',
    open(opening, events) {
      const http = createHttpLink(options, opening, events)
      if (options.native ?? !(options.fetch || 'body' in Response.prototype))
        void openNative(http, opening, options.EventSource ?? EventSource, options)
      else void openStream(http, opening.wire)
      return http
    },
  }
}
