/** Entries and volatile messages as frames: encoded once per codec, for however many links (docs/decisions/0008-one-codec-per-log.md). */
import type { Codec, Packet } from '@holdfast/protocol'
import type { Codecs } from './codecs.ts'
import type { Entry } from './log.ts'
import type { Topic } from './session.ts'

/** A frame for many links, and its size. */
export interface Encoded {
  readonly frame: Packet
  readonly bytes: number
}

/** Calls `make` once for each codec; the last one asked for is found first. */
function oncePer<T>(make: (codec: Codec) => T): (codec: Codec) => T {
  let last: Codec | null = null
  let value: T
  let others: Map<Codec, T> | null = null
  return (codec) => {
    if (codec === last) return value
    if (last) (others ??= new Map()).set(last, value)
    value = others?.has(codec) ? others.get(codec)! : make(codec)
    last = codec
    return value
  }
}

/** Type and topic of a topic's events. */
export const headsOf = (shownAs: string): Topic['head'] =>
  oncePer((codec) => [codec.encode('event'), codec.encode(shownAs)])

const encoded = (codec: Codec, parts: readonly Packet[]): Encoded => {
  const frame = codec.join(parts)
  return { frame, bytes: Buffer.byteLength(frame) }
}

/** An entry as events, with its check or without. Null: the codec cannot carry it. */
export function createEvents(
  codecs: Codecs,
  topic: Topic,
  entry: Entry,
): (codec: Codec, withCheck: boolean) => Encoded | null {
  const make = (codec: Codec, withCheck: boolean): Encoded | null => {
    const data = codecs.carry(entry, entry.data, codec)
    if (data === null) return null
    const [type, name] = topic.head(codec)
    const parts = [type!, name!, codec.encode(entry.offset), data]
    if (withCheck) parts.push(codec.encode(entry.check))
    return encoded(codec, parts)
  }
  // Nearly all of an entry's readers have one codec and no need of the check, and the first of them is often the last.
  const checked = oncePer((codec) => make(codec, true))
  const plain = oncePer((codec) => make(codec, false))
  return (codec, withCheck) => (withCheck ? checked : plain)(codec)
}

/** A message without an entry as frames. */
export function createVolatile(codecs: Codecs, name: string, data: Packet): (codec: Codec) => Encoded | null {
  const message = {}
  return oncePer((codec) => {
    const payload = codecs.carry(message, data, codec)
    return payload === null ? null : encoded(codec, [codec.encode('volatile'), codec.encode(name), payload])
  })
}
