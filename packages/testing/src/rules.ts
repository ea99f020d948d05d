// What can go wrong, as values. Types only: `rulebook.ts` decides when a rule applies, the rest of the package makes it happen.

/**
 * What an exchange is:
 * - `webSocket`: the request asks for an upgrade to WebSocket.
 * - `stream`: the request accepts, or the response is, `text/event-stream`.
 * - `post`: any other POST. `poll` is never chosen by the proxy itself: pass `classify` to tell polls from posts.
 * - `http`: any other HTTP exchange.
 * - `raw`: not HTTP/1.1 as far as the proxy can tell; passed through.
 *
 * `classify` may invent more.
 */
export type Kind = 'webSocket' | 'stream' | 'poll' | 'post' | 'http' | 'raw' | (string & {})

/** `up` is from the client to the target, `down` from the target to the client. */
export type Direction = 'up' | 'down'

/** One request and its answer, with everything that follows an upgrade. */
export interface ExchangeInfo {
  /** Counts from 1 over the life of the proxy. */
  readonly id: number
  /** The client connection that carries it. */
  readonly connection: number
  readonly kind: Kind
  readonly method: string
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The request's content, if it was small enough to be looked at (1 MiB) and not sent with `Expect: 100-continue`. */
  readonly body: Buffer | undefined
  /** Known once the target has answered. */
  readonly status: number | undefined
}

/** Narrows a rule. Everything given must match; with nothing given, everything matches. */
export interface Aim {
  /** One kind or several. Bytes that belong to no exchange (an unfinished request) match no kind. */
  kind?: Kind | readonly Kind[]
  /** The request's path with its query: equal to the string, or matched by the expression. */
  path?: string | RegExp
  /** The id of one client connection, as in events. */
  connection?: number
  /** Connections accepted before the rule was made, after it, or both. @default 'all' */
  connections?: 'existing' | 'new' | 'all'
  /** Any further condition. One that throws does not match, and is recorded as an `error` event. */
  when?: (exchange: ExchangeInfo) => boolean
}

/** Which of the matching occasions a rule strikes. With neither field it strikes every one until it is undone. */
export interface Turns {
  /** Strike from the n-th matching occasion on, counted from 1 after the rule was made. @default 1 */
  nth?: number
  /** Strike so many times, then be spent. @default 1 if `nth` is given, otherwise no limit */
  times?: number
}

/** How a connection ends: `end` with FIN after what is on its way, `reset` with RST, which may overtake bytes on their way. */
export type Ending = 'end' | 'reset'

interface Flow extends Aim {
  /** @default 'both' */
  direction?: Direction | 'both'
}

/** One-way latency. Order is kept. Several rules add up. */
export interface DelayRule extends Flow {
  fault: 'delay'
  /** Milliseconds each way. */
  latency: number
  /** Adds between 0 and so many milliseconds to each run of bytes. @default 0 */
  jitter?: number
  /**
   * The kernel accepts a loopback connection at once. When true, the first bytes of a connection also wait for the round
   * trip that a TCP handshake would have taken, so that measured start-up times are those of a real network. @default true
   */
  handshake?: boolean
}

/** A narrow link: so many bytes per second for each connection and direction. The slowest matching rule counts. */
export interface ThrottleRule extends Flow {
  fault: 'throttle'
  bytesPerSecond: number
}

/**
 * Half-open: bytes, and also the news that one side closed, vanish without a trace. Both sides believe in the link.
 * When the rule is undone, connections that lost anything are reset, as they would be by a network that forgot them.
 */
export interface BlackHoleRule extends Flow {
  fault: 'black-hole'
}

/**
 * Like a black hole, but what vanishes is kept and delivered, in order, when the rule is undone: even if the client has
 * closed by then and lives on another link. Up to 4 MiB per direction, then TCP back-pressure.
 */
export interface HoldRule extends Flow {
  fault: 'hold'
}

/** New connections are not served. `kind`, `path` and `when` cannot apply: nothing was said yet. */
export interface RefuseRule extends Pick<Aim, 'connection'>, Turns {
  fault: 'refuse'
  /**
   * `reset` or `end`: accept, then end at once. `closed`: stop listening, so that the system refuses; the port is bound
   * again when the rule is undone (nth and times do not apply). @default 'reset'
   */
  how?: Ending | 'closed'
}

