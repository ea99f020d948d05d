/**
 * Where the streams of a plain server stand: hands on in order what is numbered, once, asks for what is missing, and tells what is not
 * going to come before anything newer. PURE.
 */
import type { Clock } from '../clock.ts'
import type { Gap } from '../types.ts'
import type { PlainPosition } from './plain.ts'

/** How long to wait for what was asked for, ms; a share of it where links have gone while it was waited for. */
const PATIENCE = 5000
/** Most messages of a stream that are held until what is missing before them has come. */
const MAX_HELD = 1000

interface Stream {
  epoch: string
  /** Everything up to it was handed on; -1 where positions are opaque. */
  at: number
  /** As the mapping gave it, of the last message handed on. */
  position: PlainPosition
  /** What stands behind a hole, by offset. */
  readonly held: Map<number, Held>
  /** Where it stood when it was asked for the rest on this link, and when the wait was looked at last; -1 for never. */
  askedAt: number
  seenAt: number
  /** Where it stood when the link began; the last offset that was no newer. */
  began?: number
  old?: number
  /** Links on which the same was waited for, this one among them. */
  tries: number
  /** Ends the wait; null when nothing is waited for. */
  calm: (() => void) | null
}

interface Held {
  position: PlainPosition
  deliver: (offset: number, epoch: string) => void
}

export interface Streams {
  /** The last of what has no stream of its own. */
  readonly position: PlainPosition | undefined
  /** A message has come; `deliver` is called now, later, or, for a duplicate, never. */
  take(position: PlainPosition, deliver: (offset: number, epoch: string) => void): void
  /** A new link: asks for what is missing since the last one. */
  ask(): void
  /** The link is gone, and with it the answers to what was asked. */
  rest(): void
  /** The server begins anew. */
  forget(): void
}

export interface StreamsOwner {
  clock: Clock
  /** Asks the server for what comes after this; null where it cannot be asked. */
  resume: ((position: PlainPosition, stream: string) => void) | null
  gap(gap: Gap): void
  report(code: string, message: string): void
}

export function createStreams({ clock, resume, gap, report }: StreamsOwner): Streams {
  const streams = new Map<string, Stream>()

  function advance(stream: Stream, offset: number, { position, deliver }: Held): void {
    // The position moves after the handlers have returned or thrown.
    deliver(offset, stream.epoch)
    stream.at = offset
    stream.position = position
    stream.tries = 1
  }
  function tell(name: string, { at, epoch }: Stream, next: number, newEpoch = epoch): void {
    const from = newEpoch === epoch ? at + 1 : 1
    gap({ topic: name, from, to: next - 1, epoch: newEpoch, since: [epoch, at, 0] })
  }
  function rest(stream: Stream): void {
    stream.calm?.()
    stream.calm = null
  }
  /** Hands on what is held, as far as there is no hole. */
  function drain(stream: Stream): void {
    for (let next; (next = stream.held.get(stream.at + 1));) {
      stream.held.delete(stream.at + 1)
      advance(stream, stream.at + 1, next)
    }
    if (!stream.held.size) rest(stream)
  }
  /** What is missing will not come. */
  function giveUp(name: string, stream: Stream): void {
    while (stream.held.size) {
      const next = Math.min(...stream.held.keys())
      tell(name, stream, next)
      stream.at = next - 1
      drain(stream)
    }
    rest(stream)
  }
  function ask(name: string, stream: Stream): void {
    stream.askedAt = stream.seenAt = stream.at
    resume?.(stream.position, name)
    if (stream.at >= 0) wait(name, stream)
  }
  function wait(name: string, stream: Stream): void {
    rest(stream)
    // Never nothing, so that an answer has a chance; but short links must not hold what is there for ever.
    stream.calm = clock.after(PATIENCE / stream.tries, () => {
      stream.calm = null
      if (!stream.held.size) {
        // All that has come is old: most likely the server was started anew, and counts from the beginning.
        if (stream.began === stream.at && stream.old! < stream.at) {
          stream.began = -1
          report('unmapped', `epoch: ${stream.old} after ${stream.at}. See positionOf.`)
        }
      } else if (stream.seenAt !== stream.at) {
        // The answer is on its way.
        stream.seenAt = stream.at
        wait(name, stream)
      } else if (stream.askedAt === stream.at) giveUp(name, stream)
      else ask(name, stream)
    })
  }
  function number(name: string, stream: Stream, offset: number, epoch: string, held: Held): void {
    if (epoch !== stream.epoch) {
      giveUp(name, stream)
      tell(name, stream, offset, epoch)
      stream.epoch = epoch
      return advance(stream, offset, held)
    }
    if (offset <= stream.at) {
      stream.old = offset
      // A replay may still get to what is new.
      if (!stream.calm && stream.at === stream.began) ask(name, stream)
      return
    }
    if (offset === stream.at + 1) {
      advance(stream, offset, held)
      return drain(stream)
    }
    if (!resume) {
      tell(name, stream, offset)
      return advance(stream, offset, held)
    }
    stream.held.set(offset, held)
    if (stream.held.size >= MAX_HELD) giveUp(name, stream)
    else if (!stream.calm) ask(name, stream)
  }

  return {
    get position() {
      return streams.get('')?.position
    },
    take(position, deliver) {
      const { offset, epoch = '', stream: name = '' } = typeof position === 'object' ? position : { offset: position }
      const held = { position, deliver }
      const stream = streams.get(name) ?? {
        epoch,
        at: -1,
        position,
        held: new Map<number, Held>(),
        askedAt: -1,
        seenAt: -1,
        tries: 1,
        calm: null,
      }
      if (typeof offset === 'string') {
        deliver(0, epoch)
        stream.position = position
      } else if (!Number.isSafeInteger(offset)) return deliver(0, epoch)
      else if (stream.at < 0) advance(stream, offset, held)
      else number(name, stream, offset, epoch, held)
      streams.set(name, stream)
    },
    ask() {
      for (const [name, stream] of streams) {
        stream.began = stream.old = stream.at
        if (stream.held.size) stream.tries++
        ask(name, stream)
      }
    },
    rest: () => streams.forEach(rest),
    forget() {
      streams.forEach(rest)
      streams.clear()
    },
  }
}
