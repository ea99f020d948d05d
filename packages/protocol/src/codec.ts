/** Packets <-> frames (PROTOCOL.md §2). Pure and total: a decoder returns a fault, it never throws, whatever the bytes. */
import type { Frame } from './frames.ts'
import type { FrameTable } from './kinds.ts'

/** A packet, or a part of one, as the transport carries it. Text now; a binary codec carries bytes. */
export type Packet = string

/** What was wrong with a packet, in words fit for a close reason. */
export interface Malformed {
  malformed: string
}

/**
 * Turns frames into packets and back. A frame is an array and so is a packet: `encode` makes one element, `join` makes an array of
 * encoded elements. So a payload is encoded once, when it is handed over, and a frame for many receivers is encoded once for all.
 */
export interface Codec {
  /** One value: a whole frame, or one element of it. Throws a `TypeError` for what the codec cannot carry (a cycle, a BigInt, undefined). */
  encode(value: unknown): Packet
  /** Encoded elements as one encoded array: elements as a frame, or frames as a packet. */
  join(parts: readonly Packet[]): Packet
  /** All frames of a packet, or what is wrong with it. Checks every frame against the table before it returns any. */
  decode<F extends Frame>(packet: unknown, table: FrameTable): F[] | Malformed
}

/** Deepest nesting of a packet that is taken in (PROTOCOL.md §10). */
const MAX_DEPTH = 64

/**
 * Deepest bracket nesting of JSON text, in one pass, without recursion: checked before `JSON.parse`, so that hostile input meets no
 * recursive code. Strings are skipped as a whole. O(length).
 */
function tooDeep(json: string): boolean {
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const unit = json.charCodeAt(i)
    if (unit === 34 /* " */) {
      while (++i < json.length && json.charCodeAt(i) !== 34) if (json.charCodeAt(i) === 92 /* \ */) i++
    } else if ((unit | 32) === 123 /* [ { */) {
      if (++depth > MAX_DEPTH) return true
    } else if ((unit | 32) === 125 /* ] } */) depth--
  }
  return false
}

function isFrame(frame: unknown, table: FrameTable): boolean {
  if (!Array.isArray(frame) || typeof frame[0] !== 'string' || !Object.hasOwn(table, frame[0])) return false
  const kinds = table[frame[0]]!
  if (frame.length > kinds.length + 1) return false
  for (let i = 0; i < kinds.length; i++) if (!kinds[i]!(frame[i + 1])) return false
  return true
}

/** The JSON codec, the protocol's default. */
export const json: Codec = {
  encode(value) {
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) throw new TypeError('JSON has no ' + typeof value)
    return text
  },
  join: (parts) => '[' + parts.join() + ']',
  decode<F extends Frame>(packet: unknown, table: FrameTable): F[] | Malformed {
    if (typeof packet !== 'string') return { malformed: 'not text' }
    if (tooDeep(packet)) return { malformed: 'nested too deep' }
    let frames: unknown
    try {
      frames = JSON.parse(packet)
    } catch {
      return { malformed: 'not JSON' }
    }
    if (!Array.isArray(frames)) return { malformed: 'not an array' }
    const bad = frames.findIndex((frame) => !isFrame(frame, table))
    return bad < 0 ? (frames as F[]) : { malformed: 'bad frame at ' + bad }
  },
}
