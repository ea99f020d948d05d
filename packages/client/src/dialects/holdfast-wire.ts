/** One link to a Holdfast server, as its transport needs to know it: what it says first, and packets as they are (PROTOCOL.md §5). PURE. */
import { DOWN_FRAMES, MAX_HEADER_HELLO, SUBPROTOCOL } from '@holdfast/protocol'
import type { Codec, DownFrame, Hello, Packet } from '@holdfast/protocol'
import type { Ask, Wire } from '../dialect.ts'

/** Largest packet sent (PROTOCOL.md §10), in bytes; a server may tell a lower limit. */
const MAX_PACKET = 262_144

/** The hello as a subprotocol to offer: base64url without padding (PROTOCOL.md §5.1). Empty if it would be too long. */
function headerOf(hello: Hello): string {
  const bytes = new TextEncoder().encode(JSON.stringify(hello))
  // Three bytes make four characters: what cannot fit is not encoded first.
  if (bytes.length * 4 > (MAX_HEADER_HELLO - 2) * 3) return ''
  const base64 = btoa(String.fromCharCode(...bytes))
  return 'h.' + base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}

/** `hello` null: to be tried first, with a ping; it says hello later (PROTOCOL.md §4.1). */
export function createWire({ name, http, encode, join, decode }: Codec, hello: Hello | null): Wire {
  const protocol = name ? SUBPROTOCOL + '.' + name : SUBPROTOCOL
  const header = hello && headerOf(hello)
  const first = (hello: Hello | null): Packet[] => [encode(hello ? ['hello', hello] : ['ping', 0])]
  let session = hello?.session
  let limit = MAX_PACKET
  /** Number of the last POST of this link. */
  let posted = 0
  /** Number of the last poll response that came, for the next poll to confirm. */
  let at = -1
  const ask = (frames: Packet[]): Ask => ({ body: join(frames), ...http })
  const find = (answer: Packet, wanted: string): DownFrame | undefined => {
    const frames = decode<DownFrame>(answer, DOWN_FRAMES)
    return Array.isArray(frames) ? frames.find(([type]) => type === wanted) : undefined
  }

  return {
    protocols: header ? [protocol, header] : [protocol],
    first: header ? null : join(first(hello)),
    get limit() {
      return limit
    },
    hello: (via) => ask(first({ ...hello!, via })),
    request(head, frames) {
      const n = head === 'post' ? ++posted : Math.max(at, 0)
      return ask([encode([head, session, hello?.incarnation, n]), ...frames])
    },
    pack: (frames) => [join(frames)],
    decode(packet) {
      const frames = decode<DownFrame>(packet, DOWN_FRAMES)
      if (!Array.isArray(frames)) return frames
      if (frames[0]?.[0] === 'at') {
        const [, n] = frames.shift() as readonly ['at', number]
        // A response that has come before (PROTOCOL.md §5.4).
        if (n <= at) return []
        at = n
      }
      if (frames[0]?.[0] === 'welcome') {
        session = frames[0][1].session
        limit = Math.min(frames[0][1].limits.packet, MAX_PACKET)
      }
      return frames
    },
    isFarewell: (answer) => !!find(answer, 'bye'),
    ticket: (answer) => (find(answer, 'ticket')?.[1] as string | undefined) ?? null,
  }
}
