// What follows HTTP on a connection: WebSocket frames, which faults can be aimed at, or bytes that mean nothing here.
import { placeOf, report, type Exchange } from './exchange.ts'
import { createFrameSplitter, type FrameHead, type FramePiece } from './frames.ts'
import type { Link } from './link.ts'
import type { Reader } from './reader.ts'
import type { Standing } from './rulebook.ts'
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

/** What becomes of one frame. */
interface Fate {
  fate: 'passed' | 'dropped' | 'duplicated' | 'delayed'
  /** Milliseconds that the frame is held back. */
  wait: number
}

const passed: Fate = { fate: 'passed', wait: 0 }

/** Frames longer than this are not kept for a second delivery. */
const maxDuplicated = 1024 * 1024

/** Passes frames until the sender ends. */
export async function relayFrames(link: Link, exchange: Exchange, direction: Direction, from: Reader): Promise<void> {
  const line = direction === 'up' ? link.up : link.down
  const splitter = createFrameSplitter()
  let fate = passed
  let copy: Buffer[] = []

  async function relay({ frame, bytes, first, last }: FramePiece): Promise<void> {
    if (first) fate = decide(link, exchange, direction, frame)
    if (fate.fate === 'duplicated') copy.push(Buffer.from(bytes))
    if (fate.fate !== 'dropped') await line.push(bytes, exchange, first ? fate.wait : 0)
    if (!last) return
    const { opcode, length } = frame
    link.shared.events.add({ type: 'frame', ...placeOf(exchange), direction, opcode, length, fate: fate.fate })
    const again = copy
    copy = []
    for (const part of again) await line.push(part, exchange)
  }

  for (;;) {
    const bytes = await from.read()
    if (bytes === null) return link.passEnd(direction)
    for (const piece of splitter.feed(bytes)) await relay(piece)
  }
}

function decide(link: Link, exchange: Exchange, direction: Direction, frame: FrameHead): Fate {
  const { rules, events } = link.shared
  const on = { connection: link.id, exchange, direction }
  const strike = (rule: Standing, fate: Fate['fate'], wait = 0): Fate => {
    report(events, exchange, rule, { direction })
    return { fate, wait }
  }
  const mute = rules.take('mute', on)
  if (mute !== null) return strike(mute, 'dropped')
  // Fragments and control frames are left alone: losing one would break the connection, not lose a message.
  if (!frame.fin || (frame.opcode !== 1 && frame.opcode !== 2)) return passed
  const drop = rules.take('drop-frame', on)
  if (drop !== null) return strike(drop, 'dropped')
  const delay = rules.take('delay-frame', on)
  if (delay !== null) return strike(delay, 'delayed', delay.rule.ms)
  const duplicate = frame.length <= maxDuplicated ? rules.take('duplicate-frame', on) : null
  return duplicate === null ? passed : strike(duplicate, 'duplicated')
}
