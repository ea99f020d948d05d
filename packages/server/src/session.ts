/** What a session and its current link are. Types only; `sessions.ts` holds the table, `hub.ts` moves them. */
import type { Codec, Intake, Packet, Position, Result } from '@holdfast/protocol'
import type { Journal } from './journal.ts'
import type { Linked } from './line.ts'
import type { Farewell } from './farewell.ts'
import type { Link, LinkRequest, TransportName } from './link.ts'
import type { Identity } from './options.ts'
import type { Outlet } from './outlet.ts'

/** A reliable message that was taken in. */
export interface Inbound {
  readonly topic: string
  readonly data: unknown
  /** Its id of a former session, on redelivery (PROTOCOL.md §6.5). */
  readonly id: string | null
  /** Its sender wants its handler started once at most. */
  readonly once: boolean
  /** About its size; what waits is bounded by it. */
  readonly bytes: number
  /** Of a message that another server had taken in: that of the link that took the session up here. */
  readonly transport: TransportName
  /** Whether a server that is gone may have started its handler in this session (PROTOCOL.md §6.7). */
  again: boolean
}

/**
 * Where a session is in its life: on a link; kept after its last link; `gone` but for a tombstone that tells what was handled;
 * `ended`, forgotten on the client's or the application's wish; or `elsewhere`: another working copy has it. `farewell` is what its last link was closed with.
 */
type Place =
  | { readonly state: 'attached'; readonly attachment: Attachment }
  | { readonly state: 'detached' | 'gone'; readonly since: number; readonly farewell: Farewell | null }
  | { readonly state: 'ended' | 'elsewhere' }

export interface Session extends Linked<Session> {
  /** Public; first part of the token and of message ids. */
  readonly id: string
  /** Second part of the token. */
  readonly secret: Buffer
  readonly token: string
  readonly createdAt: number
  identity: Identity | null
  /** Of its links, and of the results it keeps (PROTOCOL.md §2.1). */
  readonly codec: Codec
  /** The highest one accepted (PROTOCOL.md §4.4). */
  incarnation: number
  place: Place
  readonly intake: Intake<Inbound>
  /** Writes to its record in a store that servers share; null where there is none. */
  journal: Journal | null
  /** Handlers that have not finished. */
  running: number
  /** The message that must finish before the next is started, or 0. */
  blockedBy: number
  /** Bytes of messages that wait for their handler. */
  waitingBytes: number
  /** Volatile messages whose handler has not finished. */
  volatile: number
  /** Where its inboxes stood when it began: what a client goes on from that never learned it (PROTOCOL.md §7.5). */
  readonly inboxes: Map<string, Position>
}

/** What a session that is gone has left: its results are encoded. */
export interface Former {
  readonly codec: Codec
  readonly handled: number
  readonly kept: readonly Result[]
}

/** A session on a link. When `session.place` holds another one, this one is dead and everything that still comes for it is ignored. */
export interface Attachment {
  readonly session: Session
  readonly link: Link
  readonly request: LinkRequest
  readonly incarnation: number
  readonly outlet: Outlet
  readonly attachedAt: number
  /** When its credential was last accepted. */
  authenticatedAt: number
  /** Credentials that it has shown lately, and those that are being looked at. */
  credentials: { shown: number; pending: number }
  /** Subscriptions that are being authorized and located, given up ones included. */
  asking: number
  /** By the name the client knows. */
  readonly subscriptions: Map<string, Subscription>
  /** Subscriptions whose next events have to be read from the log, in turn. */
  readonly behind: Set<Subscription>
  /** Whether a page is being read. */
  reading: 'idle' | 'reading'
  /** Highest number of an uplink POST handled (PROTOCOL.md §5.2). */
  lastPost: number
  heardAt: number
  nextBeatAt: number
  /** Where the next beat goes on naming tops. */
  nextTop: number
  /** The last hole told of, and how often. */
  nack: { serial: number; times: number; at: number }
  /** When the link last took something, and what it held then. */
  progress: { at: number; buffered: number }
  /** Whether the client has been asked to renew its identity. */
  renewal: 'none' | 'asked'
}

/**
 * A topic as one link receives it. `starting`: being authorized and located; `replaying`: to be told when it has caught up; `behind`: catches
 * up in silence; `live`: entries are sent as they are appended; `ended`: whatever still comes for it is dropped.
 */
export interface Subscription {
  readonly attachment: Attachment
  /** As the client knows it. */
  readonly name: string
  state: 'starting' | 'replaying' | 'behind' | 'live' | 'ended'
  topic: Topic | null
  /** Where it stands on the log; the check is also the one last told. */
  sent: Position
  /** Epoch shown to this client: the log's, or its alias after a rollback (PROTOCOL.md §7.2). */
  shown: string
}

/** A topic that somebody here receives. */
export interface Topic {
  /** Name of its log. */
  readonly name: string
  readonly subscriptions: Set<Subscription>
  /** The newest entry told by the log's watch. */
  newest: { epoch: string; offset: number }
  /** Type and topic of its events, encoded once per codec. */
  head(codec: Codec): readonly Packet[]
  unwatch: () => void
}

export const isCurrent = (attachment: Attachment): boolean =>
  attachment.session.place.state === 'attached' && attachment.session.place.attachment === attachment

export const identityName = (identity: Identity | null): string | null =>
  typeof identity === 'object' && identity ? identity.id : identity
