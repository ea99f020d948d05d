/**
 * The contract between the core and what carries bytes, server side: a listener (or a simulation) makes a `Link`, hands it to
 * `server.accept`, and feeds the `LinkEnd` it gets back. Types only.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Codec, Packet, UpFrame } from '@holdfast/protocol'

/** What carries a link. */
export type TransportName = 'webSocket' | 'eventSource' | 'longPolling'

/** What is known of the request that opened a link. */
export interface LinkRequest {
  /** Header names in lower case. */
  readonly headers: IncomingHttpHeaders
  /** Path and query. */
  readonly url: string
  /** Of the socket: behind a proxy, the proxy's. */
  readonly remoteAddress: string | undefined
}

/** What carries packets, as the core holds it. */
export interface Link {
  /** What `sessions()` and handlers are told it is. */
  readonly transport: TransportName
  /** What its packets are made with: one of the server's. @default JSON */
  readonly codec?: Codec
  /** One packet, as encoded frames in order; joined they are within `limits.packet`. Never throws; what cannot be sent is lost with the link. */
  send(frames: readonly Packet[]): void
  /** Bytes handed over that the network (for polls: the client) has not taken yet. */
  readonly buffered: number
  /**
   * Sends `last` (a `bye`, or nothing), then lets go within a second even if the peer takes nothing more. The core calls it once, and
   * neither sends nor listens any more.
   */
  close(code: number, reason: string, last: readonly Packet[]): void
}

/** The core's end of a link. Every call is total: none throws, whatever is fed, and whenever. */
export interface LinkEnd {
  /** A packet as it came. The first one must be a hello. */
  receive(packet: unknown): void
  /** As `receive`, for a listener that had to decode the packet itself. `bytes` is its size. */
  take(frames: readonly UpFrame[], bytes: number): void
  /** `buffered` has fallen to (nearly) nothing. */
  drained(): void
  /** The link is gone, from the other side. */
  dropped(): void
}
