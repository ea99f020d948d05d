/** JSON as a payload codec, the default of `plain()`. PURE. */
import { refuseBytes } from '@holdfast/protocol'
import type { PayloadCodec } from '../codec.ts'

/** Any JSON value as one text. Bytes that come are read as UTF-8. */
export const json: PayloadCodec = {
  name: 'json',
  type: 'application/json',
  encode(message) {
    const text = JSON.stringify(refuseBytes(message)) as string | undefined
    if (text === undefined) throw new TypeError(`JSON has no ${typeof message}.`)
    return text
  },
  decode: (packet) => JSON.parse(typeof packet === 'string' ? packet : new TextDecoder().decode(packet)) as unknown,
}
