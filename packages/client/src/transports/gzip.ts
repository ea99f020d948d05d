/** gzip by the platform, for bodies of requests. A value, so that it is bundled only where it is imported. */
import type { Packet } from '@holdfast/protocol'
import type { Compress } from './http-uplink.ts'

async function squeeze(body: Packet, Stream: typeof CompressionStream): Promise<{ body: Packet; encoding: string }> {
  const squeezed = new Blob([body]).stream().pipeThrough(new Stream('gzip'))
  return { body: new Uint8Array(await new Response(squeezed).arrayBuffer()), encoding: 'gzip' }
}

/**
 * For the `compress` option of `eventSource()` and `longPolling()`: large bodies go up as gzip. Where the platform has no `CompressionStream`, they go
 * as they are. Leave it off where a message holds a secret beside text that others choose: its length would tell.
 */
export const gzip: Compress = (body) =>
  typeof CompressionStream === 'function' ? squeeze(body, CompressionStream) : null
