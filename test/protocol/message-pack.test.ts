// MessagePack as a codec: what holds for JSON holds here, and bytes arrive as bytes.
import { DOWN_FRAMES, json, UP_FRAMES, type Frame, type FrameTable } from '@holdfast/protocol'
import { messagePack } from '@holdfast/protocol/message-pack'
import { encode as pack, Encoder } from '@msgpack/msgpack'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { edges, TOP } from './frame-edges.ts'
import { createRandom } from './random.ts'

const codec = messagePack()
const up = (packet: unknown) => codec.decode(packet, UP_FRAMES)
const bytes = (...values: (number | Uint8Array | string)[]): Uint8Array =>
  new Uint8Array(Buffer.concat(values.map((value) => Buffer.from(typeof value === 'number' ? [value] : value))))
/** `[["auth", data]]` around data that is encoded already. */
const around = (data: Uint8Array): Uint8Array => bytes(0x91, 0x92, 0xa4, 'auth', data)
const nest = (depth: number): Uint8Array => new Uint8Array([...Array<number>(depth - 1).fill(0x91), 0x90])
const deep = (depth: number): unknown => (depth ? [deep(depth - 1)] : [])

/** JSON, and bytes anywhere in it. */
const data = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.jsonValue({ maxDepth: 2, noUnicodeString: false }),
    fc.uint8Array({ maxLength: 300 }),
    fc.double({ noNaN: true }).map((n) => n + 0),
    fc.array(tie('any'), { maxLength: 20 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('any'),
      { maxKeys: 20 },
    ),
  ),
})).any
const isClean = (value: unknown): boolean =>
  !/"__proto__":|\\ud[89a-f]/.test(JSON.stringify(value)) && !Object.is(value, -0)
/** -0 travels as 0, as in JSON. */
const positive = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(positive)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, positive(inner)]))
  return value === 0 ? 0 : value
}

describe('frames', () => {
  test.each(edges)('%s is taken at its edges and refused beyond', (type, table, { good, bad }) => {
    for (const elements of good)
      expect(codec.decode(codec.join([codec.encode([type, ...elements])]), table)).toEqual([[type, ...elements]])
    for (const elements of bad)
      expect({ elements, is: codec.decode(pack([[type, ...elements]]), table) }).toEqual({
        elements,
        is: { malformed: 'bad frame at 0' },
      })
  })
})

