/** Options of `createServer`, documented with their defaults, and the one place where defaults are filled in. Durations in milliseconds. */
import type { Codec, Packet } from '@holdfast/protocol'
import { realClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { HoldfastError } from './errors.ts'
import type { LinkRequest } from './link.ts'
import type { Log } from './log.ts'
import type { MaybePromise } from './maybe.ts'
import { memoryLog } from './memory-log.ts'
import { strongRandom } from './random.ts'
import type { Random } from './random.ts'
import type { SessionStore } from './store.ts'

/** Who a session belongs to: a name, or an object with a name and whatever else the application wants to see again in its handlers. */
export type Identity =
  string | { readonly id: string; readonly expiresAt?: number | undefined; readonly [detail: string]: unknown }

/** Bounds (PROTOCOL.md §10). Bytes are UTF-8. */
export interface ServerLimits {
  /** Largest frame either way, in bytes. @default 1 MiB */
  message: number
  /** Largest packet sent, in bytes, unless a single frame is larger; announced to clients for theirs. @default 256 KiB */
  packet: number
  /** Largest packet taken in, in bytes. @default `message` + 64 KiB */
  received: number
  /** Reliable messages a session may have in flight. @default 1_024 */
  inFlight: number
  /** Their bytes; what waits for its handler beyond it is not taken in yet. @default 4 MiB */
  inFlightBytes: number
  /** Subscriptions of one session. @default 1_000 */
  subscriptions: number
  /** Sessions held at once, the detached ones included; as many tombstones again. @default 100_000 */
  sessions: number
  /** Sessions of one identity. The one that lost its link longest ago, and runs no handler, makes room. @default 100 */
  sessionsPerIdentity: number
  /** Links (and tickets) that have not said a valid hello yet. One whose hello is large counts once more for each 16 KiB. @default 1_000 */
  unauthenticated: number
  /** Bytes of request bodies that are being read, of all clients; beyond it the one that takes longest is answered 503. @default 64 MiB */
  bodies: number
  /** Replay page: events. @default 256 */
  replayEvents: number
  /** Replay page: bytes. @default 256 KiB */
  replayBytes: number
  /** Bytes queued on a link beyond which events wait in the log. @default 4 MiB */
  buffered: number
}

/** Options of `createServer`. Durations in milliseconds. */
export interface ServerOptions {
  /** Where topics are kept. @default memoryLog() */
  log?: Log
  /**
   * Where sessions are kept, for several servers that share them: with `redisSessions()` any server takes up any session, and no load balancer
   * has to be sticky.
   * @default none: in this process
   */
  sessions?: SessionStore | null
  /**
   * Names the identity behind a credential; null or undefined means anonymous. Throws a `RejectError` to refuse, whose code says what the client then
   * does. Any other error is reported, nobody is let in, and the client comes back later with the same credential (4200).
   * `expiresAt` (ms since 1970) of the identity makes the server ask for a fresh credential in time. @default everybody is anonymous
   */
  authenticate?: (attempt: { credential: unknown; request: LinkRequest }) => MaybePromise<Identity | null | undefined>
  /**
   * Whether an identity may subscribe or send to a topic; asked for each subscription and each message. May throw a `RejectError` to give a code of its
   * own. Any other error is reported and permits nothing: the link of a subscription is closed, to ask again later (4200); a message is rejected
   * with `handler-failed`. @default all may
   */
  authorize?: (attempt: {
    identity: Identity | null
    action: 'subscribe' | 'send'
    topic: string
  }) => MaybePromise<boolean>
  /**
   * What to do with a message that a former session had on a link, so that its handler may have been started by a server that is gone:
   * `at-least-once` starts the handler with `redelivered: true` and the same `id`; `at-most-once` never does, and the sender's
   * outcome is `in-doubt`. Unless `sessions` are shared they are held in memory, so "a server that is gone" includes every restart. @default 'at-least-once'
   */
  intake?: 'at-least-once' | 'at-most-once'
  /** Told of what the application's functions threw and of what failed inside; nothing here reaches a client. @default to stderr, as a process warning */
  onError?: (error: unknown, where: string) => void
  /** Whether a client sees the message of any error that its handler threw, not only of a `RejectError`. @default false */
  exposeErrors?: boolean
  /** How long a session is kept after its last link. @default 120_000 */
  resumeWindow?: number
  /** How long after that its tombstone is kept, which tells what was handled. @default 600_000 */
  tombstoneWindow?: number
  /** Heartbeat interval announced to clients; beats are sent a fifth earlier. @default 15_000 */
  beat?: number
  /** How long a client waits for an answer to its probe. @default 5_000 */
  grace?: number
  /** Silence after which a link is dead, beyond `beat`: hidden pages fire timers once a minute. @default 60_000 */
  silence?: number
  /** Spread of the first retry of clients, or how to get it from their number. @default 300, or clients at 1,000 a second */
  retrySpread?: number | ((clients: number) => number)
  /** How long a link may take to say hello, and `authenticate` to answer. @default 10_000 */
  helloTimeout?: number
  /** How long events may wait for a link that takes nothing before it is closed with 4301. @default 30_000 */
  slowTimeout?: number
  /** Longest time a poll is kept open. @default 25_000 */
  pollTimeout?: number
  /** How long a request body may take. @default 10_000 */
  bodyTimeout?: number
  /** How long before its expiry an identity is asked to renew, at most half its life. @default 30_000 */
  renewBefore?: number
  /** How long after its expiry a link is closed with 4101. @default 5_000 */
  renewGrace?: number
  /** Bounds, each with its own default. */
  limits?: Partial<ServerLimits>
  /**
   * What clients may speak beside JSON, which all may: `[messagePack()]`. What is published, and kept in the log, is encoded with the first one.
   * @default none
   */
  codecs?: readonly Codec<Exclude<Packet, string>>[]
  /** Time. For tests. @default the real clock */
  clock?: Clock
  /** Jitter, names **and session tokens** are made of it. @default cryptographically strong */
  random?: Random
}

/** Options with every default filled in. */
export type Settings = Required<Omit<ServerOptions, 'limits'>> & { readonly limits: Readonly<ServerLimits> }

const KIB = 1_024
const MIB = 1_024 * KIB

const LIMITS: Omit<ServerLimits, 'received'> = {
  message: MIB,
  packet: 256 * KIB,
  inFlight: 1_024,
  inFlightBytes: 4 * MIB,
  subscriptions: 1_000,
  sessions: 100_000,
  sessionsPerIdentity: 100,
  unauthenticated: 1_000,
  bodies: 64 * MIB,
  replayEvents: 256,
  replayBytes: 256 * KIB,
  buffered: 4 * MIB,
}

/** Clients that come back at once within the spread are met at this rate. */
const ACCEPTS_PER_MS = 1

function warn(error: unknown, where: string): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.emitWarning(`${where}: ${text}`, 'HoldfastWarning')
}

