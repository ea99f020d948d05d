/** Reads a request body within bounds of size and time. */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../clock.ts'

export type Body =
  | { readonly state: 'read'; readonly text: string; readonly bytes: number }
  | { readonly state: 'too-large' | 'late' | 'not-text' }
  /** The client went away. */
  | { readonly state: 'gone' }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(chunks: readonly Buffer[], bytes: number): Body {
  try {
    return { state: 'read', text: utf8.decode(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)), bytes }
  } catch {
    return { state: 'not-text' }
  }
}

/** Never rejects. */
export function readBody(
  request: IncomingMessage,
  { limit, timeout, clock }: { limit: number; timeout: number; clock: Clock },
): Promise<Body> {
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
    request.on('end', () => end(decode(chunks, bytes)))
    request.on('error', () => end({ state: 'gone' }))
    request.on('close', () => end({ state: 'gone' }))
  })
}