describe('decode', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an array', [['ping', 1]]],
    ['a number', 1],
    ['no bytes', bytes()],
    ['no text', ''],
    ['text that is no base64url', '{}'],
    ['half a packet', bytes(0x92, 0x92, 0xa4, 'ping', 1)],
    ['a string that is cut', bytes(0x91, 0x92, 0xa4, 'pin')],
    ['a length that is cut', bytes(0x91, 0x92, 0xda, 0)],
    ['a number that is cut', bytes(0x91, 0x92, 0xa4, 'ping', 0xcf, 1)],
    ['more than a packet', bytes(0x90, 0x90)],
    ['an object', bytes(0x80)],
    ['a string', bytes(0xa2, '[]')],
    ['a frame', pack(['ping', 1])],
    ['a frame of nil', pack([null])],
    ['a type that is no own name', pack([['constructor']])],
    ['an unknown type', pack([['nope']])],
    ['2^53', bytes(0x91, 0x92, 0xa4, 'ping', 0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0)],
    ['a ping of -0', bytes(0x91, 0x92, 0xa4, 'ping', 0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0)],
    ['a fraction', pack([['ping', 0.1]])],
    ['infinity', pack([['ping', Infinity]])],
    ['bytes as a type', pack([[new Uint8Array([1]), 1]])],
    ['bytes as a frame', pack([new Uint8Array([0xa4])])],
    ['the byte that is never used', around(bytes(0xc1))],
    ['an extension', around(bytes(0xd4, 1, 1))],
    ['a timestamp', pack([['auth', new Date()]])],
    ['a key that is a number', around(bytes(0x81, 1, 1))],
    ['a key that is nil', around(bytes(0x81, 0xc0, 1))],
    ['a key that is bytes', around(bytes(0x81, 0xc4, 1, 1, 1))],
    ['a key named __proto__', around(bytes(0x81, 0xa9, '__proto__', 0x80))],
    ['an array of four billion', around(bytes(0xdd, 0xff, 0xff, 0xff, 0xff))],
    ['a map of four billion', around(bytes(0xdf, 0xff, 0xff, 0xff, 0xff))],
    ['bytes of four billion', around(bytes(0xc6, 0xff, 0xff, 0xff, 0xff))],
    ['JSON that is none', '[['],
  ])('refuses %s', (_, packet) => {
    expect(up(packet)).toEqual({ malformed: expect.any(String) })
  })

  test('heads that claim more than there is cost nothing', () => {
    const bomb = bytes(...Array.from({ length: 60 }, () => bytes(0xdd, 0x02, 0, 0, 0)))
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < 1_000; n++) expect(up(bomb)).toEqual({ malformed: 'cut short' })
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 ** 26)
  })

  test('takes bytes, ArrayBuffers, base64url and JSON', () => {
    const packet = codec.join([codec.encode(['ping', 1]), codec.encode(['auth', new Uint8Array([251, 255])])])
    const frames = [
      ['ping', 1],
      ['auth', new Uint8Array([251, 255])],
    ]
    expect(up(packet)).toEqual(frames)
    expect(up(packet.buffer)).toEqual(frames)
    expect(up(Buffer.from(packet))).toEqual(frames)
    const text = Buffer.from(packet).toString('base64url')
    expect(text).toMatch(/[-_]/)
    expect(up(text)).toEqual(frames)
    expect(up('[["ping",1]]')).toEqual([['ping', 1]])
    expect(up(bytes('[["ping",1]]'))).toEqual([['ping', 1]])
    expect(up(codec.join([]))).toEqual([])
  })

  test('takes numbers of any type that are integers', () => {
    const ping = (...number: number[]) => up(bytes(0x91, 0x92, 0xa4, 'ping', ...number))
    expect(ping(0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toEqual([['ping', TOP]])
    expect(ping(0xd3, 0, 0, 0, 0, 0, 0, 0, 7)).toEqual([['ping', 7]])
    expect(ping(0xca, 0x40, 0, 0, 0)).toEqual([['ping', 2]])
  })

  test('takes 64 levels and refuses 65, at once however deep', () => {
    expect(up(around(nest(62)))).toHaveLength(1)
    expect(up(around(nest(63)))).toEqual({ malformed: 'nested too deep' })
    expect(up(nest(400_000))).toEqual({ malformed: 'nested too deep' })
    expect(up(new Uint8Array(400_000).fill(0x91))).toEqual({ malformed: 'nested too deep' })
    expect(up(new Uint8Array(400_000).fill(0x81))).toHaveProperty('malformed')
  })

  test('bytes are Uint8Arrays of their own: neither Buffers nor windows into the packet', () => {
    const packet = Buffer.from(codec.join([codec.encode(['auth', { all: [new Uint8Array([1, 2, 3])] }])]))
    const [frame] = up(packet) as [['auth', { all: [Uint8Array] }]]
    const [inner] = frame[1].all
    packet.fill(0)
    expect(inner.constructor).toBe(Uint8Array)
    expect(inner.buffer.byteLength).toBe(3)
    expect([...inner]).toEqual([1, 2, 3])
  })
})

