/**
 * The contract of a payload codec: messages as bytes, for `plain()`. Types only; each codec is a file of its own, so that what is not
 * imported is not bundled. See "write your own codec" in the docs.
 */
import type { Packet } from '@holdfast/protocol'

/**
 * Turns messages into packets and back. A value without a state of its own: one codec may serve any number of connections.
 * Whatever `encode` has made, `decode` gives back.
 */
export interface PayloadCodec {
  /** For messages and comparisons: connections that are shared must have codecs of one name. @default '' */
  readonly name?: string
  /** Media type of a POST with one message. @default none: a string travels as text/plain, bytes without a type */
  readonly type?: string
  /** Its packets are bytes, so that answers over HTTP are read as bytes. Event streams carry text alone. @default false */
  readonly binary?: true
  /** Blobs are sent as they are, without `encode`: their bytes need not be read for that. @default false */
  readonly blobs?: true
  /** Text or bytes. Throws a `TypeError` that says what to do for what it cannot carry: the message is then `not-sent`, `unencodable`. */
  encode(message: unknown): Packet
  /**
   * The message in a packet: text, or bytes where the transport gave bytes. Throws for what is none: that is reported as `undecodable`,
   * and nothing else is lost.
   */
  decode(packet: Packet): unknown
}
