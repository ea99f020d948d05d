/** What a WebSocket is given, checked and read as the platform does (WHATWG WebSockets). PURE but for the Web IDL types. */

/** Codes for `close()` (WHATWG WebSockets §3.1). */
const NORMAL = 1000
/** Bytes of UTF-8: a close frame has no room for more (RFC 6455 §5.5). */
const MAX_REASON = 123
/** A token (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/

const syntaxError = (message: string): DOMException => new DOMException(message, 'SyntaxError')

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** As a USVString: what is no Unicode becomes U+FFFD. */
const wellFormed = (value: unknown): string => String(value).replace(/\p{Surrogate}/gu, '\uFFFD')

/** Absolute, ws or wss, without fragment. */
export function urlOf(given: unknown, base: string | undefined): URL {
  let url: URL
  try {
    url = new URL(String(given), base)
  } catch {
    throw syntaxError(`The URL '${String(given)}' is invalid.`)
  }
  // Only text can change between ws and http: the URL setter refuses it.
  if (/^https?:/.test(url.href)) url = new URL(url.href.replace(/^http/, 'ws'))
  if (!/^wss?:/.test(url.href))
    throw syntaxError(`The URL's scheme must be http, https, ws or wss, not '${url.protocol}'.`)
  if (url.hash || url.href.endsWith('#')) throw syntaxError('The URL has a fragment, which is not allowed.')
  return url
}

/** Subprotocols, each a token and there once. */
export function protocolsOf(given: unknown): string[] {
  const list =
    typeof given === 'object' && given !== null && Symbol.iterator in given
      ? Array.from(given as Iterable<unknown>, String)
      : [String(given)]
  list.forEach((name, i) => {
    if (!TOKEN.test(name)) throw syntaxError(`The subprotocol '${name}' is invalid.`)
    if (list.indexOf(name) < i) throw syntaxError(`The subprotocol '${name}' is there twice.`)
  })
  return list
}

/** `[Clamp] unsigned short`, with ties to even. */
function clamped(value: unknown): number {
  const x = Math.min(Math.max(Number(value) || 0, 0), 65_535)
  const low = Math.floor(x)
  return x - low < 0.5 || (x - low === 0.5 && low % 2 === 0) ? low : low + 1
}

/** Arguments of `close()`; null without a code. */
export function closeOf(code: unknown, reason: unknown): readonly [code: number | null, reason: string] {
  const number = code === undefined ? null : clamped(code)
  if (number !== null && number !== NORMAL && !(number >= 3000 && number <= 4999))
    throw new DOMException(`The close code must be 1000 or from 3000 to 4999, not ${number}.`, 'InvalidAccessError')
  const text = reason === undefined ? '' : wellFormed(reason)
  if (utf8(text).length > MAX_REASON) throw syntaxError(`The close reason has more than ${MAX_REASON} bytes.`)
  return [number, text]
}

/** By its name: the class may be that of another frame. */
const isOf = <T>(value: unknown, name: string): value is T =>
  Object.prototype.toString.call(value) === `[object ${name}]`

/** What `send()` is given: text, bytes as they are now, or a blob; with its size in bytes. */
export function dataOf(given: unknown): readonly [data: string | Uint8Array<ArrayBuffer> | Blob, size: number] {
  if (isOf<Blob>(given, 'Blob') || isOf<File>(given, 'File')) return [given, given.size]
  if (isOf<ArrayBuffer>(given, 'ArrayBuffer')) return [new Uint8Array(given.slice(0)), given.byteLength]
  if (ArrayBuffer.isView(given)) {
    const bytes = new Uint8Array(given.byteLength)
    bytes.set(new Uint8Array(given.buffer, given.byteOffset, given.byteLength))
    return [bytes, bytes.length]
  }
  const text = wellFormed(given)
  return [text, utf8(text).length]
}
