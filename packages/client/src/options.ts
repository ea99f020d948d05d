/** Options of a client, documented, with their defaults in one place. */
import { fullJitter, type Backoff } from './backoff.ts'
import { realClock, type Clock } from './clock.ts'
import type { Dialect } from './dialect.ts'
import { browserSignals, isOnline } from './environment.ts'
import type { Signal } from './state.ts'
import { HoldfastError } from './errors.ts'
import type { Transport } from './transport.ts'

/** A credential, any JSON value; or a function, async or not, that is asked anew for each attempt and for each re-authentication. */
export type Auth = unknown

/** Options of `connect` and `createClient`. */
export interface ClientOptions {
  /** Ways to open a link, the preferred one first. Required here; `@holdfast/client/auto` presets all three. */
  transports: readonly Transport[]
  /**
   * Credential for the server's `authenticate`. A function may be async; if it throws, the attempt is repeated later, unless it throws
   * a `HoldfastError` with the code `auth-refused`: then the connection closes.
   * @default none
   */
  auth?: Auth
  /**
   * Separates connections to one URL. One connection is for one identity, and functions are not compared while a handle is open: where
   * another user may sign in without a reload, give the user's id.
   * @default ''
   */
  key?: string
  /** Connect at once, not at `connect()`. @default true */
  autoConnect?: boolean
  /** Delay before retry n in ms, or null to stop. @default fullJitter(1_000, 30_000) */
  backoff?: Backoff
  /** Overrides what the server announces: ms between beats, and grace for an answer. @default the server's (15_000, 5_000) */
  heartbeat?: { interval?: number; grace?: number }
  /** Limits of the phases of an attempt, ms. `open` grows to three times over the attempts. @default 10_000, 10_000, 8_000 */
  timeouts?: { authorize?: number; open?: number; join?: number }
  /** A link that lasted this long wipes the failures before it, ms; a shorter one counts as one more. @default 5_000 */
  minUptime?: number
  /**
   * The connection closes after more failures in a row than this. A link that ended before `minUptime` counts as one, although it was open.
   * @default Infinity
   */
  maxAttempts?: number
  /** How often to look for a better transport while on a lesser one, ms. @default 30_000 */
  reprobe?: number
  /**
   * Bounds of what is pending. Overflow: `reject` settles the new message as not-sent; `drop-oldest` the oldest unsent one; `wait` keeps
   * it beyond the bound, so that whoever awaits `send()` is slowed down.
   * @default 10_000 messages, 16 MiB, 'reject'
   */
  outbox?: { maxMessages?: number; maxBytes?: number; overflow?: 'reject' | 'drop-oldest' | 'wait' }
  /** What the server speaks; `plain()` is the default of `@holdfast/client/plain`. @default holdfast() */
  dialect?: Dialect
  /** Where faults go that nobody listens to. @default console */
  logger?: { error(error: unknown): void }
  /** How long a shared connection outlives its last handle, ms, for whoever comes with the same credential. @default 1_000 */
  linger?: number
  /** Time. For tests. @default the platform's monotonic clock */
  clock?: Clock
  /** Uniform in [0, 1). For tests. @default Math.random */
  random?: () => number
  /** Tells about the network and the page; returns the undo. @default the browser's events */
  environment?: (emit: (signal: Signal) => void) => () => void
}

/** Options with nothing left open. */
export interface Settings extends Required<
  Omit<ClientOptions, 'auth' | 'heartbeat' | 'timeouts' | 'outbox' | 'key' | 'autoConnect'>
> {
  auth: Auth
  heartbeat: { interval?: number; grace?: number }
  timeouts: { authorize: number; open: number; join: number }
  outbox: { maxMessages: number; maxBytes: number; overflow: 'reject' | 'drop-oldest' | 'wait' }
  online: () => boolean
}

/** Throws a `HoldfastError` (`bad-option`) naming the option. `dialect` is the one to fall back on. */
export function settle(options: ClientOptions, dialect?: Dialect): Settings {
  const { transports, timeouts, outbox } = options
  if (!transports?.length)
    throw new HoldfastError('bad-option', 'transports: none given. Pass [webSocket()], or import /auto.')
  for (const [name, value] of Object.entries({ ...options, ...timeouts, ...outbox }))
    // A NaN or a negative time would hang or spin somewhere far from here.
    if (typeof value === 'number' && !(value >= 0))
      throw new HoldfastError('bad-option', name + ': give a number from 0 up, not ' + value)
  return {
    backoff: fullJitter(),
    minUptime: 5000,
    maxAttempts: Infinity,
    reprobe: 30_000,
    logger: console,
    linger: 1000,
    clock: realClock,
    random: Math.random,
    online: isOnline,
    environment: browserSignals,
    heartbeat: {},
    dialect,
    ...given(options),
    timeouts: { authorize: 10_000, open: 10_000, join: 8000, ...given(timeouts) },
    outbox: { maxMessages: 10_000, maxBytes: 2 ** 24, overflow: 'reject', ...given(outbox) },
  } as unknown as Settings
}

/** For comparisons. What has no text (a logger may hold itself) compares as empty; a promise as nothing but itself. */
export function textOf(value: unknown): unknown {
  try {
    return (value as { then?: unknown } | null)?.then ? value : JSON.stringify(value)
  } catch {
    return ''
  }
}

/** Without what was passed as undefined, so that it does not hide a default. */
const given = (options: object = {}): object =>
  Object.fromEntries(Object.entries(options).filter((entry) => entry[1] !== undefined))
