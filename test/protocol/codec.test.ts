import { DOWN_FRAMES, json, UP_FRAMES, type Frame, type FrameTable } from '@holdfast/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { edges, TOP } from './frame-edges.ts'
import { createRandom } from './random.ts'

const up = (packet: unknown) => json.decode(packet, UP_FRAMES)
const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
describe('frames', () => {
  test.each(edges)('%s is taken at its edges and refused beyond', (type, table, { good, bad }) => {
    for (const elements of good)
      expect(json.decode(JSON.stringify([[type, ...elements]]), table)).toEqual([[type, ...elements]])
    for (const elements of bad)
      expect({ elements, is: json.decode(JSON.stringify([[type, ...elements]]), table) }).toEqual({
        elements,
        is: { malformed: 'bad frame at 0' },
      })
  })

  test('each frame in the tables has its edges here', () => {
    const names = (table: FrameTable): string[] => edges.filter(([, of]) => of === table).map(([type]) => type)
    expect(names(UP_FRAMES).sort()).toEqual(Object.keys(UP_FRAMES).sort())
    expect(names(DOWN_FRAMES).sort()).toEqual(Object.keys(DOWN_FRAMES).sort())
  })
})

describe('decode', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['bytes', new Uint8Array(4)],
    ['an array', [['ping', 1]]],
    ['a number', 1],
    ['no text', ''],
    ['half a packet', '[["ping",1]'],
    ['more than a packet', '[]]'],
    ['an object', '{}'],
    ['a string', '"[]"'],
    ['JSON null', 'null'],
    ['a frame', '["ping",1]'],
    ['a frame of null', '[null]'],
    ['an array-like frame', '[{"0":"ping","1":1,"length":2}]'],
    ['a type that is no own name', '[["constructor"]]'],
    ['a type that is a prototype', '[["__proto__"]]'],
    ['toString', '[["toString"]]'],
    ['hasOwnProperty', '[["hasOwnProperty","x"]]'],
    ['a type in an array', '[[["ping"],1]]'],
    ['an unknown type', '[["nope"]]'],
    ['-0', '[["ping",-0]]'],
    ['2^53', '[["ping",9007199254740992]]'],
    ['more than is counted exactly', '[["ping",9007199254740993]]'],
    ['a fraction', '[["ping",0.1]]'],
    ['infinity', '[["ping",1e999]]'],
    ['NaN', '[["ping",NaN]]'],
    ['a hole', '[["ping",,]]'],
    ['one bad frame after good ones', '[["ping",1],["ping",2],["ping"]]'],
  ])('refuses %s', (_, packet) => {
    expect(up(packet)).toEqual({ malformed: expect.any(String) })
  })

  test('takes other spellings of the same numbers, the last of double keys, and lone surrogates', () => {
    expect(up('[["ping",1e3],["ping",0],["ping",1.0],["ping",9007199254740991]]')).toEqual([
      ['ping', 1000],
      ['ping', 0],
      ['ping', 1],
      ['ping', TOP],
    ])
    expect(up('[["auth",{"a":1,"a":2}]]')).toEqual([['auth', { a: 2 }]])
    expect(up('[["auth","\\ud800"],["auth","\ud800"]]')).toEqual([
      ['auth', '\ud800'],
      ['auth', '\ud800'],
    ])
    expect(up('[]')).toEqual([])
  })

  test('a key named __proto__ stays a key', () => {
    const [frame] = up('[["auth",{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}]]') as [
      ['auth', object],
    ]
    expect(Object.getPrototypeOf(frame[1])).toBe(Object.prototype)
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    expect(
      up('[["hello",{"__proto__":{"version":1,"session":null,"incarnation":1,"settled":0,"subscriptions":[]}}]]'),
    ).toHaveProperty('malformed')
  })

  test('takes 64 levels and refuses 65, at once however deep', () => {
    expect(up(`[["auth",${nest(62)}]]`)).toHaveLength(1)
    expect(up(`[["auth",${nest(63)}]]`)).toEqual({ malformed: 'nested too deep' })
    expect(up(nest(400_000))).toEqual({ malformed: 'nested too deep' })
    expect(up('['.repeat(400_000))).toEqual({ malformed: 'not JSON' })
    expect(up('[["auth",' + '{"a":'.repeat(200_000) + '1' + '}'.repeat(200_000) + ']]')).toEqual({
      malformed: 'nested too deep',
    })
    expect(up(`[["auth","${'['.repeat(1_000)}\\"{{{"]]`)).toHaveLength(1)
  })

  test('knows the depth of any JSON', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    const wrapped = fc
      .tuple(fc.jsonValue({ maxDepth: 6 }), fc.nat(64), fc.boolean())
      .map(([value, levels, objects]) => {
        let packed: unknown = value
        for (let n = 0; n < levels; n++) packed = objects ? { in: packed, n } : [n, packed]
        return [['auth', packed]]
      })
    fc.assert(
      fc.property(wrapped, (frames) => {
        const decoded = up(JSON.stringify(frames))
        const expected = depthOf(frames) > 64 ? { malformed: 'nested too deep' } : JSON.parse(JSON.stringify(frames))
        expect(decoded).toEqual(expected)
      }),
    )
  })
})