const DEFAULTS: Omit<Settings, 'limits' | 'log'> = {
  authenticate: () => null,
  authorize: () => true,
  intake: 'at-least-once',
  onError: warn,
  exposeErrors: false,
  resumeWindow: 120_000,
  tombstoneWindow: 600_000,
  beat: 15_000,
  grace: 5_000,
  silence: 60_000,
  retrySpread: (clients) => Math.max(300, Math.ceil(clients / ACCEPTS_PER_MS)),
  helloTimeout: 10_000,
  slowTimeout: 30_000,
  pollTimeout: 25_000,
  bodyTimeout: 10_000,
  renewBefore: 30_000,
  renewGrace: 5_000,
  codecs: [],
  sessions: null,
  clock: realClock,
  random: strongRandom,
}

function defined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T
}

function mustBeCount(name: string, value: unknown): void {
  if (typeof value === 'number' && (!Number.isFinite(value) || value < 0))
    throw new HoldfastError('bad-option', `Option ${name} is ${value}; it must be a number from 0 up.`)
}

/** Fills in defaults. Throws `bad-option` for numbers that cannot mean anything. */
export function settle(options: ServerOptions): Settings {
  const { limits, ...rest } = options
  const bounds = { ...LIMITS, ...defined(limits ?? {}) }
  const settings = { ...DEFAULTS, ...defined(rest) }
  for (const [name, value] of [...Object.entries(settings), ...Object.entries(bounds)]) mustBeCount(name, value)
  return {
    ...settings,
    log: options.log ?? memoryLog({ now: settings.clock.now }),
    limits: { received: bounds.message + 64 * KIB, ...bounds },
  }
}
