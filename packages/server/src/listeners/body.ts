/** Reads a request body within bounds of size and time, before and after it is unpacked. */
import type { IncomingMessage } from 'node:http'
import { gunzip } from 'node:zlib'
import type { Clock } from '../clock.ts'

export type Body =
  | { readonly state: 'read'; readonly bytes: Buffer }
  /** `garbled`: not what its Content-Encoding says, or one that is not understood. `crowded`: it made room for others. */
  | { readonly state: 'too-large' | 'late' | 'garbled' | 'crowded' }
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
  /** Bytes of one body. */
  limit: number
  /** Bytes of all bodies that are being read. */
  total: number
  timeout: number
  clock: Clock
}

/** A body that is being read. */
interface Reading {
  crowded(): void
}

/**
 * Bodies as they came. Beyond the total the one that has been read for longest makes room: those of honest clients come in one go, so it is one of
 * a client that takes its time. Never rejects.
 */
function createRawReader({ limit, total, timeout, clock }: Bounds): (request: IncomingMessage) => Promise<Body> {
  const readings = new Set<Reading>()
  let held = 0
  return (request) =>
    new Promise((resolve) => {
      let chunks: Buffer[] = []
      let bytes = 0
      const reading: Reading = { crowded: () => end({ state: 'crowded' }) }
      const undo = clock.after(timeout, () => end({ state: 'late' }))
      function end(body: Body): void {
        if (!readings.delete(reading)) return
        held -= bytes
        chunks = []
        undo()
        request.off('data', onData)
        // What still comes is read and dropped, so that the answer gets through.
        request.resume()
        resolve(body)
      }
      function onData(chunk: Buffer): void {
        bytes += chunk.length
        held += chunk.length
        if (bytes > limit) return end({ state: 'too-large' })
        chunks.push(chunk)
        for (const { crowded } of readings) {
          if (held <= total) return
          crowded()
        }
      }
      readings.add(reading)
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

/** Reads a body, and unpacks it where it says that it is packed. `limit` holds before and after. Never rejects. */
export function createBodyReader(bounds: Bounds): (request: IncomingMessage) => Promise<Body> {
  const read = createRawReader(bounds)
  return async (request) => {
    const { 'content-encoding': encoding = 'identity' } = request.headers
    const body = await read(request)
    if (body.state !== 'read' || encoding === 'identity') return body
    return encoding === 'gzip' ? unpack(body.bytes, bounds.limit) : { state: 'garbled' }
  }
}
