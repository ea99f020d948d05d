/**
 * The vocabulary of the wire (PROTOCOL.md §3): every frame as a labelled tuple, exactly as it stands in a packet, so that nothing is
 * converted on the hot path and the names cost no bytes in the bundle. This file imports nothing.
 */

/** `[epoch, offset, check]`: "I have everything of this epoch up to this offset" (PROTOCOL.md §7.1). */
export type Position = readonly [epoch: string, offset: number, check: number]

/** What became of one serial: `[serial, value]` handled, `[serial, null, code, message]` refused (PROTOCOL.md §6.3). */
export type Result =
  readonly [serial: number, value: unknown] | readonly [serial: number, none: null, code: string, message: string]

/** What an acknowledgement stands for (PROTOCOL.md §4.3). */
export type AckLevel = 'memory' | 'appended' | 'replicated'

/** How a hello came in over HTTP (PROTOCOL.md §5). */
export type Via = 'sse' | 'poll' | 'ticket'

/** PROTOCOL.md §4.2. */
export interface Hello {
  version: number
  session: string | null
  incarnation: number
  settled: number
  subscriptions: (readonly [topic: string, position: Position | null])[]
  credential?: unknown
  via?: Via
}

/** Bounds a server announces (PROTOCOL.md §4.3, §10). Bytes are UTF-8. */
export interface Limits {
  message: number
  packet: number
  inFlight: number
  inFlightBytes: number
  subscriptions: number
}

/** PROTOCOL.md §4.3. Durations in milliseconds. */
export interface Welcome {
  session: string
  id: string
  resumed: boolean
  serial: number
  former?: readonly [serial: number, results: Result[]]
  identity: string | null
  window: number
  beat: number
  grace: number
  retrySpread: number
  level: AckLevel
  limits: Limits
  time: number
}

/** Frames a client sends (PROTOCOL.md §3.1). */
export type UpFrame =
  | readonly ['hello', hello: Hello]
  | readonly ['send', serial: number, topic: string, data: unknown, id?: string]
  | readonly ['void', serial: number]
  | readonly ['volatile', topic: string, data: unknown]
  | readonly ['settled', serial: number]
  | readonly ['subscribe', topic: string, position?: Position | null]
  | readonly ['unsubscribe', topic: string]
  | readonly ['ping', n: number]
  | readonly ['auth', credential: unknown]
  | readonly ['bye']
  | readonly ['post', session: string, incarnation: number, n: number]
  | readonly ['poll', session: string, incarnation: number, n: number]

/** Frames a server sends (PROTOCOL.md §3.2). */
export type DownFrame =
  | readonly ['welcome', welcome: Welcome]
  | readonly ['ack', serial: number, results: Result[]]
  | readonly ['nack', serial: number]
  | readonly ['subscribed', topic: string, position: Position]
  | readonly ['event', topic: string, offset: number, data: unknown, check?: number]
  | readonly ['caught-up', topic: string, offset: number]
  | readonly ['denied', topic: string, code: string, message: string]
  | readonly ['volatile', topic: string, data: unknown]
  | readonly ['beat', time: number, serial: number, tops: (readonly [topic: string, offset: number])[]]
  | readonly ['pong', n: number]
  | readonly ['renew', within: number]
  | readonly ['authenticated']
  | readonly ['drain', within: number]
  | readonly ['bye', code: number, reason: string, retryAfter?: number]
  | readonly ['at', n: number]
  | readonly ['ticket', value: string]

/** Any frame, in either direction. */
export type Frame = UpFrame | DownFrame

/** The protocol version this code speaks. */
export const VERSION = 1

/** The WebSocket subprotocol of JSON; that of another codec has a dot and its name behind it (PROTOCOL.md §5.1). */
export const SUBPROTOCOL = 'holdfast.1'

/** The media type of packets over HTTP has the name of the codec behind this (PROTOCOL.md §5). JSON travels as text/plain. */
export const MEDIA_TYPE = 'application/vnd.holdfast.'

/** Longest offered subprotocol that carries a hello (PROTOCOL.md §5.1); a longer hello goes as the first message. */
export const MAX_HEADER_HELLO = 4096

/** Topic of a session's own inbox (PROTOCOL.md §7.5). */
export const SESSION_INBOX = '~session'

/** Topic of an identity's own inbox (PROTOCOL.md §7.5). */
export const IDENTITY_INBOX = '~identity'
