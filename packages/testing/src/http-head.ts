// HTTP/1.1 heads (RFC 9112), read just well enough to aim faults. Pure: bytes in, values out. Whatever is not understood is
// answered with null and the caller passes it through untouched: judging requests is the target's business, not the proxy's.

/** How the end of a body is found (RFC 9112 section 6.3). */
export type Framing =
  { type: 'none' } | { type: 'length'; length: number } | { type: 'chunked' } | { type: 'until-close' }

type Headers = Readonly<Record<string, string>>

export interface RequestHead {
  bytes: Buffer
  method: string
  path: string
  headers: Headers
  framing: Framing
}

export interface ResponseHead {
  bytes: Buffer
  status: number
  headers: Headers
  framing: Framing
}

/** A head longer than this is not looked at any more. Node's own limit is 16 KiB. */
export const maxHeadBytes = 65_536

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}) (\S+) HTTP\/1\.[01]$/
const statusLine = /^HTTP\/1\.[01] (\d{3})(?: |$)/

/** Where the head ends (after the empty line), or -1. */
export function headEnd(bytes: Buffer): number {
  const at = bytes.indexOf('\r\n\r\n')
  return at === -1 ? -1 : at + 4
}

/** False as soon as these first bytes can no longer become a request line: some other protocol is spoken here. */
export function mayBeRequest(bytes: Buffer): boolean {
  return /^[A-Za-z-]{1,40}(?: |$)/.test(bytes.toString('latin1', 0, 41))
}

export function mayBeResponse(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 7)
  return 'HTTP/1.'.startsWith(start)
}

export function parseRequestHead(bytes: Buffer): RequestHead | null {
  const [first, headers] = split(bytes)
  const [, method, path] = requestLine.exec(first) ?? []
  if (method === undefined || path === undefined || headers === null) return null
  const framing = framingOf(headers, { type: 'none' })
  return framing && { bytes, method, path, headers, framing }
}

/** `method` is the request's: the answer to HEAD has no body whatever its head says. */
export function parseResponseHead(bytes: Buffer, method: string): ResponseHead | null {
  const [first, headers] = split(bytes)
  const status = Number(statusLine.exec(first)?.[1] ?? 0)
  if (status === 0 || headers === null) return null
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const framing: Framing | null = bodiless ? { type: 'none' } : framingOf(headers, { type: 'until-close' })
  return framing && { bytes, status, headers, framing }
}

function split(bytes: Buffer): [string, Headers | null] {
  const lines = bytes.toString('latin1').split('\r\n')
  return [lines[0] ?? '', parseHeaders(lines.slice(1))]
}

function parseHeaders(lines: string[]): Headers | null {
  // No prototype: a header may be called __proto__.
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    if (line === '') continue
    const colon = line.indexOf(':')
    if (colon < 1) return null
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return headers
}

function framingOf(headers: Headers, otherwise: Framing): Framing | null {
  const coding = headers['transfer-encoding']
  if (coding !== undefined) return /(?:^|,)\s*chunked$/i.test(coding) ? { type: 'chunked' } : { type: 'until-close' }
  const length = headers['content-length']
  if (length === undefined) return otherwise
  return /^\d{1,15}$/.test(length) ? { type: 'length', length: Number(length) } : null
}
