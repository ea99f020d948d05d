/** Plain text as a payload codec. PURE. */
import type { PayloadCodec } from '../codec.ts'

/** Strings as they are. Bytes that come are read as UTF-8. */
export const text: PayloadCodec = {
  name: 'text',
  encode(message) {
    if (typeof message !== 'string')
      throw new TypeError(`text carries strings, not ${typeof message}: send String(it), or use json.`)
    return message
  },
  decode: (packet) => (typeof packet === 'string' ? packet : new TextDecoder('utf-8', { fatal: true }).decode(packet)),
}
