// What every payload codec must do; the test of each calls this with what it carries.
import type { PayloadCodec } from '@holdfast/client'
import { describe, expect, test } from 'vitest'

/** A codec, and what to try it with. */
export interface CodecUnderTest {
  codec: PayloadCodec
  /** Messages that it carries. */
  carries: readonly unknown[]
  /** Messages that it does not. */
  refuses: readonly unknown[]
  /** Packets that are none of its own. */
  garbage: readonly (string | Uint8Array<ArrayBuffer>)[]
  /** For comparison. @default the message itself */
  plain?(message: unknown): unknown
}

/** Everything that hangs on the prototypes that all objects share. */
const prototypes = (): string =>
  [Object.prototype, Array.prototype, Uint8Array.prototype]
    .map((it) => Reflect.ownKeys(it).map(String).join())
    .join(';')

const copyOf = <P extends string | Uint8Array>(packet: P): P | Uint8Array =>
  typeof packet === 'string' ? packet : Uint8Array.from(packet)

export function testCodec(
  name: string,
  { codec, carries, refuses, garbage, plain = (it) => it }: CodecUnderTest,
): void {
  describe(`the codec ${name}`, () => {
    test('gives back what it has taken', () => {
      expect(carries.length).toBeGreaterThan(0)
      for (const message of carries) expect(plain(codec.decode(codec.encode(message)))).toEqual(plain(message))
    })

    test('makes text or bytes, as it says', () => {
      for (const message of carries) {
        const packet = codec.encode(message)
        expect(packet instanceof Uint8Array).toBe(codec.binary ?? false)
        expect(packet instanceof Uint8Array || typeof packet === 'string').toBe(true)
      }
    })

    test('encodes the same message to the same packet, whatever came between', () => {
      for (const message of carries) {
        const first = copyOf(codec.encode(message))
        for (const other of carries) codec.decode(codec.encode(other))
        expect(copyOf(codec.encode(message))).toEqual(first)
      }
    })

    test('throws a TypeError that says what to do for what it cannot carry', () => {
      expect(refuses.length).toBeGreaterThan(0)
      for (const message of refuses) {
        let thrown: unknown
        try {
          codec.encode(message)
        } catch (error) {
          thrown = error
        }
        expect(thrown).toBeInstanceOf(TypeError)
        expect((thrown as TypeError).message.length).toBeGreaterThan(10)
      }
    })

    test('throws for garbage, leaves no trace of it, and goes on', () => {
      const before = prototypes()
      for (const packet of garbage) {
        expect(() => codec.decode(packet)).toThrow(Error)
        for (const message of carries) expect(plain(codec.decode(codec.encode(message)))).toEqual(plain(message))
      }
      expect(prototypes()).toBe(before)
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    })

    test('neither changes what it is given nor keeps a hold on it', () => {
      for (const message of carries) {
        const before = plain(message)
        const packet = codec.encode(message)
        const kept = copyOf(packet)
        codec.decode(packet)
        expect(copyOf(packet)).toEqual(kept)
        expect(plain(message)).toEqual(before)
        // Its sender goes on writing into its buffer while the message waits.
        if (!(message instanceof Uint8Array) || !message.length) continue
        message[0]! ^= 255
        expect(copyOf(packet)).toEqual(kept)
        message[0]! ^= 255
      }
    })
  })
}
