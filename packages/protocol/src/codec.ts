/** Packets <-> frames (PROTOCOL.md §2). Pure and total: a decoder returns a fault, it never throws, whatever the bytes. */
import type { Frame } from './frames.ts'
import type { FrameTable } from './kinds.ts'

/** A packet, or a part of one, as the transport carries it: text, or the bytes of a binary codec. */
export type Packet = string | Uint8Array<ArrayBuffer>

/** Bytes of a packet; text in UTF-8. Most text is ASCII, and looking at it costs a tenth of encoding it. */
export const sizeOf = (packet: Packet): number =>
  typeof packet === 'string'
    ? /^[\0-\x7f]*$/.test(packet)
      ? packet.length
      : new TextEncoder().encode(packet).length
    : // A Blob, where a platform's own function sends it.
      (packet.byteLength ?? (packet as unknown as Blob).size)

/** What was wrong with a packet, in words fit for a close reason. */
export interface Malformed {
  /** For people, short. */
  malformed: string
}

/**
 * Turns frames into packets and back. A frame is an array and so is a packet: `encode` makes one element, `join` makes an array of
 * encoded elements. So a payload is encoded once, when it is handed over, and a frame for many receivers is encoded once for all.
 */
export interface Codec<P extends Packet = Packet> {
  /**
   * Names it where client and server agree (PROTOCOL.md §2.1): 1 to 32 lower-case letters, digits and hyphens. Connections that are shared must
   * have codecs of one name.
   * @default none: JSON, which every peer has
   */
  readonly name?: string
  /**
   * What its requests over HTTP say, where it has a name: `content-type` is `MEDIA_TYPE` and the name, and answers are read as bytes.
   * @default none: text/plain, which needs no CORS preflight
   */
  readonly http?: { readonly isBinary: true; readonly headers: { readonly 'content-type': string } }
  /** One value: a whole frame, or one element of it. Throws a `TypeError` for what the codec or a peer
   * cannot take (a cycle, a BigInt, undefined, nesting deeper than 62). */
  encode(value: unknown): P
  /** Encoded elements as one encoded array: elements as a frame, or frames as a packet. */
  join(parts: readonly P[]): P
  /** All frames of a packet, or what is wrong with it. Checks every frame against the table before it returns any. */
  decode<F extends Frame>(packet: unknown, table: FrameTable): F[] | Malformed
}

/** Deepest nesting of a packet that is taken in, the arrays of the packet and of its frames counted (PROTOCOL.md §2). */
export const MAX_DEPTH = 64
/** Deepest nesting of what is encoded, so that it fits as an element of a frame of a packet. */
export const MAX_ELEMENT_DEPTH: number = MAX_DEPTH - 2

/**
 * Whether a parsed value nests deeper than `depth`. Looked at after `JSON.parse`, which stands any nesting in every engine: a walk over
 * the values costs a quarter of a scan over the text, and nothing at all for long strings. Recurses at most `depth` times.
 */
function tooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (tooDeep(item, depth - 1)) return true
  } else for (const key in value) if (tooDeep(value[key as never], depth - 1)) return true
  return false
}

function isFrame(frame: unknown, table: FrameTable): boolean {
  // Own names only: a frame of type `constructor` is none.
  if (!Array.isArray(frame) || typeof frame[0] !== 'string' || !Object.hasOwn(table, frame[0])) return false
  const kinds = table[frame[0]]!
  return frame.length <= kinds.length + 1 && kinds.every((kind, i) => kind(frame[i + 1]))
}

/** What was decoded, if it is an array of frames of the table. */
export function checkFrames<F extends Frame>(value: unknown, table: FrameTable): F[] | Malformed {
  if (!Array.isArray(value)) return { malformed: 'not an array' }
  const bad = value.findIndex((frame) => !isFrame(frame, table))
  return bad < 0 ? value : { malformed: 'bad frame at ' + bad }
}

/** The value itself; throws a `TypeError` for bytes, of which JSON would make an object of numbers, or an empty one. */
export function refuseBytes(value: unknown): unknown {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob)
    throw new TypeError('JSON has no bytes. Use messagePack(), or base64 in a string.')
  return value
}

/** The JSON codec, the protocol's default. */
export const json: Codec<string> = {
  encode(value) {
    const text = JSON.stringify(refuseBytes(value)) as string | undefined
    if (text === undefined) throw new TypeError('JSON has no ' + typeof value)
    // A peer would refuse the whole packet: tell the fault where it was made. The text is looked at, not the value, whose `toJSON`s
    // may change its shape; what is shorter has not enough brackets.
    if (text.length > 2 * MAX_ELEMENT_DEPTH && tooDeep(JSON.parse(text), MAX_ELEMENT_DEPTH))
      throw new TypeError('nested deeper than ' + MAX_ELEMENT_DEPTH)
    return text
  },
  join: (parts) => '[' + parts.join() + ']',
  decode<F extends Frame>(packet: unknown, table: FrameTable): F[] | Malformed {
    let frames: unknown
    try {
      frames = typeof packet === 'string' && JSON.parse(packet)
    } catch {
      return { malformed: 'not JSON' }
    }
    return tooDeep(frames, MAX_DEPTH) ? { malformed: 'nested too deep' } : checkFrames(frames, table)
  },
}
