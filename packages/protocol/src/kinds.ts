/**
 * Kinds of frame elements and the check of one frame against them (PROTOCOL.md §2, §3). The tables are the single place that says
 * what a well-formed frame is; a client holds only the table of what comes down, a server only that of what goes up.
 */
import type { Limits, Position } from './frames.ts'

/** Whether a peer-given value is of a kind. Total: never throws, whatever the value. */
export type Kind = (value: unknown) => boolean

/** Type of frame -> kinds of its elements. An entry of `optional` kind may be absent, at the end only. */
export type FrameTable = { readonly [type: string]: readonly Kind[] }

/** Any JSON value. */
export const anything: Kind = (value) => value !== undefined
/** *n* of PROTOCOL.md §2: an integer from 0 to 2^53 - 1. Refuses -0 (its reciprocal is negative), so that it never shows up in a serial or an offset. */
export const count: Kind = (value) => Number.isSafeInteger(value) && 1 / (value as number) > 0
/** A string of at most 256 UTF-16 units. */
export const text: Kind = (value) => typeof value === 'string' && value.length <= 256
/** True or false. */
export const flag: Kind = (value) => typeof value === 'boolean'
/** A serial or an incarnation: counted from 1. */
const counted: Kind = (value) => count(value) && value !== 0
/** May be absent. */
export const optional =
  (kind: Kind): Kind =>
  (value) =>
    value === undefined || kind(value)
/** May be null. */
export const nullable =
  (kind: Kind): Kind =>
  (value) =>
    value === null || kind(value)
/** An array of any length. */
export const listOf =
  (kind: Kind): Kind =>
  (value) =>
    Array.isArray(value) && value.every(kind)
/** An array of exactly these kinds; trailing `optional` ones may be absent. */
export const tuple =
  (...kinds: Kind[]): Kind =>
  (value) =>
    Array.isArray(value) && value.length <= kinds.length && kinds.every((kind, i) => kind(value[i]))
/** A plain object with at least these fields; unknown fields are let through. */
export const object =
  (fields: { readonly [name: string]: Kind }): Kind =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, kind]) => kind((value as { [name: string]: unknown })[name]))

/** A topic name: not empty, at most 256 characters, no control characters, so that it cannot forge lines anywhere (PROTOCOL.md §10). */
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
export const topicName: Kind = (value) => text(value) && /^[^\0-\x1f\x7f\u2028\u2029]+$/.test(value as string)
const epoch: Kind = (value) => text(value) && (value as string).length <= 64
/** PROTOCOL.md §7.1. */
export const position: Kind = /* @__PURE__ */ tuple(epoch, count, count)

/** Frames a server may receive (PROTOCOL.md §3.1). */
export const UP_FRAMES: FrameTable = /* @__PURE__ */ (() => ({
  hello: [
    object({
      version: count,
      session: nullable(text),
      incarnation: counted,
      settled: count,
      subscriptions: listOf(tuple(topicName, nullable(position))),
      via: optional((via) => via === 'sse' || via === 'poll' || via === 'ticket'),
    }),
  ],
  send: [counted, topicName, anything, optional(text)],
  void: [counted],
  volatile: [topicName, anything],
  settled: [count],
  subscribe: [topicName, optional(nullable(position))],
  unsubscribe: [topicName],
  ping: [count],
  auth: [anything],
  bye: [],
  post: [text, counted, counted],
  poll: [text, counted, count],
}))()

/** Frames a client may receive (PROTOCOL.md §3.2). */
export const DOWN_FRAMES: FrameTable = /* @__PURE__ */ (() => {
  const result: Kind = (value) =>
    Array.isArray(value) &&
    counted(value[0]) &&
    (value.length === 2 || (value.length === 4 && value[1] === null && text(value[2]) && typeof value[3] === 'string'))
  const results = listOf(result)
  const limits: { readonly [name in keyof Limits]: Kind } = {
    message: count,
    packet: count,
    inFlight: count,
    inFlightBytes: count,
    subscriptions: count,
  }
  return {
    welcome: [
      object({
        session: text,
        id: text,
        resumed: flag,
        serial: count,
        former: optional(tuple(count, results)),
        identity: nullable(text),
        window: count,
        beat: count,
        grace: count,
        retrySpread: count,
        level: text,
        limits: object(limits),
        time: count,
      }),
    ],
    ack: [count, results],
    nack: [count],
    // A server knows its epoch: the empty one would be "of whatever epoch".
    subscribed: [topicName, (value) => position(value) && (value as Position)[0] !== ''],
    event: [topicName, counted, anything, optional(count)],
    'caught-up': [topicName, count],
    denied: [topicName, text, text],
    volatile: [topicName, anything],
    beat: [count, count, listOf(tuple(topicName, count))],
    pong: [count],
    renew: [count],
    authenticated: [],
    drain: [count],
    bye: [count, text, optional(count)],
    at: [count],
    ticket: [text],
  }
})()
