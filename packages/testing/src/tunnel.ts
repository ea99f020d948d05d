// What follows HTTP on a connection: WebSocket frames, which faults can be aimed at, or bytes that mean nothing here.
import { placeOf, type Exchange } from './exchange.ts'
import { fateOf, passed, type Fate } from './frame-fate.ts'
import { createFrameSplitter, type FrameHead, type FramePiece } from './frames.ts'
import type { Link } from './link.ts'
import type { Reader } from './reader.ts'
import type { Direction } from './rules.ts'

/** Passes everything until the sender ends. */
export async function tunnel(link: Link, direction: Direction, from: Reader): Promise<void> {
  const line = direction === 'up' ? link.up : link.down
  for (;;) {
    const bytes = await from.read()
    if (bytes === null) return link.passEnd(direction)
    await line.push(bytes, link.exchange ?? undefined)
  }
}

/** Passes frames until the sender ends. */
export async function relayFrames(link: Link, exchange: Exchange, direction: Direction, from: Reader): Promise<void> {
  const line = direction === 'up' ? link.up : link.down
  const splitter = createFrameSplitter()
  const note = ({ opcode, length }: FrameHead, { fate }: Fate): void =>
    link.shared.events.add({ type: 'frame', ...placeOf(exchange), direction, opcode, length, fate })
  let fate = passed
  let left = Infinity
  let copy: Buffer[] = []

  async function relay({ frame, bytes, first, last }: FramePiece): Promise<'more' | 'broken-off'> {
    if (first) {
      const isMessage = frame.fin && (frame.opcode === 1 || frame.opcode === 2)
      fate = fateOf(link.shared, exchange, direction, { isMessage, length: frame.length })
      left = fate.limit
    }
    if (fate.fate === 'duplicated') copy.push(Buffer.from(bytes))
    if (fate.fate !== 'dropped') await line.push(bytes.subarray(0, left), exchange, first ? fate.wait : 0)
    left -= bytes.length
    if (fate.fate === 'truncated' && (left <= 0 || last)) {
      note(frame, fate)
      line.mark(() => link.cut('end'), exchange)
      return 'broken-off'
    }
    if (!last) return 'more'
    note(frame, fate)
    const again = copy
    copy = []
    for (const part of again) await line.push(part, exchange)
    return 'more'
  }

  for (;;) {
    const bytes = await from.read()
    if (bytes === null) return link.passEnd(direction)
    for (const piece of splitter.feed(bytes)) if ((await relay(piece)) === 'broken-off') return
  }
}
