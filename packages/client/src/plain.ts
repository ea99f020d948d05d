/** For servers without Holdfast: as the main entry, but without the dialect of a Holdfast server, which is not in the bundle then. */
import { plain } from './dialects/plain.ts'
import type { ClientOptions } from './options.ts'
import { connect as share, createClient as create } from './shared.ts'
import type { AnyTopics, Client } from './types.ts'

export { fullJitter, type Backoff } from './backoff.ts'
export type { Clock } from './clock.ts'
export type { PayloadCodec } from './codec.ts'
export { binary } from './codecs/binary.ts'
export { json, jsonOrText } from './codecs/json.ts'
export { text } from './codecs/text.ts'
export type { About, Ask, Dialect, Host, Parcel, Session, Terms, Wire } from './dialect.ts'
export { plain } from './dialects/plain.ts'
export type { PlainAck, PlainOptions, PlainPosition, PlainRequest, PlainWelcome } from './dialects/plain.ts'
export { HoldfastError, type FailedOutcome, type HoldfastErrorOptions } from './errors.ts'
export type { Auth, ClientOptions } from './options.ts'
export type { Signal } from './state.ts'
export type { Cause, Link, LinkEvents, Opening, Transport } from './transport.ts'
export { eventSource, type EventSourceOptions } from './transports/event-source.ts'
export { gzip } from './transports/gzip.ts'
export type { HttpOptions } from './transports/http-uplink.ts'
export { longPolling, type LongPollingOptions } from './transports/long-polling.ts'
export { webSocket, type WebSocketOptions } from './transports/web-socket.ts'
export type * from './types.ts'

/**
 * An unshared client; `dialect` is `plain()` unless given.
 * @throws HoldfastError `bad-url`, `bad-option`
 */
export const createClient = <T = AnyTopics>(url: string | URL, options: ClientOptions): Client<T> =>
  create<T>(url, options, plain())

/**
 * A handle on the one connection to this URL, made at first use; `dialect` is `plain()` unless given.
 * @throws HoldfastError `bad-url`, `bad-option`, `conflicting-options`
 */
export const connect = <T = AnyTopics>(url: string | URL, options: ClientOptions): Client<T> =>
  share<T>(url, options, plain())
