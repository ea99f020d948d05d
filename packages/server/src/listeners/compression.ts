/** What `compression` switches on, and its bounds. Secrets: see "Compression" in docs/running-a-server.md before you do. */
import type { ServerResponse } from 'node:http'
import { gzip } from 'node:zlib'
import type { PerMessageDeflateOptions } from 'ws'

/** Options of `compression`. */
export interface CompressionOptions {
  /** Messages and answers below it are sent as they are, in bytes. @default 1 KiB */
  threshold?: number
  /** How hard to try: 1 (fast) to 9. @default 6 */
  level?: number
  /** WebSocket messages that are being squeezed or unpacked at once; more wait. @default 10 */
  concurrency?: number
}

export type Compression = Required<CompressionOptions>

const DEFAULTS: Compression = { threshold: 1_024, level: 6, concurrency: 10 }

export function settleCompression(option: boolean | CompressionOptions): Compression | null {
  return option ? { ...DEFAULTS, ...(option === true ? {} : option) } : null
}

/**
 * No context is kept from one message to the next: it would cost up to 300 KiB per link, and let messages leak what is in others. 4 KiB windows
 * and `memLevel` 7 make it about 50 KiB while a message is squeezed, and nothing between.
 */
export const deflateOptions = ({ threshold, level, concurrency }: Compression): PerMessageDeflateOptions => ({
  threshold,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 12,
  concurrencyLimit: concurrency,
  zlibDeflateOptions: { level, memLevel: 7 },
})

/** Whether an `Accept-Encoding` takes gzip: named, and not refused by a weight of zero (RFC 9110 §12.5.3). */
const takesGzip = (header: string | string[] | undefined): boolean =>
  /(^|,)\s*gzip\s*(;\s*q=(1|0?\.\d*[1-9]))?\s*(,|$)/i.test(String(header))

/** Answers, squeezed where that is worth it and the client can. */
export function sendSqueezed(
  response: ServerResponse,
  status: number,
  body: Buffer,
  { threshold, level }: Compression,
): void {
  const asItIs = (): unknown => response.writeHead(status, { 'Content-Length': body.length }).end(body)
  response.appendHeader('Vary', 'Accept-Encoding')
  if (body.length < threshold || !takesGzip(response.req.headers['accept-encoding'])) return void asItIs()
  gzip(body, { level }, (error, packed) => {
    if (response.headersSent || response.destroyed) return
    if (error || packed.length >= body.length) return void asItIs()
    response.writeHead(status, { 'Content-Encoding': 'gzip', 'Content-Length': packed.length }).end(packed)
  })
}
