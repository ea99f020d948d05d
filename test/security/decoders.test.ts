// Decoders are total: whatever comes, they say what is wrong with it, in time that its size accounts for, and touch no prototype.
import { create, toBinary } from '@bufbuild/protobuf'
import { ListValueSchema, ValueSchema, type Value } from '@bufbuild/protobuf/wkt'
import { binary as bytesCodec } from '../../packages/client/src/codecs/binary.ts'
import { json as plainJson, jsonOrText } from '../../packages/client/src/codecs/json.ts'
import { messagePack as packCodec } from '../../packages/client/src/codecs/message-pack.ts'
import { protobuf } from '../../packages/client/src/codecs/protobuf.ts'
import { text } from '../../packages/client/src/codecs/text.ts'
import { createStreamParser } from '../../packages/client/src/transports/sse-parser.ts'
import { DOWN_FRAMES, UP_FRAMES, json } from '@holdfast/protocol'
import { fromMessagePack, messagePack, toMessagePack } from '@holdfast/protocol/message-pack'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../server/support/random.ts'
import { binary, packets, streams } from './corpus.ts'
import { mutateBytes, mutateText, pick } from './mutate.ts'

const wellFormed = (text: string): string => Buffer.from(text).toString()

function thrownBy(run: () => void): unknown {
  try {
    run()
    return null
  } catch (error) {
    return error
  }
}

function expectNoPollution(): void {
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
}

describe('the corpus', () => {
  test.each(packets)('JSON: $lesson ($from) %#', ({ input, refused }) => {
    expect('malformed' in json.decode(input, UP_FRAMES)).toBe(refused)
    // The other end takes none of it for frames of its own that it does not know, and throws as little.
    json.decode(input, DOWN_FRAMES)
    expectNoPollution()
  })

  test.each(binary)('MessagePack: $lesson ($from) %#', ({ input, refused }) => {
    expect('malformed' in messagePack().decode(input, UP_FRAMES)).toBe(refused)
    expectNoPollution()
  })

  test('MessagePack makes no text that its other end would refuse', () => {
    for (const text of [
      '\ud800',
      'x'.repeat(40) + '\udc00',
      'x'.repeat(400) + '\ud800y',
      'é'.repeat(40) + '🦑',
      '\ud83e\udd91',
    ])
      expect([text, fromMessagePack(toMessagePack([text]))]).toEqual([text, { value: [wellFormed(text)] }])
    for (const length of [0, 31, 32, 127, 128, 255, 256, 65_535, 65_536])
      expect(fromMessagePack(toMessagePack('é' + 'x'.repeat(length)))).toEqual({ value: 'é' + 'x'.repeat(length) })
  })

  test.each(packets)('MessagePack takes the same JSON, as text and as bytes: $lesson %#', ({ input }) => {
    // What begins otherwise is read as MessagePack, or base64url of it.
    const refused = !input.startsWith('[') || 'malformed' in json.decode(input, UP_FRAMES)
    expect('malformed' in messagePack().decode(input, UP_FRAMES)).toBe(refused)
    expect('malformed' in messagePack().decode(new TextEncoder().encode(input), UP_FRAMES)).toBe(refused)
  })

  test.each(streams)('event streams: $lesson ($from)', ({ input, data }) => {
    const whole: string[] = []
    createStreamParser((event) => whole.push(event.data))(input)
    expect(whole).toEqual(data)
    const piecemeal: string[] = []
    const push = createStreamParser((event) => piecemeal.push(event.data))
    for (let at = 0; at < Math.min(input.length, 200_000); at += 7) push(input.slice(at, at + 7))
    expect(piecemeal).toEqual(data)
  })
})

