/** Event streams down, POSTs up (PROTOCOL.md §5.2, §5.3). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CloseCode } from '@holdfast/protocol'
import type { Hello, Packet, UpFrame } from '@holdfast/protocol'
import type { Link, LinkEnd } from '../link.ts'
import { randomName } from '../random.ts'
import type { Farewell } from '../farewell.ts'
import { requestOf, statusOf } from './gate.ts'
import type { Gate } from './gate.ts'

export interface EventSourceListener {
  /** Answers a hello with the stream. */
  open(request: IncomingMessage, response: ServerResponse, hello: readonly UpFrame[], bytes: number): void
  /** Answers a hello with a ticket for the stream. */
  ticket(response: ServerResponse, hello: Hello): void
  /** Answers a GET that shows a ticket with the stream. */
  redeem(request: IncomingMessage, response: ServerResponse, ticket: string): void
  /** Forgets tickets. */
  close(): void
}

const TICKET_LIFE = 30_000
const TICKET_LENGTH = 32
/** Some proxies hold back the first bytes of an answer. */
const OPENING = ':' + ' '.repeat(2_048) + '\n\n'
const STREAM = {
  'Content-Type': 'text/event-stream;charset=UTF-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  'X-Accel-Buffering': 'no',
}
const UNKNOWN_TICKET: Farewell = { code: CloseCode.stale, reason: 'the ticket has been used or is out of time' }

export function createEventSourceListener(gate: Gate): EventSourceListener {
  const { clock, random, limits } = gate.context.settings
  /** In the order of their expiry. */
  const tickets = new Map<string, { hello: Hello; until: number }>()

  function dropOld(): void {
    for (const [value, { until }] of tickets) {
      if (until > clock.now()) return
      tickets.delete(value)
    }
  }
  function stream(request: IncomingMessage, response: ServerResponse, refusals: Refusals): LinkEnd {
    const link = createStreamLink(gate, response, refusals)
    const end = gate.hub.arrivals.accept(link, requestOf(request))
    response.on('drain', () => end.drained())
    response.on('close', () => end.dropped())
    return end
  }

  return {
    open: (request, response, hello, bytes) => stream(request, response, 'status').take(hello, bytes),
    ticket(response, hello) {
      dropOld()
      const { context, hub } = gate
      const refusal = hub.arrivals.refusal()
      if (refusal) return gate.refuse(response, refusal)
      if (tickets.size >= limits.unauthenticated)
        return gate.refuse(response, { code: CloseCode.overloaded, reason: 'too many tickets' })
      const value = randomName(random, TICKET_LENGTH)
      tickets.set(value, { hello, until: clock.now() + TICKET_LIFE })
      gate.answer(response, 200, context.settings.codec.join([context.encode(['ticket', value])]))
    },
    redeem(request, response, ticket) {
      dropOld()
      const bearer = tickets.get(ticket)
      if (!bearer) return gate.refuse(response, UNKNOWN_TICKET)
      tickets.delete(ticket)
      stream(request, response, 'stream').take([['hello', bearer.hello]], 0)
    },
    close: () => tickets.clear(),
  }
}

/** How a hello that is refused learns of it: by the status, or, since EventSource shows none, as the only event of the stream. */
type Refusals = 'status' | 'stream'

function createStreamLink(gate: Gate, response: ServerResponse, refusals: Refusals): Link {
  const { codec } = gate.context.settings
  function start(): void {
    if (response.headersSent) return
    response.socket?.setNoDelay(true)
    response.writeHead(200, STREAM)
    response.flushHeaders()
    response.write(OPENING)
  }
  // One line per packet: JSON text has no line breaks of its own.
  const write = (frames: readonly Packet[]): unknown => response.write('data: ' + codec.join(frames) + '\n\n')
  return {
    transport: 'eventSource',
    get buffered() {
      return response.writableLength
    },
    send(frames) {
      if (response.destroyed || response.writableEnded) return
      start()
      write(frames)
    },
    close(code, _reason, last) {
      if (response.destroyed || response.writableEnded) return
      if (!response.headersSent && refusals === 'status') return gate.answer(response, statusOf(code), codec.join(last))
      start()
      if (last.length) write(last)
      gate.lastly(
        () => response.destroy(),
        (ended) => response.once('close', ended),
      )
      response.end()
    },
  }
}
