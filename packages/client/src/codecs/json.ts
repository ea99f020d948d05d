/** JSON as a payload codec, the default of `plain()`. PURE. */
import { refuseBytes } from '@holdfast/protocol'
import type { PayloadCodec } from '../codec.ts'

const TYPE = 'application/json'

/** Any JSON value as one text. Bytes that come are read as UTF-8. */
export const json: PayloadCodec = {
  name: 'json',
  type: TYPE,
  encode(message) {
    const text = JSON.stringify(refuseBytes(message)) as string | undefined
    if (text === undefined) throw new TypeError(`JSON has no ${typeof message}.`)
    return text
  },
  decode: (packet) => JSON.parse(typeof packet === 'string' ? packet : new TextDecoder().decode(packet)) as unknown,
}

/**
 * JSON beside bare words, such as the `ping` and `pong` of many servers: a string is sent as it is, and what comes and is no JSON is a
 * string. So a string does not come back as it went if it reads as JSON.
 */
export const jsonOrText: PayloadCodec = {
  // Not `...json`: that reads properties, so bundlers would keep this, and with it `json`, where nobody uses them.
  name: 'json-or-text',
  type: TYPE,
  encode: (message) => (typeof message === 'string' ? message : json.encode(message)),
  decode(packet) {
    try {
      return json.decode(packet)
    } catch {
      return typeof packet === 'string' ? packet : new TextDecoder().decode(packet)
    }
  },
}
