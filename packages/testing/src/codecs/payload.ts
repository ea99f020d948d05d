/** What a codec of `plain()` owes (`PayloadCodec`). */
import type { PayloadCodec } from '@holdfast/client'
import { copyOf, isSame, must, mustRefuse, show, snapshotOf, withoutTrace, type Check } from './compare.ts'

/** A codec, and what to try it with. Give the edges of what it can do: empty, large, text that is not ASCII, every type it has. */
export interface CodecUnderTest {
  /** The codec itself. */
  codec: PayloadCodec
  /** Messages that it carries. At least one. */
  carries: readonly unknown[]
  /** Messages that it does not. At least one: nothing carries everything. */
  refuses: readonly unknown[]
  /** Packets that are none of its own: cut short, of another kind. A codec that takes whatever comes has none. */
  garbage: readonly (string | Uint8Array<ArrayBuffer>)[]
  /** What to compare, where a message cannot be compared by its own keys: a `Date`, a `Document`. @default the message itself */
  plain?(message: unknown): unknown
}

/** The checks of one codec. Each may be run by itself, and more than once. */
export function codecChecks({
  codec,
  carries,
  refuses,
  garbage,
  plain = (it) => it,
}: CodecUnderTest): readonly Check[] {
  const comesBack = (message: unknown): void => {
    const back = codec.decode(codec.encode(message))
    must(isSame(plain(back), plain(message)), `${show(plain(message))} comes back as ${show(plain(back))}.`)
  }
  /** What its sender does to its buffer while the message waits. */
  function scribble(message: unknown, packet: string | Uint8Array): void {
    if (!(message instanceof Uint8Array) || !message.length) return
    const kept = copyOf(packet)
    message[0]! ^= 255
    const isOwn = isSame(copyOf(packet), kept)
    message[0]! ^= 255
    must(isOwn, 'The packet changes with the message that it was made of: copy the bytes.')
  }
  return [
    {
      title: 'gives back what it has taken',
      run() {
        must(carries.length > 0, 'Name messages that it carries.')
        for (const message of carries) comesBack(message)
      },
    },
    {
      title: 'makes text or bytes, as it says',
      run() {
        for (const message of carries) {
          const packet: unknown = codec.encode(message)
          const isBytes = packet instanceof Uint8Array
          must(isBytes || typeof packet === 'string', `encode() gives neither text nor a Uint8Array: ${show(packet)}.`)
          must(
            isBytes === !!codec.binary,
            isBytes ? 'Its packets are bytes: say binary: true.' : 'It says binary and makes text.',
          )
        }
      },
    },
    {
      title: 'encodes the same message to the same packet, whatever came between',
      run() {
        for (const message of carries) {
          const first = copyOf(codec.encode(message))
          for (const other of carries) codec.decode(codec.encode(other))
          must(isSame(copyOf(codec.encode(message)), first), `${show(plain(message))} is encoded in two ways.`)
        }
      },
    },
    {
      title: 'throws a TypeError that says what to do for what it cannot carry',
      run() {
        must(refuses.length > 0, 'Name messages that it does not carry.')
        for (const message of refuses) mustRefuse((it) => codec.encode(it), message)
      },
    },
    {
      title: 'throws for garbage, leaves no trace of it, and goes on',
      run() {
        withoutTrace(() => {
          for (const packet of garbage) {
            let thrown: unknown
            try {
              codec.decode(copyOf(packet))
            } catch (error) {
              thrown = error
            }
            must(thrown instanceof Error, `${show(packet)} is taken for a message: throw an Error.`)
            for (const message of carries) comesBack(message)
          }
        })
      },
    },
    {
      title: 'neither changes what it is given nor keeps a hold on it',
      run() {
        for (const message of carries) {
          const before = snapshotOf(plain(message))
          const packet = codec.encode(message)
          const kept = copyOf(packet)
          codec.decode(packet)
          must(isSame(copyOf(packet), kept), 'decode() writes into the packet.')
          must(isSame(plain(message), before), 'encode() changes the message.')
          scribble(message, packet)
        }
      },
    },
  ]
}
