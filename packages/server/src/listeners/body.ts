/** Reads a request body within bounds of size and time, before and after it is unpacked. */
import type { IncomingMessage } from 'node:http'
import { gunzip } from 'node:zlib'
import type { Clock } from '../clock.ts'

export type Body =
  | { readonly state: 'read'; readonly bytes: Buffer }
  /** `garbled`: not what its Content-Encoding says, or one that is not understood. */
  | { readonly state: 'too-large' | 'late' | 'garbled' }
  /** The client went away. */
  | { readonly state: 'gone' }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Null for what is not UTF-8. */
export function textOf(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

interface Bounds {
  limit: number
  timeout: number
  clock: Clock
}

/** The body as it came. Never rejects. */
function readRaw(request: IncomingMessage, { limit, timeout, clock }: Bounds): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const undo = clock.after(timeout, () => end({ state: 'late' }))
    function end(body: Body): void {
      undo()
      request.off('data', onData)
      // What still comes is read and dropped, so that the answer gets through.
      request.resume()
      resolve(body)
    }
    function onData(chunk: Buffer): void {
      bytes += chunk.length
      if (bytes > limit) end({ state: 'too-large' })
      else chunks.push(chunk)
    }
    if (Number(request.headers['content-length']) > limit) return end({ state: 'too-large' })
    request.on('data', onData)
    request.on('end', () => end({ state: 'read', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }))
    request.on('error', () => end({ state: 'gone' }))
    request.on('close', () => end({ state: 'gone' }))
  })
}

/** Stops at the limit: what a bomb would unpack to beyond it is never made. */
function unpack(bytes: Buffer, limit: number): Promise<Body> {
  return new Promise((resolve) =>
    gunzip(bytes, { maxOutputLength: limit }, (error, unpacked) => {
      if (!error) resolve({ state: 'read', bytes: unpacked })
      else
        resolve({ state: (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'garbled' })
    }),
  )
}

/** The body, unpacked where it says that it is packed. `limit` holds before and after. Never rejects. */
export async function readBody(request: IncomingMessage, bounds: Bounds): Promise<Body> {
  const { 'content-encoding': encoding = 'identity' } = request.headers
  const body = await readRaw(request, bounds)
  if (body.state !== 'read' || encoding === 'identity') return body
  return encoding === 'gzip' ? unpack(body.bytes, bounds.limit) : { state: 'garbled' }
}
