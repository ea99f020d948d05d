// @vitest-environment jsdom
// The codecs that are brought along, by the suite that any codec is proven with; and what is particular to each.
import { create, createRegistry, toBinary } from '@bufbuild/protobuf'
import { AnySchema, DurationSchema, StructSchema, TimestampSchema, ValueSchema } from '@bufbuild/protobuf/wkt'
import { binary, json, jsonOrText, text, type PayloadCodec } from '@holdfast/client'
import { messagePack } from '@holdfast/client/message-pack'
import { protobuf } from '@holdfast/client/protobuf'
import { xml } from '@holdfast/client/xml'
import { encode as pack } from '@msgpack/msgpack'
import { describe, expect, test } from 'vitest'
import { testCodec } from './codec-conformance.ts'

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values)
const NO_UTF8 = bytes(0xc3, 0x28, 0xff)
const cycle: unknown[] = []
cycle.push(cycle)
const data = [null, true, 0, -1.5, 2 ** 40, '', 'Zoë 🦑', [1, [2]], { a: { b: [] } }]

testCodec('text', {
  codec: text,
  carries: ['', 'Zoë 🦑', '{"a":1}'],
  refuses: [undefined, null, 1, {}, [], bytes(1), Symbol('x')],
  garbage: [NO_UTF8],
})
testCodec('json', {
  codec: json,
  carries: data,
  refuses: [undefined, () => 1, 1n, cycle, bytes(1), new ArrayBuffer(1), new Blob([])],
  garbage: ['', '{', 'undefined', '{"__proto__":{"polluted":1}', bytes(0xff)],
})
testCodec('jsonOrText', {
  codec: jsonOrText,
  carries: [...data.filter((it) => typeof it !== 'string'), 'ping', 'Zoë 🦑'],
  refuses: [undefined, 1n, cycle, bytes(1)],
  garbage: [],
})
testCodec('binary', {
  codec: binary,
  carries: [bytes(), bytes(0, 1, 255), new Uint8Array(70_000).fill(7)],
  refuses: [undefined, null, 1, 'text', {}, [1, 2], new Blob([])],
  garbage: ['', 'text'],
})
testCodec('messagePack', {
  codec: messagePack(),
  carries: [...data, bytes(1, 2, 3), { deep: [bytes(9)] }],
  refuses: [undefined, () => 1, 1n, cycle, new Date(), new Map(), new Float32Array(1), new ArrayBuffer(1)],
  garbage: [
    '',
    '[]',
    bytes(),
    bytes(0xc1),
    bytes(0x91),
    bytes(1, 2),
    bytes(0xdd, 255, 255, 255, 255),
    pack(new Date()),
  ],
})

const registry = createRegistry(DurationSchema, StructSchema)
const duration = (seconds: bigint) => create(DurationSchema, { seconds, nanos: 5 })
const struct = create(StructSchema, {
  fields: { name: create(ValueSchema, { kind: { case: 'stringValue', value: 'x' } }) },
})
testCodec('protobuf of one type', {
  codec: protobuf(DurationSchema),
  carries: [duration(0n), duration(-7n), create(DurationSchema)],
  refuses: [undefined, null, {}, { seconds: 1n }, bytes(1), create(TimestampSchema), { ...duration(1n), nanos: 1.5 }],
  garbage: ['', 'text', bytes(0x08), bytes(0xff, 0xff, 0xff), bytes(0x12, 9, 1)],
})
testCodec('protobuf of several types', {
  codec: protobuf(AnySchema, { registry }),
  carries: [duration(3n), struct],
  refuses: [undefined, {}, create(TimestampSchema), create(AnySchema)],
  garbage: [
    'text',
    bytes(0x08),
    bytes(),
    toBinary(AnySchema, create(AnySchema, { typeUrl: 'type.googleapis.com/no.such.Type' })),
    toBinary(AnySchema, create(AnySchema, { typeUrl: 'x/google.protobuf.Duration', value: bytes(8) })),
  ],
})

const parse = (source: string): Document => new DOMParser().parseFromString(source, 'application/xml')
testCodec('xml', {
  codec: xml(),
  carries: [
    parse('<a/>'),
    parse('<m xmlns="urn:x" to="&lt;b&gt;">Zoë 🦑<![CDATA[<&]]><!-- c --></m>'),
    parse('<parsererror/>'),
  ],
  refuses: [undefined, null, '<a/>', {}, parse('<a/>').documentElement],
  garbage: ['', 'text', '<a>', '<a></b>', '<a>&no;</a>', NO_UTF8],
  plain: (message) => new XMLSerializer().serializeToString(message as Document),
})

describe('in particular', () => {
  test('bytes that come are read as UTF-8 by the codecs of text', () => {
    const encoded = (source: string) => new TextEncoder().encode(source)
    expect(text.decode(encoded('Zoë'))).toBe('Zoë')
    expect(json.decode(encoded('{"a":"Zoë"}'))).toEqual({ a: 'Zoë' })
    expect(jsonOrText.decode('pong')).toBe('pong')
    expect((xml().decode(encoded('<a>Zoë</a>')) as Document).documentElement.textContent).toBe('Zoë')
  })

  test('binary takes any view and buffer by its bytes, and leaves Blobs to the platform', () => {
    expect(binary.encode(new Float32Array([1]).buffer)).toEqual(bytes(0, 0, 128, 63))
    expect(binary.encode(new Uint16Array([1, 2]).subarray(1))).toEqual(bytes(2, 0))
    expect(binary.encode(new DataView(bytes(1, 2, 3).buffer, 1, 1))).toEqual(bytes(2))
    expect(binary.blobs).toBe(true)
  })

  test('MessagePack that others made is taken where it is data, and refused in words where it is not', () => {
    const codec: PayloadCodec = messagePack()
    expect(codec.decode(pack({ a: [1, bytes(2)] }))).toEqual({ a: [1, bytes(2)] })
    expect(() => codec.decode(pack(new Date()))).toThrow(/extension/)
    expect(() => codec.decode(bytes(0x81, 1, 1))).toThrow(/key/)
  })

  test('a registry goes with Any, and Any without one comes as itself', () => {
    expect(() => protobuf(DurationSchema, { registry })).toThrow(TypeError)
    const any = create(AnySchema, { typeUrl: 'x/y', value: bytes(1) })
    expect(protobuf(AnySchema).decode(toBinary(AnySchema, any))).toEqual(any)
    expect(protobuf(AnySchema, { registry }).encode(duration(9n))).toEqual(
      toBinary(
        AnySchema,
        create(AnySchema, {
          typeUrl: 'type.googleapis.com/google.protobuf.Duration',
          value: toBinary(DurationSchema, duration(9n)),
        }),
      ),
    )
  })

  test('xml takes the classes it is given, and fetches nothing', () => {
    const used: string[] = []
    class Parser extends DOMParser {
      override parseFromString(source: string, type: DOMParserSupportedType): Document {
        used.push(source)
        return super.parseFromString(source, type)
      }
    }
    xml({ DOMParser: Parser }).decode('<a/>')
    expect(used).toContain('<a/>')
  })
})
