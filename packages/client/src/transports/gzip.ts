/** gzip for bodies of requests, by the platform: a `fetch` around `fetch`, so that it is bundled only where it is imported. */
import { sizeOf } from '@holdfast/protocol'

/** Bodies below it are not worth squeezing, in bytes. */
const THRESHOLD = 1024

async function squeezed(body: string | Uint8Array<ArrayBuffer>, init: RequestInit): Promise<RequestInit> {
  const headers = new Headers(init.headers)
  // What the string would have said by itself.
  if (typeof body === 'string' && !headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8')
  headers.set('content-encoding', 'gzip')
  const stream = new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))
  return { ...init, headers, body: await new Response(stream).arrayBuffer() }
}

/**
 * For the `fetch` option of `eventSource()` and `longPolling()`: bodies of 1 KiB and more go up as gzip. The server must take
 * `Content-Encoding: gzip`, as Holdfast's does; to another origin the header costs a CORS preflight. Where the platform has no
 * `CompressionStream`, everything goes as it is. Leave it off where a message holds a secret beside text that others choose: its length would tell.
 * `request` is what is called with the result; by default the global `fetch`, looked up at each call.
 */
export const gzip =
  (request?: typeof fetch): typeof fetch =>
  async (url, init) => {
    const { body } = init ?? {}
    const isLarge = (typeof body === 'string' || body instanceof Uint8Array) && sizeOf(body as string) >= THRESHOLD
    // Nothing is waited for where nothing is squeezed: a page that goes away runs nothing later.
    const sent = isLarge && globalThis.CompressionStream ? await squeezed(body as string, init!) : init
    return (request ?? fetch)(url, sent)
  }
