// A transport without a network: the test plays the server, frame by frame.
import type { DownFrame, Hello, Packet, UpFrame, Welcome } from '@holdfast/protocol'
import { WELCOME as ANY_WELCOME } from '@holdfast/testing/memory'
import type { Cause, LinkEvents, Opening, Transport } from '../../packages/client/src/transport.ts'
import { helloIn } from '../../packages/testing/src/memory/holdfast-end.ts'

export interface ScriptedLink {
  readonly transport: string
  readonly opening: Opening
  /** As of the moment it was opened; null for a quiet try. */
  readonly hello: Hello | null
  /** Packets that went up, as frames. */
  readonly packets: UpFrame[][]
  /** All frames that went up. */
  readonly sent: UpFrame[]
  readonly closed: boolean
  readonly events: LinkEvents
  /** Bytes can flow. */
  opened(): void
  /** Frames come down in one packet, whether or not the link was closed. */
  down(...frames: DownFrame[]): void
  /** Opens, and welcomes the session. */
  welcome(welcome?: Partial<Welcome>, ...frames: DownFrame[]): void
  dropped(code?: number, more?: Partial<Cause>): void
}

export interface ScriptedTransport extends Transport {
  readonly links: ScriptedLink[]
}

/** Limits that tests reach. */
export const WELCOME: Welcome = {
  ...ANY_WELCOME,
  limits: { message: 4096, packet: 2048, inFlight: 8, inFlightBytes: 16_384, subscriptions: 100 },
}

function helloOf({ wire }: Opening): Hello | null {
  const [[type, value]] = JSON.parse(helloIn(wire.protocols) ?? String(wire.first)) as [[string, Hello]]
  return type === 'hello' ? value : null
}

/** Links of all transports that share `all`, in the order of their opening. */
export function scriptedTransport(
  name = 'webSocket',
  all: ScriptedLink[] = [],
  options: { provable?: true; refuses?: () => boolean } = { provable: true },
): ScriptedTransport {
  const { refuses = () => false, ...rest } = options
  return {
    ...rest,
    name,
    links: all,
    open(opening, events) {
      if (refuses()) throw new Error('no such class')
      const packets: UpFrame[][] = []
      let closed = false
      const link: ScriptedLink = {
        transport: name,
        opening,
        hello: helloOf(opening),
        packets,
        events,
        get sent() {
          return packets.flat()
        },
        get closed() {
          return closed
        },
        opened: () => events.opened(),
        down: (...frames) => events.received(JSON.stringify(frames)),
        welcome(welcome = {}, ...frames) {
          events.opened()
          link.down(['welcome', { ...WELCOME, ...welcome }], ...frames)
        },
        dropped: (code = 1006, more = {}) => events.dropped({ code, reason: 'said', ...more }),
      }
      all.push(link)
      const put = (frames: readonly Packet[]): void => {
        for (const packet of opening.wire.pack(frames)) packets.push(JSON.parse(String(packet)) as UpFrame[])
      }
      return {
        send: put,
        buffered: 0,
        close(last) {
          if (last && !closed) put(last)
          closed = true
        },
      }
    },
  }
}
