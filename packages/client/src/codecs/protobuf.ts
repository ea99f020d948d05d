/** Protocol Buffers as a payload codec, by `@bufbuild/protobuf` (v2): an entry of its own, so that it is bundled only where it is imported. PURE. */
import { create, fromBinary, isMessage, toBinary } from '@bufbuild/protobuf'
import type { DescMessage, Message, Registry } from '@bufbuild/protobuf'
import type { Packet } from '@holdfast/protocol'
import type { PayloadCodec } from '../codec.ts'

/** Options of `protobuf()`. */
export interface ProtobufOptions {
  /**
   * Messages of several types: each travels in the `google.protobuf.Any` that is given as schema, under its name, and comes out as itself. Types that are
   * not in here are refused. @default none: every message is one of the schema
   */
  registry?: Registry
}

const ANY = 'google.protobuf.Any'
/** Names of types stand behind a host (google/protobuf/any.proto); which one does not matter. */
const HOST = 'type.googleapis.com/'

interface Any extends Message {
  typeUrl: string
  value: Uint8Array
}

function toBytes(schema: DescMessage, message: Message): Uint8Array<ArrayBuffer> {
  try {
    return toBinary(schema, message)
  } catch (cause) {
    // A field that is out of its range.
    throw new TypeError(`This ${schema.typeName} cannot be encoded: ${String(cause)}`, { cause })
  }
}

/** One type, whatever it is. */
const single = (schema: DescMessage): Pick<PayloadCodec, 'encode'> & { read(bytes: Uint8Array): Message } => ({
  encode(message) {
    if (!isMessage(message, schema))
      throw new TypeError(`protobuf() carries ${schema.typeName}: make it with create(${schema.name}Schema, { ... }).`)
    return toBytes(schema, message)
  },
  read: (bytes) => fromBinary(schema, bytes),
})

/** Any type of the registry, in its envelope. */
const several = (schema: DescMessage, registry: Registry): ReturnType<typeof single> => ({
  encode(message) {
    const inner = isMessage(message) ? registry.getMessage(message.$typeName) : undefined
    if (!inner) throw new TypeError('protobuf() carries messages of types that are in its registry: add it there.')
    const value = toBytes(inner, message as Message)
    return toBytes(schema, create(schema, { typeUrl: HOST + inner.typeName, value }))
  },
  read(bytes) {
    const { typeUrl, value } = fromBinary(schema, bytes) as Any
    const inner = registry.getMessage(typeUrl.slice(typeUrl.lastIndexOf('/') + 1))
    if (!inner) throw new TypeError(`The registry has no ${typeUrl}.`)
    return fromBinary(inner, value)
  },
})

/**
 * Messages of a generated schema, as `create()` makes them. Text that comes is refused.
 *
 * `schema` is the generated descriptor (`UserSchema`), or `AnySchema` together with a `registry`. Throws a `TypeError` for a registry with
 * another schema, which it would not be asked for.
 */
export function protobuf(schema: DescMessage, { registry }: ProtobufOptions = {}): PayloadCodec {
  if (registry && schema.typeName !== ANY)
    throw new TypeError(`protobuf(): a registry goes with AnySchema, not ${schema.typeName}.`)
  const { encode, read } = registry ? several(schema, registry) : single(schema)
  return {
    name: 'protobuf:' + schema.typeName,
    type: 'application/x-protobuf',
    binary: true,
    encode,
    decode(packet: Packet) {
      if (typeof packet === 'string') throw new TypeError('Text came where Protocol Buffers were expected.')
      return read(packet)
    },
  }
}
