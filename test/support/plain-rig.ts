// A client of the plain dialect with everything scripted: the test plays the server, message by message.
import type { Packet } from '@holdfast/protocol'
import type { About } from '../../packages/client/src/dialect.ts'
import { plain, type PlainOptions } from '../../packages/client/src/dialects/plain.ts'
import type { ClientOptions } from '../../packages/client/src/options.ts'
import { createClient } from '../../packages/client/src/plain.ts'
import type { Cause, LinkEvents, Opening, Transport } from '../../packages/client/src/transport.ts'
import type { Client, Gap } from '../../packages/client/src/types.ts'
import type { HoldfastError } from '../../packages/client/src/errors.ts'
import { createParts } from './client-rig.ts'
import { settled } from './virtual-clock.ts'

/** One link as the server sees it. */
export interface PlainLink {
  readonly opening: Opening
  readonly events: LinkEvents
  /** Packets that have come, as they are. */
  readonly packets: readonly Packet[]
  /** The same as JSON, but those that are none. */
  readonly heard: readonly unknown[]
  /** Let go from this side. */
  readonly closed: boolean
  /** Says these, each in a packet of its own. */
  says(...messages: unknown[]): void
  /** Says this packet. */
  sends(packet: unknown, about?: About): void
  /** Tells that so many more packets are off (all by default), where the link does not by itself. */
  flushed(count?: number): void
  dropped(code?: number, more?: Partial<Cause>): void
}

/** `holds`: tells of what was sent only when it is `flushed`, as HTTP does. `via`: asks as an HTTP transport does. */
export interface PlainTransportOptions {
  holds?: boolean
  via?: 'sse' | 'poll'
}

/** Any text as JSON where it is. */
function read(packet: Packet): unknown {
  try {
    return JSON.parse(String(packet)) as unknown
  } catch {
    return packet
  }
}

function plainTransport(links: PlainLink[], { holds = false, via }: PlainTransportOptions): Transport {
  return {
    name: via ?? 'webSocket',
    open(opening, events) {
      const packets: Packet[] = []
      const { first } = opening.wire
      if (via) opening.wire.hello(via)
      else if (first !== null) packets.push(first)
      let unsaid: Packet[] = []
      let closed = false
      links.push({
        opening,
        events,
        packets,
        get heard() {
          return packets.map(read)
        },
        get closed() {
          return closed
        },
        says: (...messages) => messages.forEach((message) => events.received(JSON.stringify(message))),
        sends: (packet, about) => events.received(packet, about),
        flushed: (count = unsaid.length) => events.sent(unsaid.splice(0, count)),
        dropped(code = 1006, more = {}) {
          closed = true
          events.dropped({ code, reason: 'said', ...more })
        },
      })
      return {
        send(frames) {
          packets.push(...opening.wire.pack(frames))
          if (holds) unsaid = [...unsaid, ...frames]
          else events.sent(frames)
        },
        buffered: 0,
        close() {
          closed = true
        },
      }
    },
  }
}

export function createPlainRig<In, Out>(
  mappings: PlainOptions<In, Out> = {},
  options: Partial<ClientOptions> = {},
  transport: PlainTransportOptions = {},
) {
  const parts = createParts()
  const links: PlainLink[] = []
  const errors: HoldfastError[] = []
  const gaps: Gap[] = []
  /** Data of everything that was told, in order. */
  const messages: unknown[] = []
  const client: Client = createClient('https://example.test/plain', {
    ...parts.options,
    transports: [plainTransport(links, transport)],
    dialect: plain(mappings),
    ...options,
  })
  client.on('error', (error) => errors.push(error))
  client.on('gap', (gap) => gaps.push(gap))
  client.on('message', ({ data }) => messages.push(data))
  const newest = (): PlainLink => links.at(-1)!
  async function open(): Promise<PlainLink> {
    await settled()
    newest().events.opened()
    await settled()
    return newest()
  }
  return {
    client,
    links,
    errors,
    gaps,
    messages,
    clock: parts.clock,
    logged: parts.logged,
    signal: (signal: 'online' | 'visible') => [...parts.listeners].forEach((emit) => emit(signal)),
    get link() {
      return newest()
    },
    /** Bytes can flow on the newest link. */
    open,
    /** The link is lost, and another one opens. */
    async again(): Promise<PlainLink> {
      const count = links.length
      newest().dropped()
      while (links.length === count) await parts.clock.advance(1000)
      return open()
    },
  }
}

/** Of a send: the level of its receipt, or the outcome and code of its error. */
export const outcomeOf = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    (receipt) => (receipt as { level?: string } | undefined)?.level ?? 'answered',
    ({ outcome, code }: HoldfastError) => `${outcome} ${code}`,
  )

export type PlainRig = ReturnType<typeof createPlainRig>
