/** The contract of a transport: bytes and nothing else. Types only. See "write your own transport" in the docs. */
import type { ClosePolicy, Packet } from '@holdfast/protocol'
import type { Clock } from './clock.ts'
import type { About, Wire } from './dialect.ts'

/** Why a link is gone. */
export interface Cause {
  /** Close code (PROTOCOL.md §9.1); 1006 where the network gave none; 0 where it could not be opened at all in this environment. */
  code: number
  /** In words. */
  reason: string
  /** HTTP status, where there was one. */
  status?: number
  /** The server's hint when to come back, in ms. */
  retryAfter?: number
  /** What follows, where the dialect or the transport knows better than the code. */
  policy?: ClosePolicy
  /** It is a fault that somebody has to mend: the code of the error that is reported. */
  fault?: string
}

/** What a transport needs to open one link. */
export interface Opening {
  /** Absolute http or https URL of the endpoint. */
  url: string
  /** What to say first, and how packets are made and read. */
  wire: Wire
  /** The only source of time. */
  clock: Clock
  /** Uniform in [0, 1), for delays that must not fall together. */
  random: () => number
}

/** What a link tells its owner. None is called before `open` has returned, none after `dropped` or after the owner called `close`. */
export interface LinkEvents {
  /** Bytes can flow. It proves nothing yet: only the server's welcome does. */
  opened(): void
  /** A packet as it came, and what the transport knows of it. */
  received(packet: unknown, about?: About): void
  /** Bytes came that are no packet: a comment, a part of an event. They show that the link lives. `id`: of an event without data. */
  heard(id?: string): void
  /** Frames are off: written where nothing more can be known, else answered. In the order of `send`. */
  sent(frames: readonly Packet[]): void
  /** The link is gone; it has cleaned up after itself. Once. */
  dropped(cause: Cause): void
}

/** One link, as its owner holds it. */
export interface Link {
  /** Encoded frames, in order. Never throws; what cannot be sent any more is lost with the link. */
  send(frames: readonly Packet[]): void
  /** Bytes handed over and not known to have left, as far as the platform tells. */
  readonly buffered: number
  /** Lets go at once: no event comes any more, nothing is waited for. `last` frames go out if that costs no waiting. */
  close(last?: readonly Packet[]): void
}

/** A way to open links. A value: what is not imported is not bundled. */
export interface Transport {
  /** `webSocket`, `eventSource`, `longPolling` or your own. */
  readonly name: string
  /** Can be tried beside a live link before it says hello: both directions are one thing (PROTOCOL.md §4.1). */
  readonly provable?: true
  /** Opens a link. Throws when this environment cannot (no such class, a URL or policy that forbids it). */
  open(opening: Opening, events: LinkEvents): Link
}
