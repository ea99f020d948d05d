/** The dialect of a Holdfast server (PROTOCOL.md §5): what each link says first, and frames as they are. PURE. */
import { DOWN_FRAMES, json, MAX_HEADER_HELLO, SUBPROTOCOL } from '@holdfast/protocol'
import type { Codec, DownFrame, Hello, Packet } from '@holdfast/protocol'
import type { Dialect, Wire } from '../dialect.ts'

/** Options of `holdfast()`. */
export interface HoldfastOptions {
  /** How frames become packets; the server must use the same. @default JSON */
  codec?: Codec
}

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

function createWire({ encode, join, decode }: Codec, hello: Hello | null): Wire {
  const header = hello && headerOf(hello)
  const first = (hello: Hello | null): Packet => join([encode(hello ? ['hello', hello] : ['ping', 0])])
  let session = hello?.session
  let limit = MAX_PACKET
  /** Number of the last POST of this link. */
  let posted = 0
  /** Number of the last poll response that came, for the next poll to confirm. */
  let at = -1

  return {
    protocols: header ? [SUBPROTOCOL, header] : [SUBPROTOCOL],
    first: header ? null : first(hello),
    get limit() {
      return limit
    },
    hello: (via) => first({ ...hello!, via }),
    request(head, frames) {
      const n = head === 'post' ? ++posted : Math.max(at, 0)
      return join([encode([head, session, hello?.incarnation, n]), ...frames])
    },
    join,
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
  }
}

/** Speaks to a Holdfast server. The default dialect. */
export function holdfast({ codec = json }: HoldfastOptions = {}): Dialect {
  const { encode, join } = codec
  const send = encode('send')
  const volatile = encode('volatile')
  return {
    name: 'holdfast',
    payload: encode,
    message({ serial, topic, payload, id }) {
      if (payload === null) return encode(['void', serial])
      const parts = [send, encode(serial), encode(topic), payload]
      return join(id === null ? parts : [...parts, encode(id)])
    },
    volatile: (topic, payload) => join([volatile, encode(topic), payload]),
    frame: encode,
    wire: (hello) => createWire(codec, hello),
  }
}
