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

export interface Cursor {
  /** Where it stands; null until the first `subscribed`. */
  readonly position: Position | null
  /** The server goes on from here (`subscribed`). Returns the hole this leaves, if any (PROTOCOL.md §7.2). */
  start(position: Position): Hole | null
  /** An event with this offset has arrived: is it the next one, seen before, or beyond a hole? Does not move. */
  judge(offset: number): 'next' | 'duplicate' | 'ahead'
  /** The event was handed on: move to it. `check` as told by the frame, or absent when unchanged. */
  advance(offset: number, check?: number): void
}

/** `since` is where to begin; the empty epoch means "of whatever epoch". */
export function createCursor(since: Position | null = null): Cursor {
  let own = since
  // The check last told on this link; only an event's arrival makes it part of the position.
  let told = 0
  return {
    get position() {
      return own
    },
    start(position) {
      told = position[2]
      const from = own
      const sameLog = !from || !from[0] || from[0] === position[0]
      // An overlap (the server goes on from further back) arrives again and is judged a duplicate: stay where we are.
      if (from && sameLog && from[0] && position[1] < from[1]) return null
      own = position
      return from && !(sameLog && position[1] <= from[1]) ? { from, to: position } : null
    },
    judge(offset) {
      const next = own ? own[1] + 1 : 0
      return offset === next ? 'next' : offset < next ? 'duplicate' : 'ahead'
    },
    advance(offset, check = told) {
      told = check
      if (own) own = [own[0], offset, check]
    },
  }
}