describe('mutations of the corpus', () => {
  const small = packets.filter(({ input }) => input.length < 4_096)

  test('15,000 of JSON: frames or what is wrong with them, never a throw', () => {
    const random = createRandom(1_893)
    let taken = 0
    for (let n = 0; n < 15_000; n++) {
      let input = pick(random, small).input
      for (let depth = 0; depth <= n % 3; depth++) input = mutateText(input, random)
      const decoded = json.decode(input, UP_FRAMES)
      expect(Array.isArray(decoded) || decoded.malformed.length > 0).toBe(true)
      if (Array.isArray(decoded)) taken++
    }
    // Some are still packets: else the mutations were too wild to find anything.
    expect(taken).toBeGreaterThan(100)
    expectNoPollution()
  })

  test('15,000 of MessagePack: frames or what is wrong with them, never a throw', () => {
    const random = createRandom(1_894)
    const codec = messagePack()
    const fine = binary.filter(({ refused }) => !refused)
    let taken = 0
    for (let n = 0; n < 15_000; n++) {
      const decoded = codec.decode(mutateBytes(pick(random, n % 2 ? binary : fine).input, random), UP_FRAMES)
      if (Array.isArray(decoded)) taken++
    }
    expect(taken).toBeGreaterThan(100)
    expectNoPollution()
  })

  test('3,000 event streams in pieces: what comes out has no line end that was not in a data line', () => {
    const random = createRandom(1_895)
    const seeds = [...streams.map(({ input }) => input.slice(0, 400)), 'id: 7\nevent: x\ndata: [["pong",1]]\n\n']
    for (let n = 0; n < 3_000; n++) {
      const events: string[] = []
      const push = createStreamParser(({ data, id, type }) => {
        events.push(data)
        expect(/[\r\n\0]/.test(id + type.replaceAll('\0', ''))).toBe(false)
      })
      let input = mutateText(pick(random, seeds), random)
      while (input) {
        const size = 1 + Math.floor(random() * 9)
        push(input.slice(0, size))
        input = input.slice(size)
      }
      expect(events.every((data) => !data.includes('\r'))).toBe(true)
    }
  })

  const payloads = {
    text,
    json: plainJson,
    jsonOrText,
    binary: bytesCodec,
    messagePack: packCodec(),
    protobuf: protobuf(ValueSchema),
  }

  test.each(Object.entries(payloads))('payloads, %s: a value, or an Error that says why', (_name, codec) => {
    const random = createRandom(1_896)
    const known = toBinary(ValueSchema, create(ValueSchema, { kind: { case: 'stringValue', value: 'hi' } }))
    for (let n = 0; n < 3_000; n++) {
      const input =
        random() < 0.5
          ? mutateText(pick(random, small).input, random)
          : mutateBytes(pick(random, [known, ...binary.map(({ input }) => input)]), random)
      expect(thrownBy(() => void codec.decode(input))).toSatisfy((fault) => fault === null || fault instanceof Error)
    }
    expectNoPollution()
  })

  test('Protocol Buffers nested without end are an Error, not the end of the process', () => {
    let value: Value = create(ValueSchema, { kind: { case: 'nullValue', value: 0 } })
    for (let depth = 0; depth < 40; depth++)
      value = create(ValueSchema, { kind: { case: 'listValue', value: create(ListValueSchema, { values: [value] }) } })
    const codec = protobuf(ValueSchema)
    expect(codec.decode(toBinary(ValueSchema, value))).toMatchObject({ $typeName: 'google.protobuf.Value' })
    expect(() => codec.decode(nestedValue(200_000))).toThrow('recursion')
  })
})

/** A `google.protobuf.Value` of lists in lists, as bytes: made from the inside, since nothing could encode it either. */
function nestedValue(depth: number): Uint8Array<ArrayBuffer> {
  const heads: number[][] = []
  let size = 0
  for (let n = 0; n < depth; n++) {
    // Field 6 (list_value) of a value, field 1 (values) of a list, each with its length.
    const head = [...(n % 2 ? [0x0a] : [0x32]), ...varint(size)]
    heads.push(head)
    size += head.length
  }
  return Uint8Array.from(heads.toReversed().flat())
}
function varint(n: number): number[] {
  const out: number[] = []
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128)
  return [...out, n]
}

describe('time', () => {
  const timed = (run: () => void): number => {
    const from = performance.now()
    run()
    return performance.now() - from
  }
  /** So many times the cost of a megabyte that is honest: a busy machine spoils single figures, so the best of up to thirty pairs counts. */
  function ratio(packet: string, enough: number): number {
    let [usual, cost] = [0, Infinity]
    for (let n = 0; n < 30 && (n < 2 || cost / usual >= enough); n++) {
      usual = Math.max(
        usual,
        timed(() => json.decode(honest, UP_FRAMES)),
      )
      cost = Math.min(
        cost,
        timed(() => json.decode(packet, UP_FRAMES)),
      )
    }
    return cost / usual
  }
  /** What grows with the square of its size is a thousand times as dear. */
  const MOST = 20
  const SIZE = 1_000_000
  const filled = (unit: string): string => unit.repeat(Math.floor(SIZE / unit.length))
  const honest = `[["volatile","a",[${filled('{"text":"hello there","n":[1,2,3]},')}1]]]`

  test.each([
    ['brackets', '['.repeat(SIZE)],
    ['empty arrays', `[["volatile","a",[${filled('[],')}1]]]`],
    ['empty objects', `[["volatile","a",[${filled('{},')}1]]]`],
    ['keys', `[["volatile","a",{${Array.from({ length: 60_000 }, (_, n) => `"k${n}":0`).join()}}]]`],
    ['the same key', `[["volatile","a",{${filled('"a":0,')}"a":0}]]`],
    ['numeric keys', `[["volatile","a",{${Array.from({ length: 60_000 }, (_, n) => `"${n * 65_537}":0`).join()}}]]`],
    ['escapes', `[["volatile","a","${filled('\\u0041')}"]]`],
    ['digits', `[["volatile","a",${filled('9')}]]`],
    ['spaces', `[["volatile","a",${filled(' ')}1]]`],
    ['pings', `[${filled('["ping",1],')}["ping",1]]`],
    ['a long topic', `[["subscribe","${filled('a')}"]]`],
  ])('a megabyte of %s costs no more than some honest megabytes', (_name, packet) => {
    expect(ratio(packet, MOST)).toBeLessThan(MOST)
  })
})
