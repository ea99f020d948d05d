/**
 * The contract of a topic log: the one place where what is published is kept. Types only; `memoryLog()` is the embedded one.
 *
 * **Write your own log.** Four functions, and two that may be left out. Each may answer at once or with a promise: the server never waits for what is there already.
 * What the server relies on:
 *
 * 1. `append` is atomic: it checks the dedupe id, assigns the next offset and stores the entry in one step, across all nodes. Offsets of one
 *    epoch are 1, 2, 3 ... without a hole.
 * 2. An epoch names one incarnation of one topic's log. If entries may have been lost in a way that the log cannot show by its checks,
 *    or the topic was forgotten and made anew, its epoch is another one. At most 48 characters, no `!`, not empty.
 * 3. `check` is a number that tells this entry from another one that got the same offset in another history of the log (a
 *    replica that had not seen the tail, a restored backup): a random number per writing process and run is enough, so that it changes seldom.
 * 4. Whoever watches a topic is told each of its entries at least once, soon, at best in order. Telling may fail or come
 *    twice: the server reads what it has not been told as soon as it is told anything newer.
 *
 * `data` is encoded already and opaque: text comes back as that text, bytes as those bytes. Prove a log with the conformance suite in `test/server/log-conformance.ts`.
 */
import type { Packet, Position } from '@holdfast/protocol'
import type { MaybePromise } from './maybe.ts'

/** What is kept of one message. */
export interface Entry {
  /** From 1, without a hole, within its epoch. */
  readonly offset: number
  /** Identifies the entry at this offset, see above. */
  readonly check: number
  /** Encoded; opaque to the log, which gives back text as text and bytes as bytes. */
  readonly data: Packet
}

/** An entry with the epoch it belongs to, as it is told to watchers. */
export interface AppendedEntry extends Entry {
  /** Names the incarnation of the log. */
  readonly epoch: string
}

/** Where an entry has been put. */
export interface Appended {
  /** Names the incarnation of the log. */
  readonly epoch: string
  /** Its number. */
  readonly offset: number
  /** Identifies it, see above. */
  readonly check: number
}

/** A part of a log. */
export interface Page {
  /** Consecutive entries, the first one directly after the position; empty only at the top. */
  readonly entries: readonly Entry[]
  /** The top offset when the page was read. */
  readonly top: number
}

/** From where a subscriber goes on. */
export interface Located {
  /** The next event is the one after it. */
  readonly position: Position
  /** The epoch is the log's, yet the position is not in its history: entries were lost. */
  readonly rolledBack: boolean
}

/** Where topics are kept. What it owes is at the top of this file. */
export interface Log {
  /**
   * Appends. With a `dedupe` id that an entry still kept was appended with, appends nothing and tells where that one is.
   */
  append(topic: string, data: Packet, options?: { dedupe?: string | undefined }): MaybePromise<Appended>
  /**
   * A page of what follows the position, at most so many entries and about so many bytes, but at least one entry if there is any.
   * Null when the position is not on the log (PROTOCOL.md §7.2): another epoch, above the top, another check, or what follows is gone.
   */
  read(topic: string, after: Position, limit: { events: number; bytes: number }): MaybePromise<Page | null>
  /**
   * From where a subscriber with this position goes on (PROTOCOL.md §7.2): null means the top; a position on the log, itself; anything else,
   * the oldest position from which all that follows is kept.
   */
  locate(topic: string, position: Position | null): MaybePromise<Located>
  /** Tells entries of the topic as they are appended, on whatever node; returns the undo. A watched topic is not forgotten. */
  watch(topic: string, told: (entry: AppendedEntry) => void): () => void
  /** Nobody will ask for this topic again (the inbox of a session that has ended): what is kept of it may go at once instead of by age. */
  forget?(topic: string): MaybePromise<void>
  /** The server is done with it. */
  close?(): MaybePromise<void>
}
