/** Bytes as a payload codec. PURE. */
import type { PayloadCodec } from '../codec.ts'

/** Typed arrays, `DataView`s, `ArrayBuffer`s and `Blob`s as their bytes; what comes is a `Uint8Array`. Bytes are copied when they are handed over. */
export const binary: PayloadCodec = {
  name: 'binary',
  binary: true,
  blobs: true,
  encode(message) {
    if (message instanceof ArrayBuffer) return new Uint8Array(message.slice(0))
    if (!ArrayBuffer.isView(message))
      throw new TypeError(`binary carries bytes, not ${typeof message}: send a Uint8Array.`)
    // The sender may go on writing into its own.
    return new Uint8Array(message.buffer, message.byteOffset, message.byteLength).slice()
  },
  decode(packet) {
    if (typeof packet === 'string') throw new TypeError('Text came where bytes were expected.')
    return packet
  },
}
