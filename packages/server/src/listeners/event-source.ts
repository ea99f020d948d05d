/** Event streams down, POSTs up (PROTOCOL.md §5.2, §5.3). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CloseCode, json } from '@holdfast/protocol'
import type { Codec, Hello, Packet } from '@holdfast/protocol'
import type { Link, LinkEnd } from '../link.ts'
import { weightOf } from '../arrivals.ts'
import { randomName } from '../random.ts'
import type { Farewell } from '../farewell.ts'
import { requestOf, statusOf } from './gate.ts'
import type { Arrived, Gate } from './gate.ts'

export interface EventSourceListener {
  /** Answers a hello with the stream. */
  open(request: IncomingMessage, response: ServerResponse, hello: Arrived): void
  /** Answers a hello of so many bytes with a ticket for the stream. */
  ticket(response: ServerResponse, hello: Hello, bytes: number, codec: Codec): Promise<void>
  /** Answers a GET that shows a ticket with the stream. */
  redeem(request: IncomingMessage, response: ServerResponse, ticket: string): Promise<void>
  /** Forgets tickets. */
  close(): void
}

interface Ticket {
  /** As a packet. */
  readonly hello: Packet
  /** Its size. */
  readonly bytes: number
  readonly until: number
}

const TICKET_LIFE = 30_000
const TICKET_LENGTH = 32
/** Before a ticket, in a store. */
const TICKET = 'ticket:'
/** Some proxies hold back the first bytes of an answer. */
const OPENING = ':' + ' '.repeat(2_048) + '\n\n'
const STREAM = {
  'Content-Type': 'text/event-stream;charset=UTF-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  'X-Accel-Buffering': 'no',
}
const UNKNOWN_TICKET: Farewell = { code: CloseCode.stale, reason: 'the ticket has been used or is out of time' }

export function createEventSourceListener(gate: Gate): EventSourceListener {
  const { context } = gate
  const { codecs } = context
  const { clock, random, limits, sessions } = context.settings
  /** In the order of their expiry. */
  const tickets = new Map<string, Ticket>()
  /** What all of them count. */
  let weight = 0

  function drop(value: string, { bytes }: Ticket): void {
    if (tickets.delete(value)) weight -= weightOf(bytes)
  }
  function dropOld(): void {
    for (const [value, ticket] of tickets) {
      if (ticket.until > clock.now()) return
      drop(value, ticket)
    }
  }
  /** Whether the store did it. */
  async function asked(ask: () => Promise<unknown> | undefined): Promise<boolean> {
    try {
      await ask()
      return true
    } catch (error) {
      context.report(error, 'the session store')
      return false
    }
  }
  function stream(request: IncomingMessage, response: ServerResponse, codec: Codec, refusals: Refusals): LinkEnd {
    const link = createStreamLink(gate, { response, codec, refusals })
    const end = gate.hub.arrivals.accept(link, requestOf(request))
    response.on('drain', () => end.drained())
    response.on('close', () => end.dropped())
    return end
  }

  return {
    open: (request, response, { frames, bytes, codec }) =>
      stream(request, response, codec, 'status').take(frames, bytes),
    async ticket(response, hello, bytes, codec) {
      dropOld()
      const { hub } = gate
      const refusal = hub.arrivals.refusal()
      if (refusal) return gate.refuse(response, refusal, codec)
      // A single one is let in, however large: else a low limit would keep a client out for ever.
      if (tickets.size && weight + weightOf(bytes) > limits.unauthenticated)
        return gate.refuse(response, { code: CloseCode.overloaded, reason: 'too many tickets' }, codec)
      const value = randomName(random, TICKET_LENGTH) + '.' + (codec.name ?? '')
      const ticket = { hello: codec.join([codec.encode(['hello', hello])]), bytes, until: clock.now() + TICKET_LIFE }
      tickets.set(value, ticket)
      weight += weightOf(bytes)
      // It may be shown to another server. Here it is kept for what it counts.
      if (!(await asked(() => sessions?.put(TICKET + value, ticket.hello, TICKET_LIFE))))
        return gate.answer(response, 503, [], codec)
      gate.answer(response, 200, [codec.encode(['ticket', value])], codec)
    },
    async redeem(request, response, value) {
      dropOld()
      const ticket = tickets.get(value)
      const codec = codecs.named(value.split('.')[1] ?? '')
      if (ticket) drop(value, ticket)
      let hello = ticket?.hello ?? null
      if (sessions && !(await asked(async () => (hello = await sessions.take(TICKET + value)))))
        return gate.answer(response, 503, [], json)
      if (!hello || !codec) return gate.refuse(response, UNKNOWN_TICKET, json)
      stream(request, response, codec, 'stream').receive(hello)
    },
    close() {
      for (const [value, ticket] of tickets) drop(value, ticket)
    },
  }
}

/** How a hello that is refused learns of it: by the status, or, since EventSource shows none, as the only event of the stream. */
type Refusals = 'status' | 'stream'

interface Parts {
  response: ServerResponse
  codec: Codec
  refusals: Refusals
}

/** One line per packet: JSON text has no line breaks of its own, and bytes travel as base64url (PROTOCOL.md §5.3). */
const lineOf = (packet: Packet): string =>
  typeof packet === 'string'
    ? packet
    : Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength).toString('base64url')

function createStreamLink(gate: Gate, { response, codec, refusals }: Parts): Link {
  function start(): void {
    if (response.headersSent) return
    response.socket?.setNoDelay(true)
    response.writeHead(200, STREAM)
    response.flushHeaders()
    response.write(OPENING)
  }
  const write = (frames: readonly Packet[]): unknown => response.write('data: ' + lineOf(codec.join(frames)) + '\n\n')
  return {
    transport: 'eventSource',
    codec,
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
      if (!response.headersSent && refusals === 'status') return gate.answer(response, statusOf(code), last, codec)
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
