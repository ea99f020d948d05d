import type { RedisOptions } from 'ioredis'
import { RedisError } from './errors.ts'

/** Where Redis is, and how long it is waited for. */
export interface RedisConnectionOptions {
  /** `redis://` or `rediss://` URL of the server; a list names nodes of one cluster, of which the others are found. */
  url: string | readonly string[]
  /** More for each connection: credentials, TLS, Sentinel. See ioredis. How commands are retried is not up to it. */
  redis?: RedisOptions
  /** Begins every key and channel, and separates applications that share a Redis. @default 'holdfast' */
  prefix?: string
  /** How long a call waits for Redis before it is rejected with `unavailable`, in ms. @default 5_000 */
  timeout?: number
  /** Told once each time that a connection is lost or not to be had; it is tried again by itself. @default a warning of the process */
  onError?: (error: Error) => void
}

/** Options of `redisLog()`. */
export interface RedisLogOptions extends RedisConnectionOptions {
  /** Most entries kept per topic. @default 10_000 */
  maxMessages?: number
  /** Most bytes kept per topic. @default 8 MiB */
  maxBytes?: number
  /** Longest time an entry is kept, in ms; older ones go with the next one appended. @default 3_600_000 */
  maxAge?: number
  /** How long a topic is remembered that nobody uses, in ms, beyond `maxAge`. @default 3_600_000 */
  quiet?: number
}

/** Options of `redisSessions()`. */
export interface RedisSessionsOptions extends RedisConnectionOptions {
  /** How long a node that shows no life is waited for before others may take over what it was handling, in ms. @default 10_000 */
  lease?: number
  /** How many replicas must have what is recorded before anything is acknowledged; the level is `replicated` then. @default 0 */
  replicas?: number
  /**
   * Whether Redis still has all that it has confirmed after a restart or a failover. If it may not, sessions that it has from before are not taken up again, but
   * tell what was handled. @default false
   */
  durable?: boolean
}

export type ConnectionSettings = Required<Omit<RedisConnectionOptions, 'url'>> & {
  urls: readonly string[]
  isCluster: boolean
}
export type LogSettings = ConnectionSettings & Required<Omit<RedisLogOptions, 'url'>>
export type SessionSettings = ConnectionSettings & Required<Omit<RedisSessionsOptions, 'url'>>

const MIB = 1_048_576
const LOG = { maxMessages: 10_000, maxBytes: 8 * MIB, maxAge: 3_600_000, quiet: 3_600_000 }
const SESSIONS = { lease: 10_000, replicas: 0, durable: false }

/** `least`: of each option that is a whole number. */
function settle<T extends object>(
  { url, ...rest }: RedisConnectionOptions,
  defaults: T,
  least: Readonly<Record<string, number>>,
): ConnectionSettings & T {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const settings: ConnectionSettings & T = {
    redis: {},
    prefix: 'holdfast',
    timeout: 5_000,
    onError: (error) => process.emitWarning(error),
    ...defaults,
    ...given,
    urls: [url].flat(),
    isCluster: Array.isArray(url),
  }
  if (!settings.urls.length || !settings.urls.every((each) => /^rediss?:\/\//.test(each)))
    throw new RedisError('bad-option', 'url: give a redis:// or rediss:// URL, or those of the nodes of a cluster')
  if (/[{}]/.test(settings.prefix))
    throw new RedisError('bad-option', 'prefix: no braces, they decide where a cluster keeps a key')
  for (const [name, lowest] of Object.entries({ timeout: 1, ...least })) {
    const value: unknown = Reflect.get(settings, name)
    if (!(Number.isSafeInteger(value) && (value as number) >= lowest))
      throw new RedisError('bad-option', `${name}: give a whole number, at least ${lowest}, not ${String(value)}`)
  }
  return settings
}

/** Throws `bad-option`. */
export const settleLog = (options: RedisLogOptions): LogSettings =>
  settle(options, LOG, { maxMessages: 1, maxBytes: 1, maxAge: 1, quiet: 1 })

/** Throws `bad-option`. */
export const settleSessions = (options: RedisSessionsOptions): SessionSettings =>
  settle(options, SESSIONS, { lease: 3, replicas: 0 })