describe('encode', () => {
  test('comes back as it was, as a whole or joined from parts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1 }), data.filter(isClean)), { maxLength: 40 }), (messages) => {
        const frames = messages.map(([serial, value]) => ['send', serial, 'chat', value] as unknown as Frame)
        const parts = messages.map(([serial, value]) =>
          codec.join([...['send', serial, 'chat'].map(codec.encode), codec.encode(value)]),
        )
        const packet = codec.join(parts)
        expect(up(packet)).toEqual(positive(frames))
        expect(packet).toEqual(codec.join(frames.map(codec.encode)))
      }),
    )
  })

  test('joins any number of elements', () => {
    for (const count of [0, 15, 16, 65_535, 65_536]) {
      const packet = codec.join(Array.from({ length: count }, () => codec.encode(['bye'])))
      expect(up(packet)).toHaveLength(count)
      expect(Buffer.compare(packet, pack(Array.from({ length: count }, () => ['bye'])))).toBe(0)
    }
  })

  test('carries whatever JSON carries as JSON carries it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }).filter(isClean), (value) => {
        const there = up(codec.join([codec.join([codec.encode('auth'), codec.encode(value)])]))
        expect(there).toEqual(json.decode(json.join([json.join(['"auth"', json.encode(value)])]), UP_FRAMES))
      }),
    )
    expect(up(codec.join([codec.encode(['auth', { a: undefined, b: [undefined] }])]))).toEqual([
      ['auth', { b: [null] }],
    ])
  })

  test('refuses what would arrive as something else, and says what to do', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    const strange: unknown[] = [() => 1, Symbol('x'), 1n, cycle, new Date(), new Map(), new Set(), /x/]
    strange.push(
      new ArrayBuffer(1),
      new Float32Array(1),
      new DataView(new ArrayBuffer(1)),
      new Blob([]),
      new Error('x'),
    )
    strange.push({ toJSON: () => 1 }, new URL('http://localhost'), Object.defineProperty({}, '__proto__', { value: 1 }))
    for (const value of strange) {
      expect(() => codec.encode(value)).toThrow(TypeError)
      expect(() => codec.encode({ in: [value] })).toThrow(TypeError)
    }
    expect(() => codec.encode(undefined)).toThrow(TypeError)
    expect(() => codec.encode(new Float32Array(1))).toThrow(/Uint8Array/)
    class Own {
      text = 'hi'
    }
    expect(codec.encode([new Own(), Object.create(null)])).toEqual(codec.encode([{ text: 'hi' }, {}]))
  })

  test('refuses what would be nested too deep for the peer, and nothing else', () => {
    const fits = codec.encode(deep(61))
    expect(up(codec.join([codec.join([codec.encode('auth'), fits])]))).toHaveLength(1)
    expect(() => codec.encode(deep(62))).toThrow('nested deeper than 62')
    expect(() => codec.encode(deep(500))).toThrow(TypeError)
    expect(() => codec.encode({ text: 'x'.repeat(99), deep: deep(62) })).toThrow(TypeError)
  })

  test('leaves what it is given as it was, and gives bytes of its own', () => {
    const given = { bytes: new Uint8Array([1, 2, 3]), list: [1] }
    const packet = codec.encode(given)
    const before = packet.slice()
    codec.encode('another')
    expect(packet).toEqual(before)
    expect(packet.buffer.byteLength).toBe(packet.length)
    expect(given).toEqual({ bytes: new Uint8Array([1, 2, 3]), list: [1] })
  })
})

test('100,000 mutated packets: never a throw, never a frame that is none, no prototype touched', () => {
  const random = createRandom(1)
  const encoder = new Encoder()
  const seeds = edges.flatMap(([type, , { good }]) => good.map((elements) => encoder.encode([[type, ...elements]])))
  seeds.push(codec.join([codec.encode(['auth', new Uint8Array(40)])]))
  const tokens = [
    ...[0xc0, 0xc1, 0xc3, 0xca, 0xcb, 0xcf, 0xd3, 0x80, 0x81, 0x90, 0x91, 0xdf, 0xff].map((head) => bytes(head)),
    bytes(0xdd, 0, 0, 0, 9),
    bytes(0xde, 0, 2),
    bytes(0xd4, 1, 1),
    bytes(0xc4, 2, 1, 2),
    bytes(0xa9, '__proto__'),
    bytes(0xab, 'constructor', 0x81, 0xa9, 'prototype', 0x81, 0xa8, 'polluted', 1),
    bytes(0xa1, 0xff),
    nest(70),
  ]
  const mutate = (packet: Uint8Array): Uint8Array => {
    const at = random.int(packet.length + 1)
    const end = at + random.int(6)
    switch (random.int(5)) {
      case 0:
        return bytes(packet.subarray(0, at), random.pick(tokens), packet.subarray(at))
      case 1:
        return bytes(packet.subarray(0, at), packet.subarray(end))
      case 2:
        return bytes(packet.subarray(0, at), random.pick(tokens), packet.subarray(end))
      case 3:
        return bytes(packet.subarray(0, at), random.int(256), packet.subarray(at + 1))
      default:
        // One frame more, if it has fewer than fifteen.
        return bytes((packet[0] ?? 0x90) + 1, packet.subarray(1), random.pick(seeds).subarray(1))
    }
  }
  const names = (): number =>
    Object.getOwnPropertyNames(Object.prototype).length + Object.getOwnPropertyNames(Array.prototype).length
  const before = names()
  let taken = 0
  for (let n = 0; n < 100_000; n++) {
    let packet: Uint8Array = random.pick(seeds)
    for (let times = random.int(3); times >= 0; times--) packet = mutate(packet)
    for (const table of [UP_FRAMES, DOWN_FRAMES] satisfies FrameTable[]) {
      const decoded = codec.decode(packet, table)
      if ('malformed' in decoded) {
        if (typeof decoded.malformed !== 'string' || decoded.malformed.length > 100) throw new Error(String(packet))
        continue
      }
      taken++
      for (const frame of decoded) if (!Object.hasOwn(table, frame[0])) throw new Error(String(packet))
    }
  }
  expect(taken).toBeGreaterThan(1_000)
  expect(names()).toBe(before)
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})
