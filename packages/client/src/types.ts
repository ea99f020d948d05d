/** The public shapes of a client. Types only. */
import type { AckLevel, Position } from '@holdfast/protocol'
import type { HoldfastError } from './errors.ts'
import type { Cause } from './transport.ts'

export type { AckLevel, Position }

declare global {
  // As `lib.esnext.disposable` has them: with an older `lib` the declarations of this package would not compile.
  interface SymbolConstructor {
    readonly dispose: unique symbol
    readonly asyncDispose: unique symbol
  }
}

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
  /** What a person would call the state. */
  readonly status: Status
  /** Name of the transport in use, null without a link. */
  readonly transport: string | null
  /** Failed attempts since a link last proved itself. */
  readonly attempt: number
  /** When the next attempt is due, by the client's clock (compare with `performance.now()`), ms; null when none is planned. */
  readonly retryAt: number | null
  /** Why the last link or attempt ended; null while open. */
  readonly cause: Cause | null
  /** Round trip of the last ping, ms; null before the first. */
  readonly roundTrip: number | null
  /** Messages without an outcome. */
  readonly pending: number
  /** Their bytes. */
  readonly pendingBytes: number
  /** Whether the last open link carried on the session before it. */
  readonly resumed: boolean
}

/** What a handler is told about a message. */
export interface Meta {
  /** The topic subscribed to; of a direct message, the one that it names. */
  readonly topic: string
  /** Offset in the topic's log; 0 for a message without a log entry (volatile). */
  readonly offset: number
  /** Names the incarnation of the log; empty for a volatile message. */
  readonly epoch: string
  /** Came in the course of a replay, not live. */
  readonly replayed: boolean
  /** Sent to this session or identity, not published to the topic. */
  readonly direct: boolean
}

/** A message with what is told about it, as `on('message')` and iterators give it. */
export interface Message<D = unknown> extends Meta {
  /** The payload. */
  readonly data: D
}

/** A message of any topic of a map: whoever compares its `topic` knows the type of its `data`. */
export type AnyMessage<T = AnyTopics> = {
  [K in TopicOf<T>]: Message<T[K]> & { readonly topic: K }
}[TopicOf<T>]

/** Messages that are not going to come (PROTOCOL.md §7.2): `from` to `to` of `epoch`, both included. Told before anything newer. */
export interface Gap {
  /** The topic that has the hole. */
  readonly topic: string
  /** First missing offset. */
  readonly from: number
  /** Last missing offset. Below `from`: nothing of this epoch is missing, only the rest of the epoch before it. */
  readonly to: number
  /** Names the log in which they are missing. */
  readonly epoch: string
  /** The last position that was had; its epoch differs from `epoch` when the log is another one now. */
  readonly since: Position
}

/** What became of a `send()` that resolves. */
export interface Receipt {
  /** Names the message for ever, in later sessions too. Empty for a volatile message. */
  readonly id: string
  /** Its number in the session that acknowledged it, from 1; 0 for a volatile message. */
  readonly serial: number
  /**
   * What the acknowledgement stands for. `none`: handed to a link, nothing promised, as for a volatile message. `acknowledged`: by a plain
   * server, which knows itself what it means by that.
   */
  readonly level: AckLevel | 'acknowledged' | 'none'
}

/** How to send one message. */
export interface SendOptions {
  /** May be lost: no serial, never queued; `not-sent` without an open link. Default false. */
  volatile?: boolean
  /** Should its session, or the server that handles it, be lost while nobody knows what became of it: settle as `in-doubt` instead of having it handled again. Default false. */
  once?: boolean
  /** ms for which it is worth sending; not put on a link after that (`not-sent`, `expired`). Default: for ever. */
  ttl?: number
  /** A newer message with the same key replaces it while unsent (`not-sent`, `replaced`). */
  key?: string
  /** Aborting settles it: `not-sent` if it was on no link yet, else `in-doubt`. */
  signal?: AbortSignal
}

/** How to ask. */
export interface RequestOptions {
  /** ms after which to give up (`timeout`; outcome as for an abort). Default: wait for the truth. */
  timeout?: number
  /** As of `send()`. */
  signal?: AbortSignal
}

/** How to subscribe. */
export interface SubscribeOptions {
  /** Begin after this position, or with all the log still has (`'start'`). Default: from now on. */
  since?: Position | 'start' | undefined
  /** Called for each hole, before anything newer is delivered. */
  onGap?: ((gap: Gap) => void) | undefined
  /** Aborting unsubscribes. */
  signal?: AbortSignal | undefined
}

/** One subscriber of one topic. Iterating yields what arrives from then on, and ends with the subscription. */
export interface Subscription<D = unknown> extends AsyncIterable<Message<D>> {
  /** Its name. */
  readonly topic: string
  /** Up to where this subscriber has everything; null until the server has answered. Store it and give it as `since`. */
  readonly position: Position | null
  /** Resolves when the subscription stands; rejects when the server refuses it (its code) or it ends before. */
  readonly ready: Promise<void>
  /** Ends it. Further calls do nothing. */
  unsubscribe(): void
}

/** What `on()` tells, by name of the event. */
export interface Events<T = AnyTopics> {
  /** The status has changed to this. */
  status: Status
  /** A link is up and welcomed; `resumed`: it carries on the session before it. */
  open: { resumed: boolean; transport: string }
  /** Every message of every subscription, once, and direct ones. Narrowed by its `topic`. */
  message: AnyMessage<T>
  /** A hole, once per topic, whoever subscribed. */
  gap: Gap
  /**
   * Faults that nobody awaits: an `auth` function that threw, a refused subscription, a cause that ended the connection. Without a listener they
   * go to the `logger`, as what listeners and handlers throw always does.
   */
  error: HoldfastError
  /** Name of the transport now in use. */
  transport: string
  /** What is pending has changed; told at the end of the tick. */
  outbox: { pending: number; pendingBytes: number }
  /** Closed for good, by the user (null) or for this cause. */
  close: { cause: Cause | null }
}

/** A handle on a connection. See each member; names and meanings are stable. */
export interface Client<T = AnyTopics> {
  /** The endpoint, absolute, http or https. */
  readonly url: string
  /** As in the snapshot; `closed` once this handle is. */
  readonly status: Status
  /** The connection as it is now. */
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
  /** `close()`, for `using`. */
  [Symbol.dispose](): void
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
