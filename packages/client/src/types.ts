/** The public shapes of a client. Types only. */
import type { AckLevel, Position } from '@holdfast/protocol'
import type { HoldfastError } from './errors.ts'
import type { Cause } from './transport.ts'

export type { AckLevel, Position }

/** Map of topics to payloads. Without one, every topic carries `unknown`. */
export type AnyTopics = Record<string, unknown>
/** Names of the topics of a map. */
export type TopicOf<T> = keyof T & string

/**
 * What a person would call the state of the connection.
 * `idle` not started; `connecting` never open yet; `open`; `reconnecting` was open and will be again; `offline` the platform sees no
 * network and a slow retry runs; `closed` final.
 */
export type Status = 'idle' | 'connecting' | 'open' | 'reconnecting' | 'offline' | 'closed'

/** An immutable view of the connection. The same object until something in it changes. */
export interface Snapshot {
  readonly status: Status
  /** Name of the transport in use, null without a link. */
  readonly transport: string | null
  /** Failed attempts since a link last proved itself. */
  readonly attempt: number
  /** When the next attempt is due, in ms since 1970; null when none is planned. */
  readonly retryAt: number | null
  /** Why the last link or attempt ended; null while open. */
  readonly cause: Cause | null
  /** Round trip of the last ping, ms; null before the first. */
  readonly roundTrip: number | null
  /** Messages without an outcome, and their bytes. */
  readonly pending: number
  readonly pendingBytes: number
  /** Whether the last open link carried on the session before it. */
  readonly resumed: boolean
}

/** What a handler is told about a message. */
export interface Meta {
  readonly topic: string
  /** Offset in the topic's log; 0 for a message without a log entry (volatile). */
  readonly offset: number
  readonly epoch: string
  /** Came in the course of a replay, not live. */
  readonly replayed: boolean
  /** Sent to this session or identity, not published to the topic. */
  readonly direct: boolean
}

export interface Message<D = unknown> extends Meta {
  readonly data: D
}

/** Messages that are not going to come (PROTOCOL.md §7.2): `from` to `to` of `epoch`, both included. Told before anything newer. */
export interface Gap {
  readonly topic: string
  /** First and last missing offset. `to` below `from`: nothing of this epoch is missing, only the rest of the epoch before it. */
  readonly from: number
  readonly to: number
  readonly epoch: string
  /** The last position that was had; its epoch differs from `epoch` when the log is another one now. */
  readonly since: Position
}

/** What became of a `send()` that resolves. */
export interface Receipt {
  /** Names the message for ever, in later sessions too. Empty for a volatile message. */
  readonly id: string
  readonly serial: number
  /** What the acknowledgement stands for; `none` for a volatile message: handed to a link, nothing promised. */
  readonly level: AckLevel | 'none'
}

export interface SendOptions {
  /** May be lost: no serial, never queued; `not-sent` without an open link. Default false. */
  volatile?: boolean
  /** Should its session be lost while nobody knows what became of it: settle as `in-doubt` instead of sending again. Default false. */
  once?: boolean
  /** ms for which it is worth sending; not put on a link after that (`not-sent`, `expired`). Default: for ever. */
  ttl?: number
  /** A newer message with the same key replaces it while unsent (`not-sent`, `replaced`). */
  key?: string
  /** Aborting settles it: `not-sent` if it was on no link yet, else `in-doubt`. */
  signal?: AbortSignal
}

export interface RequestOptions {
  /** ms after which to give up (`timeout`; outcome as for an abort). Default: wait for the truth. */
  timeout?: number
  signal?: AbortSignal
}

export interface SubscribeOptions {
  /** Begin after this position, or with all the log still has (`'start'`). Default: from now on. */
  since?: Position | 'start' | undefined
  onGap?: ((gap: Gap) => void) | undefined
  /** Aborting unsubscribes. */
  signal?: AbortSignal | undefined
}

export interface Subscription<D = unknown> extends AsyncIterable<Message<D>> {
  readonly topic: string
  /** Up to where this subscriber has everything; null until the server has answered. Store it and give it as `since`. */
  readonly position: Position | null
  /** Resolves when the subscription stands; rejects when the server refuses it (its code) or it ends before. */
  readonly ready: Promise<void>
  unsubscribe(): void
}

export interface Events<T = AnyTopics> {
  status: Status
  open: { resumed: boolean; transport: string }
  /** Every message of every subscription, once, and direct ones. */
  message: Message<T[TopicOf<T>]>
  gap: Gap
  /** Faults that nobody awaits: a throwing handler, a failed send, a refused subscription, a cause that ended the connection. */
  error: HoldfastError
  /** Name of the transport now in use. */
  transport: string
  outbox: { pending: number; pendingBytes: number }
  close: { cause: Cause | null }
}

/** A handle on a connection. See each member; names and meanings are stable. */
export interface Client<T = AnyTopics> {
  /** The endpoint, absolute, http or https. */
  readonly url: string
  readonly status: Status
  readonly snapshot: Snapshot
  /** Calls `fn` after each change of the snapshot. Returns the undo. */
  watch(fn: (snapshot: Snapshot) => void): () => void
  /** Resolves at the next `open` (at once while open). Rejects with the cause if the connection is or becomes closed. */
  ready(options?: { signal?: AbortSignal }): Promise<void>
  /** Returns the undo. A listener that throws is reported and stops nobody else. */
  on<E extends keyof Events<T>>(event: E, fn: (payload: Events<T>[E]) => void): () => void
  /** Kept across reconnects. `fn` sees strictly increasing offsets of one epoch, each once; holes are told by `gap` first. */
  subscribe<K extends TopicOf<T>>(
    topic: K,
    fn?: ((data: T[K], meta: Meta) => void) | null,
    options?: SubscribeOptions,
  ): Subscription<T[K]>
  /** Settles exactly once: resolves when acknowledged; rejects with a `HoldfastError` whose `outcome` is the truth. */
  send<K extends TopicOf<T>>(topic: K, data: T[K], options?: SendOptions): Promise<Receipt>
  /** A send whose acknowledgement carries what the handler returned. */
  request<Reply = unknown, K extends TopicOf<T> = TopicOf<T>>(
    topic: K,
    data: T[K],
    options?: RequestOptions,
  ): Promise<Reply>
  /** Resolves when everything pending is settled. */
  flush(options?: { signal?: AbortSignal }): Promise<void>
  /** Start, or retry now. */
  connect(): void
  /** Drop the link and stay away until `connect()`. Outbox and subscriptions are kept. */
  disconnect(): void
  /** Drop the link and resume at once. */
  reconnect(): void
  /** Sends a fresh credential on the live link; resolves when the server has accepted it. */
  reauthenticate(): Promise<void>
  /** Final. Ends this handle's listeners and subscriptions; with `flush`, first waits for everything pending. */
  close(options?: { flush?: boolean }): Promise<void>
  [Symbol.dispose](): void
  [Symbol.asyncDispose](): Promise<void>
}
