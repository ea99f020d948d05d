/** What goes down one link: the frames of one tick share a packet, up to the packet limit (PROTOCOL.md §2). */
import type { Codec, DownFrame, Packet } from '@holdfast/protocol'
import type { Context } from './context.ts'
import type { Link } from './link.ts'

export interface Outlet {
  /** Bytes waiting here or in the link. */
  readonly queued: number
  /** Queues an encoded frame for the packet of this tick. `bytes` saves measuring a frame that goes to many. */
  push(frame: Packet, bytes?: number): void
  /** The same for a frame whose elements are plain values. */
  say(frame: DownFrame): void
  /** Flushes in this tick, even if nothing has been pushed yet. */
  schedule(): void
  /** Drops what waits; nothing is sent any more. */
  close(): void
}

export interface OutletHooks {
  /** Called before each flush, to push what is due: acknowledgements, replay pages. */
  fill(): void
  /** Called after it. */
  flushed(): void
  /** One of these two, or the link, threw. */
  failed(error: unknown): void
}

export function createOutlet(
  { settings, counters }: Context,
  { link, codec }: { link: Link; codec: Codec },
  { fill, flushed, failed }: OutletHooks,
): Outlet {
  let frames: Packet[] = []
  let sizes: number[] = []
  let bytes = 0
  let state: 'idle' | 'scheduled' | 'closed' = 'idle'

  function schedule(): void {
    if (state !== 'idle') return
    state = 'scheduled'
    queueMicrotask(() => {
      try {
        flush()
      } catch (error) {
        failed(error)
      }
    })
  }
  function flush(): void {
    if (state === 'closed') return
    fill()
    // Filling may have found cause to close the link.
    if ((state as string) === 'closed') return
    const [out, measured] = [frames, sizes]
    counters.bytesDown += bytes
    frames = []
    sizes = []
    bytes = 0
    state = 'idle'
    for (let from = 0, to = 0; from < out.length; from = to) {
      // The brackets, then each frame with its comma.
      let size = 2 + measured[to++]!
      while (to < out.length && size + measured[to]! + 1 <= settings.limits.packet) size += measured[to++]! + 1
      link.send(from || to < out.length ? out.slice(from, to) : out)
    }
    flushed()
  }

  function push(frame: Packet, size = Buffer.byteLength(frame)): void {
    if (state === 'closed') return
    frames.push(frame)
    sizes.push(size)
    bytes += size
    schedule()
  }

  return {
    get queued() {
      return bytes + link.buffered
    },
    push,
    say: (frame) => push(codec.encode(frame)),
    schedule,
    close() {
      state = 'closed'
      frames = []
      sizes = []
      bytes = 0
    },
  }
}
