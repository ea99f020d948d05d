/** Server-sent events down, POST up (PROTOCOL.md §5.2, §5.3): a streaming `fetch`, or the platform's EventSource where that is missing. */
// oxlint-disable unicorn/prefer-add-event-listener -- assigned handlers can be taken off by whoever holds the object, and cost less
import type { Wire } from '../dialect.ts'
import type { Transport } from '../transport.ts'
import { createHttpLink, POST_TIMEOUT, typeOf } from './http-uplink.ts'
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
}

const FAILED = { code: 1006, reason: 'event stream failed' }

/** The answer to the hello is the stream. */
async function openStream(http: HttpLink, wire: Wire): Promise<void> {
  // What went wrong in the network a browser does not tell: a rejection is no answer, or the end.
  const none = (): null => null
  const response = await http.start(wire.hello('sse'), { accept: 'text/event-stream' }).catch(none)
  if (response?.status !== 200) return http.refuse(response, (await response?.text().catch(none)) ?? '')
  if (!/event-stream/i.test(typeOf(response))) return http.refuse(response)
  http.owner?.opened()
  // Removes the byte order mark, and keeps what a piece has of a divided character.
  const decoder = new TextDecoder()
  const push = createStreamParser(({ data }) => http.owner?.received(data))
  const reader = response.body?.getReader()
  for (let piece; http.owner && (piece = await reader?.read().catch(none)) && !piece.done;)
    if (!push(decoder.decode(piece.value, { stream: true }))) http.drop({ code: 1002, reason: 'event too large' })
  http.drop(FAILED)
}

/** The hello is exchanged for a ticket, since an EventSource can send neither a body nor headers. */
async function openNative(http: HttpLink, wire: Wire, connect: (ticket: string) => EventSource): Promise<void> {
  const answer = await http.insist(wire.hello('ticket'), POST_TIMEOUT, 1)
  if (answer === null) return
  const frames = wire.decode(answer)
  const ticket = Array.isArray(frames) && frames.find(([type]) => type === 'ticket')
  if (!ticket) {
    // It may tell why: the owner acts on that.
    http.owner?.received(answer)
    return http.drop(FAILED)
  }
  const source = connect(ticket[1] as string)
  http.hold(() => source.close())
  source.onopen = () => http.owner?.opened()
  source.onmessage = ({ data }) => http.owner?.received(data)
  // It would try again with the used ticket, by a schedule of its own: coming back is the owner's business.
  source.onerror = () => http.drop(FAILED)
}

/** Packets as events of one response, frames up by POST. */
export function eventSource(options: EventSourceOptions = {}): Transport {
  return {
    name: 'eventSource',
    open(opening, events) {
      const { wire, url } = opening
      const http = createHttpLink(options, opening, events)
      if (options.native ?? !(options.fetch || 'body' in Response.prototype)) {
        const Source = options.EventSource ?? EventSource
        const query = (url.includes('?') ? '&' : '?') + 'ticket='
        const { withCredentials = false } = options
        void openNative(
          http,
          wire,
          (ticket) => new Source(url + query + encodeURIComponent(ticket), { withCredentials }),
        )
      } else void openStream(http, wire)
      return http
    },
  }
}