describe('encode', () => {
  test('comes back as it was, as a whole or joined from parts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1 }), fc.jsonValue({ maxDepth: 10 }))), (messages) => {
        const frames = messages.map(([serial, data]) => ['send', serial, 'chat', data] as unknown as Frame)
        const parts = messages.map(([serial, data]) =>
          json.join([...['send', serial, 'chat'].map(json.encode), json.encode(data)]),
        )
        const packet = json.join(parts)
        expect(up(packet)).toEqual(JSON.parse(JSON.stringify(frames)))
        expect(packet).toBe(json.join(frames.map(json.encode)))
      }),
    )
  })

  test('refuses bytes instead of making an object of them', () => {
    for (const value of [new Uint8Array(2), new ArrayBuffer(2), new DataView(new ArrayBuffer(1)), new Blob(['x'])])
      expect(() => json.encode(value)).toThrow(/JSON has no bytes\. Use/)
  })

  test('refuses what JSON cannot carry', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    for (const value of [undefined, () => 1, Symbol('x'), 1n, cycle, [1n]])
      expect(() => json.encode(value)).toThrow(TypeError)
  })

  test('refuses what would be nested too deep for the peer, and nothing else', () => {
    for (const wrap of [
      (part: string) => part,
      (part: string) => `{"a":"${'['.repeat(99)}","b":${part.slice(1, -1)}}`,
    ]) {
      const fits = json.encode(JSON.parse(wrap(nest(62))))
      expect(up(json.join([json.join(['"auth"', fits])]))).toHaveLength(1)
      expect(() => json.encode(JSON.parse(`[${wrap(nest(62))}]`))).toThrow('nested deeper than 62')
    }
    const deep = JSON.parse(nest(99)) as unknown
    expect(json.encode({ toJSON: () => 'flat', deep })).toBe('"flat"')
    expect(() => json.encode({ toJSON: () => deep })).toThrow(TypeError)
  })
})

test('100,000 mutated packets: never a throw, never a frame that is none, no prototype touched', () => {
  const random = createRandom(1)
  const seeds = edges.flatMap(([type, , { good }]) => good.map((elements) => JSON.stringify([[type, ...elements]])))
  const tokens =
    '[ ] { } , : " \\ -0 1e3 1e999 9007199254740993 null true "" "__proto__": {} [] {"__proto__":{"polluted":1}} "constructor" "prototype"'
      .split(' ')
      .concat('"hasOwnProperty"', '\0', '\ud800', '\u2028', '\n', nest(70))
  const mutate = (text: string): string => {
    const at = random.int(text.length + 1)
    const end = at + random.int(6)
    switch (random.int(5)) {
      case 0:
        return text.slice(0, at) + random.pick(tokens) + text.slice(at)
      case 1:
        return text.slice(0, at) + text.slice(end)
      case 2:
        return text.slice(0, at) + random.pick(tokens) + text.slice(end)
      case 3:
        return text.slice(0, at) + random.pick(seeds).slice(random.int(20))
      default:
        return text.slice(0, -1) + ',' + random.pick(seeds).slice(1)
    }
  }
  const before =
    Object.getOwnPropertyNames(Object.prototype).length + Object.getOwnPropertyNames(Array.prototype).length
  let taken = 0
  for (let n = 0; n < 100_000; n++) {
    let packet = random.pick(seeds)
    for (let times = random.int(4); times >= 0; times--) packet = mutate(packet)
    for (const table of [UP_FRAMES, DOWN_FRAMES]) {
      const decoded = json.decode(packet, table)
      if ('malformed' in decoded) {
        if (typeof decoded.malformed !== 'string' || decoded.malformed.length > 100) throw new Error(packet)
        continue
      }
      taken++
      for (const frame of decoded) if (!Object.hasOwn(table, frame[0])) throw new Error(packet)
    }
  }
  expect(taken).toBeGreaterThan(1_000)
  expect(Object.getOwnPropertyNames(Object.prototype).length + Object.getOwnPropertyNames(Array.prototype).length).toBe(
    before,
  )
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})
