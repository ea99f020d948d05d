/**
 * The contract of a store of sessions that several servers share, so that any of them serves any request of any session. Types only.
 *
 * A server holds a **working copy** of each session that has, or lately had, a link to it. The record in the store is what counts: nothing is
 * handled before the record says that it was taken in, and nothing is acknowledged before the record has its result. A working copy is named
 * by its **holder**, a name that no other working copy ever had; the record names the holder that may write to it. A claim by a newer link
 * makes another one of it, which fences the former off, at once and for good.
 *
 * What the servers rely on:
 *
 * 1. Each call is one atomic step, across all nodes. `claim`, `write`, `seize`, `bury` and `end` change all they say or nothing.
 * 2. Calls of one node for one session take effect in the order in which they were made.
 * 3. A call that rejects may have taken effect all the same. `write` can be made again with the same version, and takes effect once.
 * 4. The store never goes back to an earlier state of a record unnoticed: `write` compares versions, and `claim` treats a record as gone that was last
 *    written before the store may have lost something (it was restarted, restored, or failed over).
 * 5. A record is kept while it is touched. `window` ms after it was last (or since it was detached) its session cannot be claimed any more: `claim` answers `gone`
 *    with what was handled, for `tombstone` ms more. A record with pending messages whose session is out of time can still be claimed while the tombstone is kept.
 *
 * Packets are encoded already and opaque: text comes back as that text, bytes as those bytes. Prove a store with the conformance suite in
 * `test/server/store-conformance.ts`.
 */
import type { Packet } from '@holdfast/protocol'

/** What a node is told by the store. */
export interface StoreNode {
  /** A message of another node (or of this one), as it was given to `tell`. Some may be lost, none comes twice. */
  told(message: Packet): void
}

/** What is there of a new session. Durations in ms. */
export interface NewRecord {
  /** Public name of the session. */
  readonly id: string
  /** A hash of the secret part of its token. */
  readonly proof: string
  /** Name of its identity, or null. */
  readonly identity: string | null
  /** Name of its codec; empty for JSON. */
  readonly codec: string
  /** When it began, ms since 1970. */
  readonly createdAt: number
  /** Of its first link. */
  readonly incarnation: number
  /** Of its first working copy. */
  readonly holder: string
}

/** A link of a session that asks for it. */
export interface Claim {
  /** Public name of the session. */
  readonly id: string
  /** A hash of the secret part of the token that was shown; another one makes the session `unknown`. */
  readonly proof: string
  /** Name of the identity that was authenticated. */
  readonly identity: string | null
  /** Name of the codec; empty for JSON. */
  readonly codec: string
  /** Of the link. */
  readonly incarnation: number
  /** The client has the outcomes of all serials up to it: their results are forgotten. */
  readonly settled: number
  /** The working copy that this node has, or null. It stays the holder if the record still names it. */
  readonly mine: string | null
  /** The holder otherwise. */
  readonly fresh: string
}

/** A message that was taken in, and whose handler has not been recorded as finished. */
export interface Pending {
  /** Its number in the session. */
  readonly serial: number
  /** Who has it handled: a holder; null if nobody does yet. */
  readonly holder: string | null
  /** Whether it was seized: its handler may have been started by a server that is gone. */
  readonly again: boolean
  /** As it was given to `write`. */
  readonly message: Packet
}

/** What was claimed, as it is from now on. */
export interface Claimed {
  /** The claim holds. */
  readonly state: 'claimed'
  /** Who may write to it now: `mine` or `fresh`. */
  readonly holder: string
  /** Who might before. */
  readonly former: string
  /** For the next `write`. */
  readonly version: number
  /** When the session began, ms since 1970. */
  readonly createdAt: number
  /** Contiguous serial: everything up to it has been taken in. */
  readonly received: number
  /** Everything up to it is handled. */
  readonly handled: number
  /** The client has the outcomes of all serials up to it. */
  readonly settled: number
  /** Taken in, not handled, by serial. Those that had no holder have the new one. */
  readonly pending: readonly Pending[]
  /** Kept results above `settled`, by serial. */
  readonly results: readonly Kept[]
  /** As last written. */
  readonly inboxes: string | null
}

/** A serial with its result. */
export type Kept = readonly [serial: number, result: Packet]

/** A session that cannot be claimed any more, and what it left. */
export interface Gone {
  /** Out of time, or put out. To another identity or codec than its own, it is `unknown`. */
  readonly state: 'gone'
  /** Everything up to it was handled. */
  readonly handled: number
  /** Kept results that the client had not settled, by serial. */
  readonly results: readonly Kept[]
}

