/** MessagePack, as a codec of both dialects: an entry of its own, so that `@msgpack/msgpack` is bundled only where it is imported. PURE. */
import type { Codec, Frame, FrameTable, Malformed } from '@holdfast/protocol'
import { fromMessagePack, messagePack as createCodec } from '@holdfast/protocol/message-pack'
import type { Bytes } from '@holdfast/protocol/message-pack'
import type { PayloadCodec } from '../codec.ts'

/** A codec of Holdfast's own protocol and of plain messages at once: with the table of frames a packet is read, without it a message. */
export type MessagePack = Codec<Bytes> & PayloadCodec

/**
 * Objects, arrays, strings, numbers, booleans, null, and `Uint8Array`s, which arrive as such. For Holdfast servers that have it
 * (`holdfast({ codec: messagePack() })`), and for others (`plain({ codec: messagePack() })`). Refuses what it cannot give back: `Date`s, `Map`s,
 * BigInts, other typed arrays; and, from others, extension types and keys that are no strings.
 */
export function messagePack(): MessagePack {
  const codec = createCodec()
  function decode<F extends Frame>(packet: unknown, table: FrameTable): F[] | Malformed
  function decode(packet: unknown): unknown
  function decode(packet: unknown, table?: FrameTable): unknown {
    if (table) return codec.decode(packet, table)
    if (!(packet instanceof Uint8Array)) throw new TypeError('Text came where MessagePack was expected.')
    const decoded = fromMessagePack(packet)
    if ('malformed' in decoded) throw new TypeError(`This is no MessagePack that is taken: ${decoded.malformed}.`)
    return decoded.value
  }
  return { ...codec, name: 'msgpack', type: 'application/vnd.msgpack', binary: true, decode }
}
