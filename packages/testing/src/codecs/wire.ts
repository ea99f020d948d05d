/** What a codec of Holdfast's own protocol owes (`Codec`; PROTOCOL.md §2.1). */
import { DOWN_FRAMES, UP_FRAMES } from '@holdfast/protocol'
import type { Codec, Frame } from '@holdfast/protocol'
import { copyOf, isSame, must, mustRefuse, show, snapshotOf, withoutTrace, type Check } from './compare.ts'

/** A codec of bytes, and what to try it with. */
export interface WireCodecUnderTest {
  /** The codec itself. */
  codec: Codec<Uint8Array<ArrayBuffer>>
  /** Payloads that it carries beside JSON, which every codec carries. */
  carries?: readonly unknown[]
  /** Payloads that it does not carry, beside cycles, functions, undefined and what nests too deep. */
  refuses?: readonly unknown[]
  /** Packets that are none of its own: cut short, of another kind, with lengths that are not true. */
  garbage: readonly (string | Uint8Array<ArrayBuffer>)[]
}

const JSON_VALUES = [null, true, 0, -1.5, 2 ** 40, '', 'Zoë 🦑', [], {}, [1, [2]], { a: { b: [null] } }]
/** `[` begins JSON, in whatever codec. */
const BRACKET = 0x5b
const nested = (depth: number): unknown => (depth ? [nested(depth - 1)] : 0)
/** PROTOCOL.md §2: a packet nests 64 deep, itself and its frames counted. */
const DEEPEST = 62
const cycle: unknown[] = []
cycle.push(cycle)

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** The checks of one codec. Each may be run by itself, and more than once. */
export function wireCodecChecks({ codec, carries = [], refuses = [], garbage }: WireCodecUnderTest): readonly Check[] {
  const payloads = [...JSON_VALUES, ...carries]
  const element = (value: unknown): Uint8Array<ArrayBuffer> => codec.encode(value)
  /** An element is encoded once, and joined for every frame that has it. */
  const frame = (type: string, ...elements: unknown[]): Uint8Array<ArrayBuffer> =>
    codec.join([element(type), ...elements.map(element)])
  const packetOf = (value: unknown): Uint8Array<ArrayBuffer> => codec.join([frame('send', 1, 'topic', value)])
  const comesBack = (packet: unknown, frames: readonly unknown[]): void => {
    const decoded: unknown = codec.decode<Frame>(packet, UP_FRAMES)
    must(isSame(decoded, frames), `${show(frames)} comes back as ${show(decoded)}.`)
  }
  const mustBeMalformed = (packet: unknown): void => {
    const decoded = codec.decode<Frame>(packet, UP_FRAMES)
    must('malformed' in decoded, `${show(packet)} is taken for a packet: return { malformed }, and never throw.`)
  }
  return [
    {
      title: 'has a name that can be agreed on, and says what its requests are',
      run() {
        must(/^[a-z0-9-]{1,32}$/.test(codec.name ?? ''), `${show(codec.name)} is no name: a-z, 0-9 and -, up to 32.`)
        const type = codec.http?.headers['content-type']
        must(type === `application/vnd.holdfast.${codec.name}`, `http.headers names ${show(type)}.`)
      },
    },
    {
      title: 'gives back every payload, whole frames and joined ones alike',
      run() {
        for (const value of payloads) {
          comesBack(packetOf(value), [['send', 1, 'topic', value]])
          comesBack(codec.join([codec.encode(['send', 1, 'topic', value])]), [['send', 1, 'topic', value]])
        }
        comesBack(
          codec.join(payloads.map((value) => frame('auth', value))),
          payloads.map((value) => ['auth', value]),
        )
        comesBack(codec.join([]), [])
      },
    },
    {
      title: 'joins any number of frames',
      run() {
        for (const count of [1, 15, 16, 17, 255, 256, 65_535, 65_536]) {
          const decoded = codec.decode<Frame>(
            codec.join(Array<Uint8Array<ArrayBuffer>>(count).fill(frame('ping', 7))),
            UP_FRAMES,
          )
          must(Array.isArray(decoded) && decoded.length === count, `${count} frames come back as ${show(decoded)}.`)
        }
      },
    },
    {
      title: 'makes no packet that begins like JSON, and reads JSON',
      run() {
        for (const value of payloads)
          must(packetOf(value)[0] !== BRACKET, `The packet of ${show(value)} begins with 0x5b, as JSON does.`)
        comesBack('[["ping",1]]', [['ping', 1]])
        comesBack(new TextEncoder().encode('[["ping",1]]'), [['ping', 1]])
      },
    },
    {
      title: 'reads bytes, buffers, views into larger ones, and base64url',
      run() {
        const packet = packetOf('Zoë')
        const frames = [['send', 1, 'topic', 'Zoë']]
        const roomy = new Uint8Array(packet.length + 9)
        roomy.set(packet, 5)
        for (const form of [packet, packet.buffer, roomy.subarray(5, 5 + packet.length), base64url(packet)])
          comesBack(form, frames)
      },
    },
    {
      title: 'throws a TypeError that says what to do for what it cannot carry',
      run() {
        for (const value of [undefined, () => 1, cycle, nested(DEEPEST + 1), ...refuses])
          mustRefuse((it) => codec.encode(it), value)
        comesBack(packetOf(nested(DEEPEST)), [['send', 1, 'topic', nested(DEEPEST)]])
      },
    },
    {
      title: 'says of anything else what is wrong with it, without throwing and without a trace',
      run() {
        withoutTrace(() => {
          for (const packet of [null, undefined, 7, {}, '', new Uint8Array(), ...garbage]) mustBeMalformed(packet)
          const packet = packetOf({ text: 'Zoë', list: [1, 2, 3] })
          for (let length = 0; length < packet.length; length++) mustBeMalformed(packet.slice(0, length))
          for (const bad of [['nope'], ['ping'], ['ping', -1], ['ping', 0.5], ['constructor'], 'ping', null])
            mustBeMalformed(codec.join([codec.encode(['ping', 1]), codec.encode(bad)]))
          comesBack(packetOf(1), [['send', 1, 'topic', 1]])
        })
      },
    },
    {
      title: 'holds every frame against the table that it is given',
      run() {
        const packet = codec.join([frame('pong', 1)])
        mustBeMalformed(packet)
        must(isSame(codec.decode<Frame>(packet, DOWN_FRAMES), [['pong', 1]]), 'A frame of the other table is not read.')
      },
    },
    {
      title: 'shares no memory with what it is given, nor with what it gives',
      run() {
        for (const value of carries) {
          const packet = packetOf(value)
          const decoded = codec.decode<Frame>(packet, UP_FRAMES)
          const before = snapshotOf(decoded)
          packet.fill(0)
          must(isSame(decoded, before), `${show(before)} changes with the packet that it came in: copy the bytes.`)
          if (!(value instanceof Uint8Array) || !value.length) continue
          // It waits in the outbox as one element, while its sender goes on writing.
          const waiting = element(value)
          const kept = copyOf(waiting)
          value[0]! ^= 255
          const isOwn = isSame(waiting, kept)
          value[0]! ^= 255
          must(isOwn, 'An element changes with the payload that it was made of: copy the bytes.')
        }
      },
    },
  ]
}