/** The request is read and then nothing happens. When the rule is undone, the hung requests go on to the target. */
export interface HangRule extends Aim, Turns {
  fault: 'hang'
}

/** The client gets a failure from the proxy instead of the target's answer. Refusing an upgrade is this with `kind: 'webSocket'`. */
export interface FailRule extends Aim, Turns {
  fault: 'fail'
  /** @default 502 */
  status?: number
  /** @default `text/html` and no more */
  headers?: Readonly<Record<string, string>>
  /** @default a small page naming the status */
  body?: string
  /**
   * `request`: the target never sees it. `response`: the target handles it, its answer is thrown away. Of an answer that
   * never ends (a stream, an upgrade) the head is awaited and the target's connection then closed. @default 'request'
   */
  lost?: 'request' | 'response'
}

/** The response breaks off, then both connections end. */
export interface TruncateRule extends Aim, Turns {
  fault: 'truncate'
  /**
   * After so many bytes of the body as it is on the wire, or: `nothing`, not even the head; `head`, the head alone;
   * `half` the body (of one without announced length up to 1 MiB is awaited); `end`, all of it.
   */
  at: number | 'nothing' | 'head' | 'half' | 'end'
  /** @default 'end' */
  how?: Ending
}

/** The request is sent to the target a second time over a connection of its own, as a proxy that retries would. */
export interface DuplicateRule extends Aim, Turns {
  fault: 'duplicate'
  /** Milliseconds between the two. The second answer is discarded; a `fault` event tells of it. @default 0 */
  after?: number
}

/** The response arrives late, on top of any latency. */
export interface StallRule extends Aim, Turns {
  fault: 'stall'
  /** Milliseconds that the head, and so everything behind it, is withheld. */
  ms: number
}

/** A buffering middlebox: the response is withheld until so many bytes are there, or until it ends; and so on. */
export interface BufferRule extends Aim, Turns {
  fault: 'buffer'
  /** @default 65536 */
  bytes?: number
  /** `hold`: the head waits with the body. `pass`: it goes first. @default 'hold' */
  head?: 'hold' | 'pass'
}

/** The upgrade succeeds, then every frame (control frames too) is dropped. TCP stays alive. */
export interface MuteRule extends Flow, Turns {
  fault: 'mute'
}

/** Drops unfragmented message frames. With per-message compression later messages may become unreadable: switch it off. */
export interface DropFrameRule extends Flow, Turns {
  fault: 'drop-frame'
}

/** Delivers unfragmented message frames (up to 1 MiB) twice. */
export interface DuplicateFrameRule extends Flow, Turns {
  fault: 'duplicate-frame'
}

/** Delivers unfragmented message frames late. Frames behind them wait: one TCP connection never reorders. */
export interface DelayFrameRule extends Flow, Turns {
  fault: 'delay-frame'
  /** Milliseconds. */
  ms: number
}

/** A message frame breaks off, then both connections end. */
export interface TruncateFrameRule extends Flow, Turns {
  fault: 'truncate-frame'
  /** After so many bytes of the frame as it is on the wire (its head has 2 to 14), or `half` of its payload. A shorter frame passes whole. */
  at: number | 'half'
}

/**
 * A cache that should not be there: the response comes twice, the second time as the answer to the next request that the rule matches, which
 * the target never sees. Strikes whole responses of up to 1 MiB to requests that are small enough to be looked at.
 */
export interface DuplicateResponseRule extends Aim, Turns {
  fault: 'duplicate-response'
}

/** Anything that `proxy.rule()` takes. */
export type Rule =
  | DelayRule
  | ThrottleRule
  | BlackHoleRule
  | HoldRule
  | RefuseRule
  | HangRule
  | FailRule
  | TruncateRule
  | DuplicateRule
  | StallRule
  | BufferRule
  | MuteRule
  | DropFrameRule
  | DuplicateFrameRule
  | DelayFrameRule
  | TruncateFrameRule
  | DuplicateResponseRule

/** The name of a fault: the `fault` field of a rule, or `cut`. */
export type FaultName = Rule['fault'] | 'cut'
