/**
 * The codecs that a server speaks, and the way of a payload from one to another (docs/decisions/0008-one-codec-per-log.md). Logs hold payloads
 * of one codec, the first one; what a client of another codec gets is made of that when it is needed, once per broadcast.
 */
import { DOWN_FRAMES, json } from '@holdfast/protocol'
import type { Codec, DownFrame, Packet } from '@holdfast/protocol'
import { HoldfastError } from './errors.ts'

export interface Codecs {
  /** What is published is encoded with it: it carries what every other codec here carries. */
  readonly primary: Codec
  /** The codec of that name; JSON has the empty one. Null: not spoken here. */
  named(name: string): Codec | null
  /** A payload of a log as `codec` has it; null where that cannot carry it. `of` is the object that is in the log, for what has been made already. */
  carry(of: object, data: Packet, codec: Codec): Packet | null
}

const NAME = /^[a-z0-9-]{1,32}$/
/** What has been made for other codecs is kept up to so many bytes: those who come back together read the same pages. */
const KEPT = 4 * 1_048_576

/** An encoded element as a value. Total for what this process has encoded, and for what a log gives back as it was. */
export function valueOf(codec: Codec, element: Packet): unknown {
  const frame = codec.join([codec.encode('volatile'), codec.encode('-'), element])
  const frames = codec.decode<DownFrame>(codec.join([frame]), DOWN_FRAMES)
  if ('malformed' in frames) throw new TypeError('not an element: ' + frames.malformed)
  return frames[0]![2]
}

/** Codecs beside JSON carry bytes; an object with bytes in it would be garbled by JSON, not refused. */
function hasBytes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return ArrayBuffer.isView(value) || Object.values(value).some(hasBytes)
}

/** Made packets by what they were made of, the oldest first, within `KEPT` bytes. */
function createStore(): { get(of: object): Packet | null | undefined; put(of: object, packet: Packet | null): void } {
  const made = new Map<object, Packet | null>()
  let bytes = 0
  return {
    get: (of) => made.get(of),
    put(of, packet) {
      made.set(of, packet)
      // A packet that could not be made takes room, too.
      bytes += (packet?.length ?? 0) + 64
      for (const [oldest, gone] of made) {
        if (bytes <= KEPT) break
        made.delete(oldest)
        bytes -= (gone?.length ?? 0) + 64
      }
    },
  }
}

/** Throws `bad-option` for names that cannot be agreed on. `limit` is the most bytes of one payload. */
export function createCodecs(
  extra: readonly Codec[],
  limit: number,
  report: (error: unknown, where: string) => void,
): Codecs {
  const byName = new Map<string, Codec>([['', json]])
  const stores = new WeakMap<Codec, ReturnType<typeof createStore>>()
  for (const codec of extra) {
    const { name = '' } = codec
    if (!NAME.test(name) || byName.has(name))
      throw new HoldfastError(
        'bad-option',
        `Option codecs: ${JSON.stringify(name)} is no name of a codec, or there twice.`,
      )
    byName.set(name, codec)
  }
  const primary = extra[0] ?? json

  function make(data: Packet, from: Codec | undefined, codec: Codec): Packet | null {
    try {
      if (!from) throw new TypeError('the log has what a codec has made that is not among the codecs any more')
      const value = valueOf(from, data)
      if (codec === json && hasBytes(value))
        throw new TypeError('JSON has no bytes: give that client messagePack(), too')
      const packet = codec.encode(value)
      if (Buffer.byteLength(packet) > limit) throw new TypeError('larger than limits.message in another codec')
      return packet
    } catch (error) {
      report(error, 'a payload for a client of another codec')
      return null
    }
  }
  return {
    primary,
    named: (name) => byName.get(name) ?? null,
    carry(of, data, codec) {
      // Text is JSON: what was appended before there was another codec. Bytes are not, even if the codec that made them is gone.
      const from = typeof data === 'string' ? json : extra[0]
      if (from === codec) return data
      const store = stores.get(codec) ?? createStore()
      stores.set(codec, store)
      let packet = store.get(of)
      if (packet === undefined) store.put(of, (packet = make(data, from, codec)))
      return packet
    },
  }
}
