/** Messages, what comes of them, and what an outbox does (PROTOCOL.md §6). Types only. */
import type { Result } from './frames.ts'

/** How a message ended. `code` says why, in kebab-case. */
export type Outcome =
  | { outcome: 'acknowledged'; id: string; serial: number; value: unknown }
  | { outcome: 'rejected' | 'not-sent' | 'in-doubt'; code: string; message?: string }

/** A message as it is handed to the outbox. `P` is the encoded payload, opaque here. */
export interface Message<P> {
  /** Where it goes. */
  topic: string
  /** What it carries. */
  payload: P
  /** Names it for ever. By default the name of the session and its serial, both as of its first transmission. */
  id?: string | undefined
  /** Size that counts against the limits and the size of packets, in bytes. What the frame adds to the payload should be in it. */
  bytes: number
  /** Instant after which it is no longer worth putting on a link. */
  expiresAt?: number | undefined
  /** A newer message with the same key replaces this one while it is unsent. */
  key?: string | undefined
  /** Never send again in another session: settle as in-doubt. */
  once?: boolean | undefined
  /** Called exactly once. Must not throw, and must not call back into the outbox. */
  settle(outcome: Outcome): void
}

/** One message to put on the link: no payload means `void`, an id means redelivered in a new session, an empty one `once`. */
export interface Transmission<P> {
  serial: number
  topic: string
  payload: P | null
  id: string | null
}

/**
 * Bounds of what is pending, and what becomes of a message beyond them: `reject` settles it as not-sent, `drop-oldest` settles the
 * oldest unsent ones instead where that makes room, `wait` accepts it all the same (whoever sends holds back, by `pending`).
 */
export interface OutboxLimits {
  /** Messages without an outcome. */
  maxMessages: number
  /** Their bytes. */
  maxBytes: number
  /** What becomes of a message beyond them. */
  overflow: 'reject' | 'drop-oldest' | 'wait'
}

/** Opaque handle of an accepted message, for `abort`. */
export type Ticket = object

/** What the peer tells, and is false: `acknowledge`, `rewind`, `beat`, `resume` and `restart` return false and nothing has changed. */
export interface Outbox<P> {
  /** Messages without an outcome. */
  readonly pending: number
  /** Their bytes. */
  readonly pendingBytes: number
  /** Everything up to this serial has its outcome: the server may forget it. */
  readonly settled: number
  /** No message expires before this instant: when to call `expire`. Infinity if none can. */
  readonly expiresAt: number
  /** Accepts or settles it at once (`outbox-full`). */
  add(message: Message<P>): Ticket
  /**
   * What to put on the link now, within the window: first what is to be sent again, then new messages. At most `maxBytes` together,
   * but for a first one that is bigger: that goes alone. None if `maxBytes` is not above 0.
   */
  take(now: number, maxBytes: number): Transmission<P>[]
  /** `ack` has come. False if it acknowledges what was never sent. */
  acknowledge(serial: number, results: readonly Result[]): boolean
  /** Send again from `serial + 1` (`nack`), unless that is just being done (PROTOCOL.md §6.4). */
  rewind(serial: number): boolean
  /** `beat` tells what the server has received: sends again what it lacks since the beat before (PROTOCOL.md §6.4). */
  beat(serial: number): boolean
  /** A link carries the same session again and has received everything up to `serial`. */
  resume(serial: number): boolean
  /** A new session under this public name; `former` is the old one's tombstone. False: that was no true one, and it was ignored. */
  restart(session: string, former?: readonly [serial: number, results: readonly Result[]]): boolean
  /**
   * The link last resumed or restarted on is gone, closed from the other side; `blame` when its close code points at a message
   * (PROTOCOL.md §6.6).
   */
  dropped(blame: boolean): void
  /** Bounds of the session as `welcome` tells them. */
  limit(inFlight: number, inFlightBytes: number): void
  /** Gives a message up: not-sent if it was on no link, else in-doubt. Does nothing to one that has its outcome. */
  abort(ticket: Ticket, code?: string): void
  /** Settles what is no longer worth sending. */
  expire(now: number): void
  /** Settles everything: in-doubt what was on a link, not-sent what was not. Serials in use stay owed, as voids. */
  clear(code: string): void
}
