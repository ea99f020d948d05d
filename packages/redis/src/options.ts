import type { RedisOptions } from 'ioredis'
import { RedisLogError } from './errors.ts'

/** Options of `redisLog()`. */
export interface RedisLogOptions {
  /** `redis://` or `rediss://` URL of the server; a list names nodes of one cluster, of which the others are found. */
  url: string | readonly string[]
  /** More for each connection: credentials, TLS, Sentinel. See ioredis. How commands are retried is not up to it. */
  redis?: RedisOptions
  /** Begins every key and channel, and separates applications that share a Redis. @default 'holdfast' */
  prefix?: string
  /** Most entries kept per topic. @default 10_000 */
  maxMessages?: number
  /** Most bytes kept per topic. @default 8 MiB */
  maxBytes?: number
  /** Longest time an entry is kept, in ms; older ones go with the next one appended. @default 3_600_000 */
  maxAge?: number
  /** How long a topic is remembered that nobody uses, in ms, beyond `maxAge`. @default 3_600_000 */
  quiet?: number
  /** How long a call waits for Redis before it is rejected with `unavailable`, in ms. @default 5_000 */
  timeout?: number
  /** Told once each time that a connection is lost or not to be had; it is tried again by itself. @default a warning of the process */
  onError?: (error: Error) => void
}

export type Settings = Required<Omit<RedisLogOptions, 'url'>> & { urls: readonly string[]; isCluster: boolean }

const MIB = 1_048_576

/** Throws `bad-option`. */
export function settle(options: RedisLogOptions): Settings {
  const { url, ...rest } = options
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const settings: Settings = {
    redis: {},
    prefix: 'holdfast',
    maxMessages: 10_000,
    maxBytes: 8 * MIB,
    maxAge: 3_600_000,
    quiet: 3_600_000,
    timeout: 5_000,
    onError: (error) => process.emitWarning(error),
    ...given,
    urls: [url].flat(),
    isCluster: Array.isArray(url),
  }
  if (!settings.urls.length || !settings.urls.every((each) => /^rediss?:\/\//.test(each)))
    throw new RedisLogError('bad-option', 'url: give a redis:// or rediss:// URL, or those of the nodes of a cluster')
  if (/[{}]/.test(settings.prefix))
    throw new RedisLogError('bad-option', 'prefix: no braces, they decide where a cluster keeps a key')
  for (const name of ['maxMessages', 'maxBytes', 'maxAge', 'quiet', 'timeout'] as const)
    if (!(Number.isSafeInteger(settings[name]) && settings[name] > 0))
      throw new RedisLogError('bad-option', `${name}: give a whole number above 0, not ${String(settings[name])}`)
  return settings
}
