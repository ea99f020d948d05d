/**
 * One topic's place in its log, as the receiver sees it (PROTOCOL.md §7): accepts each offset once, in order, and says where there is a
 * hole. Pure; trusts no sender on continuity.
 */
import type { Position } from './frames.ts'

/** A hole in what was received: `to.offset` and everything before it back to `from` is not going to come. */
export interface Hole {
  /** Where the receiver was. */
  from: Position
  /** From where it goes on: the next event is `to.offset + 1` of `to.epoch`. */
  to: Position
}

/** Where a receiver stands in one topic. */
export interface Cursor {
  /** Where it stands; what `since` was until the first `subscribed`. */
  readonly position: Position | null
  /** The server goes on from here (`subscribed`). Returns the hole this leaves, if any (PROTOCOL.md §7.2). */
  start(position: Position): Hole | null
  /**
   * An event with this offset has arrived: is it the next one, seen before, or beyond a hole? Does not move. Must be asked of every
   * event, with its `check` where it has one: what a duplicate tells holds for the events after it.
   */
  judge(offset: number, check?: number): 'next' | 'duplicate' | 'ahead'
  /** The event was handed on: move to it. `check` as told by the frame, or absent when unchanged. */
  advance(offset: number, check?: number): void
}

/** `since` is where to begin; the empty epoch means "of whatever epoch". */
export function createCursor(since: Position | null = null): Cursor {
  let own = since
  /** The check last told on this link. Undefined until the first `subscribed`, before which no event has a place. */
  let told: number | undefined
  return {
    get position() {
      return own
    },
    start(position) {
      const from = own
      told = position[2]
      const sameLog = !from?.[0] || from[0] === position[0]
      // An overlap (the server goes on from further back) arrives again and is judged a duplicate: stay where we are.
      if (from?.[0] && sameLog && position[1] < from[1]) return null
      own = position
      return from && !(sameLog && position[1] <= from[1]) ? { from, to: position } : null
    },
    judge(offset, check = told) {
      if (!own || told === undefined) return 'ahead'
      told = check
      return offset > own[1] + 1 ? 'ahead' : offset > own[1] ? 'next' : 'duplicate'
    },
    advance(offset, check = told) {
      told = check
      if (own) own = [own[0], offset, check!]
    },
  }
}
