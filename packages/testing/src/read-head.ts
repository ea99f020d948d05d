// Reads a head from a socket, or finds out that what comes is no HTTP.
import { headEnd, maxHeadBytes } from './http-head.ts'
import type { Reader } from './reader.ts'

/** `null`: the peer ended before it said anything. `raw`: no head; what was read is back in the reader. */
export async function readHead<H>(
  reader: Reader,
  plausible: (bytes: Buffer) => boolean,
  parse: (bytes: Buffer) => H | null,
): Promise<H | 'raw' | null> {
  let bytes: Buffer = Buffer.alloc(0)
  for (;;) {
    const more = await reader.read()
    if (more === null && bytes.length === 0) return null
    bytes = more === null ? bytes : Buffer.concat([bytes, more])
    const end = headEnd(bytes)
    const head = end === -1 ? null : parse(bytes.subarray(0, end))
    if (head !== null) {
      reader.unread(bytes.subarray(end))
      return head
    }
    if (more !== null && end === -1 && bytes.length <= maxHeadBytes && plausible(bytes)) continue
    reader.unread(bytes)
    return 'raw'
  }
}
