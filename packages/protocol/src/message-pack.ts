/**
 * MessagePack as a codec (PROTOCOL.md §2.1), by `@msgpack/msgpack`: an entry of its own, so that it is bundled only where it is imported.
 * Carries what JSON carries, and bytes. Total: whatever the bytes, the decoder neither throws nor takes memory that they do not account for.
 */
import { Decoder, Encoder } from '@msgpack/msgpack'
import { MAX_DEPTH, MAX_ELEMENT_DEPTH, checkFrames, json } from './codec.ts'
import type { Codec, Malformed } from './codec.ts'
import { MEDIA_TYPE } from './frames.ts'
import type { Frame } from './frames.ts'
import type { FrameTable } from './kinds.ts'
import { NO_TEXT, scan } from './message-pack-scan.ts'

/** Bytes of a packet, or of a part of one. */
export type Bytes = Uint8Array<ArrayBuffer>

const ADVICE = 'Send plain objects, arrays, strings, numbers, booleans, null and Uint8Array.'

/**
 * Asked for each object before it is encoded: what would arrive as something else is refused, instead of that. By its tag, since plain
 * objects of another window have another prototype.
 */
function refuseStrange(object: unknown): null {
  if (Array.isArray(object) || object instanceof Uint8Array) return null
  const tag = Object.prototype.toString.call(object).slice(8, -1)
  if (tag !== 'Object') throw new TypeError(`MessagePack has no ${tag} here. ${ADVICE}`)
  const { toJSON } = object as { toJSON?: unknown }
  if (typeof toJSON === 'function') throw new TypeError('MessagePack does not call toJSON(): send what it returns.')
  if (Object.hasOwn(object as object, '__proto__')) throw new TypeError('A key must not be named __proto__.')
  return null
}

const extensionCodec = {
  tryToEncode: refuseStrange,
  // Not reached: the scan refuses them.
  decode: () => undefined,
}
const encoder = /* @__PURE__ */ new Encoder({
  extensionCodec,
  ignoreUndefined: true,
  // One more than may be: what the deepest array holds counts, too. The scan finds the rest; this one stops cycles.
  maxDepth: MAX_ELEMENT_DEPTH + 1,
})
const decoder = /* @__PURE__ */ new Decoder({ extensionCodec })

/** One value as MessagePack. Throws a `TypeError` that says what to do for what cannot travel (PROTOCOL.md §2.1). */
export function toMessagePack(value: unknown): Bytes {
  if (value === undefined) throw new TypeError('MessagePack has no undefined. Send null.')
  let bytes: Bytes
  try {
    bytes = encoder.encode(value)
  } catch (cause) {
    throw cause instanceof TypeError ? cause : new TypeError(`It cannot be encoded: ${String(cause)}`, { cause })
  }
  const { fault } = scan(bytes, MAX_ELEMENT_DEPTH)
  if (fault === NO_TEXT) return encoder.encode(wellFormed(value))
  if (fault) throw new TypeError('nested deeper than ' + MAX_ELEMENT_DEPTH)
  return bytes
}

/** A copy whose strings have U+FFFD for each half of a surrogate pair, as a platform makes it of text that it sends. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return new TextDecoder().decode(new TextEncoder().encode(value))
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [wellFormed(key), wellFormed(item)]))
}

/** A copy of all bytes within: else each would keep its whole packet alive, and show it to whoever looks at its `buffer`. */
function detach(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(detach)
  if (typeof value === 'object' && value !== null)
    for (const key of Object.keys(value)) {
      const values = value as { [key: string]: unknown }
      values[key] = detach(values[key])
    }
  return value
}

/** The one value in these bytes, or what is wrong with them. */
export function fromMessagePack(bytes: Uint8Array, maxDepth: number = MAX_DEPTH): { value: unknown } | Malformed {
  const { fault, hasBytes } = scan(bytes, maxDepth)
  if (fault) return { malformed: fault }
  try {
    const value = decoder.decode(bytes)
    return { value: hasBytes ? detach(value) : value }
  } catch {
    // A key named __proto__.
    return { malformed: 'not MessagePack' }
  }
}

/** PROTOCOL.md §5.3: an event stream carries text only. Null for what is not base64url. */
function fromBase64url(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}

/** Null for what is not UTF-8, which is not JSON either. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** `[`: a packet that begins with it is JSON (PROTOCOL.md §2.1). */
const BRACKET = 0x5b

function bytesOf(packet: unknown): Uint8Array | null {
  if (typeof packet === 'string') return fromBase64url(packet)
  if (packet instanceof ArrayBuffer) return new Uint8Array(packet)
  return packet instanceof Uint8Array ? packet : null
}

function headOf(count: number): number[] {
  if (count < 16) return [0x90 | count]
  if (count < 65_536) return [0xdc, count >> 8, count & 255]
  return [0xdd, count >>> 24, (count >> 16) & 255, (count >> 8) & 255, count & 255]
}

/** Elements as one array: its head, and what they are. */
function join(parts: readonly Bytes[]): Bytes {
  const head = headOf(parts.length)
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, head.length))
  joined.set(head)
  let at = head.length
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

function decode<F extends Frame>(packet: unknown, table: FrameTable): F[] | Malformed {
  if (typeof packet === 'string' && packet.startsWith('[')) return json.decode(packet, table)
  const bytes = bytesOf(packet)
  if (!bytes) return { malformed: 'neither bytes nor base64url' }
  if (bytes[0] === BRACKET) return json.decode(textOf(bytes), table)
  const decoded = fromMessagePack(bytes)
  return 'malformed' in decoded ? decoded : checkFrames(decoded.value, table)
}

/** The MessagePack codec: payloads may hold `Uint8Array`s, and arrive with them. Both ends must have it (PROTOCOL.md §2.1). */
export function messagePack(): Codec<Bytes> {
  const name = 'msgpack'
  const http = { isBinary: true, headers: { 'content-type': MEDIA_TYPE + name } } as const
  return { name, http, encode: toMessagePack, join, decode }
}
