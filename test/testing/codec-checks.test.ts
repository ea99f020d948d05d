// The checks of codecs pass for what keeps the contract, and each finds the fault that it is for.
import { json, type PayloadCodec } from '@holdfast/client'
import { messagePack } from '@holdfast/protocol/message-pack'
import type { Codec } from '@holdfast/protocol'
import { codecChecks, wireCodecChecks, type Check, type WireCodecUnderTest } from '@holdfast/testing/codec'
import { encode as pack } from '@msgpack/msgpack'
import { describe, expect, test } from 'vitest'

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values)

/** What is wrong, by the title of the check that found it. */
function faultsOf(checks: readonly Check[]): Map<string, string> {
  const faults = new Map<string, string>()
  for (const { title, run } of checks) {
    try {
      run()
    } catch (error) {
      faults.set(title, (error as Error).message)
    }
  }
  return faults
}

describe('a payload codec', () => {
  const raw: PayloadCodec = {
    name: 'raw',
    binary: true,
    encode(message) {
      if (!(message instanceof Uint8Array)) throw new TypeError('raw carries bytes: send a Uint8Array.')
      return Uint8Array.from(message)
    },
    decode(packet) {
      if (typeof packet === 'string') throw new Error('text')
      return packet
    },
  }
  const check = (codec: { [name in keyof PayloadCodec]?: PayloadCodec[name] | undefined }) =>
    faultsOf(
      codecChecks({
        codec: { ...raw, ...codec },
        carries: [bytes(), bytes(1, 2)],
        refuses: [1],
        garbage: ['text'],
      }),
    )
  const checkJson = (codec: Partial<PayloadCodec>) =>
    faultsOf(codecChecks({ codec: { ...json, ...codec }, carries: [{ a: [1] }], refuses: [undefined], garbage: ['{'] }))

  test('that keeps the contract has no fault', () => {
    expect(check({})).toEqual(new Map())
    expect(checkJson({})).toEqual(new Map())
  })

  let made = 0
  const polluted: { [name: string]: unknown } = Object.prototype as never
  test.each<[string, ReturnType<typeof check>, string]>([
    ['loses', checkJson({ decode: () => ({ a: [2] }) }), 'gives back'],
    ['drops keys', checkJson({ decode: () => ({}) }), 'gives back'],
    ['is binary and does not say so', check({ binary: undefined }), 'makes text or bytes'],
    ['says that it is binary and is not', checkJson({ binary: true }), 'makes text or bytes'],
    ['makes what is no packet', check({ encode: () => [1] as never }), 'makes text or bytes'],
    ['counts', checkJson({ encode: (it) => JSON.stringify(it) + ' '.repeat(++made) }), 'encodes the same'],
    ['refuses nothing', checkJson({ encode: (it) => JSON.stringify(it ?? null) }), 'throws a TypeError'],
    ['takes garbage', checkJson({ decode: (it) => (it === '{' ? null : json.decode(it)) }), 'throws for garbage'],
    ['keeps the buffer', check({ encode: (it) => (raw.encode(it), it as never) }), 'neither changes'],
    [
      'changes the message',
      checkJson({ encode: (it) => ((it as { a: number[] }).a.push(1), json.encode(it)) }),
      'neither changes',
    ],
  ])('that %s is found out', (_, faults, title) => {
    expect([...faults.keys()].filter((found) => found.startsWith(title))).toHaveLength(1)
  })

  test('that lets garbage reach a prototype is found out', () => {
    const decode: PayloadCodec['decode'] = (packet) => {
      if (packet === '{') polluted.polluted = 1
      return json.decode(packet)
    }
    try {
      expect(checkJson({ decode }).get('throws for garbage, leaves no trace of it, and goes on')).toMatch(/prototype/)
    } finally {
      delete polluted.polluted
    }
  })
})

describe('a codec of the protocol', () => {
  const good = messagePack()
  type Bytes = Uint8Array<ArrayBuffer>
  const given: Omit<WireCodecUnderTest, 'codec'> = {
    carries: [bytes(), bytes(1, 2, 3), { deep: [bytes(9)] }],
    refuses: [1n, new Date(), new Map(), new Float32Array(1)],
    garbage: ['{}', bytes(0xc1), bytes(0xdd, 255, 255, 255, 255), pack([new Date()]), pack(1)],
  }
  const check = (codec: Partial<Codec<Bytes>>) => faultsOf(wireCodecChecks({ codec: { ...good, ...codec }, ...given }))

  test('that keeps the contract has no fault: MessagePack', () => {
    expect(check({})).toEqual(new Map())
  })

  const decode = good.decode as (packet: unknown, table: never) => unknown
  test.each<[string, Partial<Codec<Bytes>>, string]>([
    ['has no name', { name: 'My Codec' }, 'has a name'],
    ['says another type', { http: { isBinary: true, headers: { 'content-type': 'text/plain' } } }, 'has a name'],
    ['joins a few', { join: (parts) => good.join(parts.slice(0, 60_000)) }, 'joins any number'],
    ['makes JSON', { join: (parts) => new Uint8Array([0x5b, ...good.join(parts)]) }, 'makes no packet'],
    [
      'reads no JSON',
      {
        decode: ((it: unknown, table: never) =>
          typeof it === 'string' && it[0] === '[' ? { malformed: 'text' } : decode(it, table)) as never,
      },
      'makes no packet',
    ],
    [
      'reads no base64url',
      {
        decode: ((it: unknown, table: never) =>
          typeof it === 'string' && it[0] !== '[' ? { malformed: 'text' } : decode(it, table)) as never,
      },
      'reads bytes',
    ],
    [
      'reads the whole buffer',
      { decode: ((it: unknown, table: never) => decode(it instanceof Uint8Array ? it.buffer : it, table)) as never },
      'reads bytes',
    ],
    ['refuses nothing', { encode: (value) => good.encode(value ?? null) }, 'throws a TypeError'],
    [
      'throws',
      {
        decode: ((it: unknown, table: never) => {
          const frames = decode(it, table)
          if ('malformed' in (frames as object)) throw new Error('no')
          return frames
        }) as never,
      },
      'says of anything else',
    ],
    [
      'checks no frame',
      { decode: ((it: unknown, table: object) => decode(it, { ...table, pong: [] } as never)) as never },
      'holds every frame',
    ],
    [
      'lends its buffer',
      { encode: (value) => (value instanceof Uint8Array ? (value as Bytes) : good.encode(value)) },
      'shares no memory',
    ],
  ])('that %s is found out', (_, codec, title) => {
    expect([...check(codec).keys()].filter((found) => found.startsWith(title))).toHaveLength(1)
  })
})
