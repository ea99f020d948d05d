/** Text or bytes, which Redis does not tell apart: by the first byte. */
import type { Packet } from '@holdfast/protocol'

const TEXT = Buffer.from('t')
const BYTES = Buffer.from('b')

export const pack = (data: Packet): Buffer =>
  typeof data === 'string' ? Buffer.concat([TEXT, Buffer.from(data)]) : Buffer.concat([BYTES, data])

export const unpack = (kept: Buffer): Packet =>
  kept[0] === TEXT[0] ? kept.toString('utf8', 1) : new Uint8Array(kept.subarray(1))