/** Why a session cannot be claimed. `stale`: the incarnation is not above that of the record. */
export interface Refused {
  /** What is in the way. */
  readonly state: 'unknown' | 'other-identity' | 'other-codec' | 'stale'
}

/** What a holder changes in one step. */
export interface Batch {
  /** 1 for a new record, then what `claim` told or one more than the last that was written; the same again has no further effect. */
  readonly version: number
  /** Taken in, consecutively, from the record's contiguous serial on. Null uses a serial up: it is handled at once. Pending from now on, by this holder. */
  readonly taken: readonly (readonly [serial: number, message: Packet | null])[]
  /** Handled, with the result if there is one. */
  readonly finished: readonly (readonly [serial: number, result: Packet | null])[]
  /** Taken in, but not to be handled by this holder: nobody has started them. */
  readonly released: readonly number[]
  /** The client has the outcomes of all serials up to it. */
  readonly settled: number
  /** Where its inboxes stood when it began; null: as before. */
  readonly inboxes: string | null
}

/**
 * `written`: the next version is one higher. `fenced`: another holder has the session: nothing was taken in, settled or put into `inboxes`, but what was finished or
 * released is recorded where this holder still had it; what an earlier try of this write had taken in is released. `lost`: there is no such session any more, or it is not
 * as this holder last wrote it; what was finished is recorded in its tombstone, if there is one. A version above that of the
 * record shows that the store has lost something: the session is gone from then on.
 */
export type Written = { readonly state: 'written' | 'lost' } | { readonly state: 'fenced'; readonly holder: string }

/** What became of messages that others have handled. */
export interface Seized {
  /** This holder has the session. */
  readonly state: 'seized'
  /** All that are pending now. */
  readonly pending: readonly Omit<Pending, 'message'>[]
  /** Kept results above `settled`, by serial. */
  readonly results: readonly Kept[]
}

/** Where a session is. */
export interface Whereabouts {
  /** The holder of its newest link. */
  readonly holder: string
  /** Of its newest link. */
  readonly incarnation: number
  /** What its last link was closed with; null while it has one, or if it was not closed. */
  readonly farewell: { readonly code: number; readonly reason: string } | null
}

/** Where sessions are kept that any of several servers may take up. What it owes is at the top of this file. */
export interface SessionStore {
  /** What an acknowledgement stands for once `write` has resolved: in the store, or on its replicas as well. */
  readonly level: 'appended' | 'replicated'
  /** Name of this node, never used before or again. Holders are this name, `/`, and a number. */
  readonly node: string
  /** Called once, before all else: how long records are kept, and who is told what comes for this node. */
  join(node: StoreNode, keep: { window: number; tombstone: number }): void
  /** A new session, with its first working copy. Rejects if it cannot be kept. */
  create(record: NewRecord): Promise<void>
  /** A link says whose session it continues. */
  claim(claim: Claim): Promise<Claimed | Gone | Refused>
  /** Records what a working copy has done. */
  write(id: string, holder: string, batch: Batch): Promise<Written>
  /**
   * Takes over what the given holders have pending, or what nobody has (null), and has it marked as seized unless nobody had it. Only for
   * the holder of the session. With no holders given, only tells.
   */
  seize(id: string, holder: string, from: readonly (string | null)[]): Promise<Seized | Written>
  /** Keeps the records of these sessions, which have a link here. Resolves with the ids of those that this holder has not any more. */
  touch(sessions: readonly (readonly [id: string, holder: string])[]): Promise<readonly string[]>
  /** The session has no link any more. Nothing where another holder has it. */
  detach(id: string, holder: string, farewell: Whereabouts['farewell']): Promise<void>
  /** Makes a tombstone of it, also where it is out of time. Resolves with whether this holder had it (and nobody had buried it). */
  bury(id: string, holder: string, farewell: Whereabouts['farewell']): Promise<boolean>
  /** Forgets it, if its newest link is not above this incarnation. Its messages may still be finished. Resolves with whether there was one. */
  end(id: string, incarnation: number): Promise<boolean>
  /** Null if there is no such session any more. With its proof, which only its client has, a tombstone is found as well, so that its farewell can be told. */
  find(id: string, proof: string | null): Promise<Whereabouts | null>
  /** Whether a node has shown life lately. One that has not is regarded as gone: what it was handling may be seized. */
  isAlive(node: string): Promise<boolean>
  /** Resolves with whether the node (by its name) was there to be told. */
  tell(node: string, message: Packet): Promise<boolean>
  /** Keeps something for so many ms. */
  put(name: string, value: Packet, ms: number): Promise<void>
  /** Gives it back, once. */
  take(name: string): Promise<Packet | null>
  /** The node leaves: what it has pending may be seized at once. */
  close(): Promise<void>
}
