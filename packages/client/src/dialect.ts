/**
 * The contract between the driver and what a server speaks. The driver thinks in frames (PROTOCOL.md §3); a dialect turns them into
 * what goes over a link and back. PURE: no I/O, no clock. `holdfast()` is the default; `plain()` speaks to servers without Holdfast.
 */
import type { DownFrame, Hello, Malformed, Packet, Transmission, UpFrame, Via } from '@holdfast/protocol'

/** What a server speaks. A value, given as `dialect`. */
export interface Dialect {
  /** For messages and comparisons. */
  readonly name: string
  /** A payload as it will travel, encoded once when it is handed over. Throws a `TypeError` for what cannot travel. */
  payload(data: unknown): Packet
  /** A reliable message as one encoded frame. */
  message(transmission: Transmission<Packet>): Packet
  /** A volatile message as one encoded frame. */
  volatile(topic: string, payload: Packet): Packet
  /** Any other frame; null when this dialect has no such thing. */
  frame(frame: UpFrame): Packet | null
  /**
   * A new link is about to open with this hello; null: it is to be tried first, with a ping, and says hello later (PROTOCOL.md §4.1).
   * The wire belongs to that link alone.
   */
  wire(hello: Hello | null): Wire
}

/** What one link needs to know of the dialect; transports read no frames. */
export interface Wire {
  /** Subprotocols a WebSocket offers. */
  readonly protocols: readonly string[]
  /** First message on a WebSocket, when the handshake could not carry it. */
  readonly first: Packet | null
  /** Body of the HTTP request that opens a link. */
  hello(via: Via): Packet
  /** Most bytes of UTF-8 that one packet up may have (PROTOCOL.md §4.3): transports that merge packets stay below it. */
  readonly limit: number
  /** Body of an uplink POST or a poll. The next number is used up at each call: keep the body to send it again. */
  request(head: 'post' | 'poll', frames: readonly Packet[]): Packet
  /** Encoded frames as one packet. */
  join(frames: readonly Packet[]): Packet
  /** Total: what is not a packet comes back as `Malformed`. Remembers what the next poll has to confirm. */
  decode(packet: unknown): DownFrame[] | Malformed
}
