/** A connection to Redis, or to a cluster: commands go out only while it stands, and none is ever sent twice. */
import { createHash } from 'node:crypto'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { RedisError, unavailable } from './errors.ts'
import type { ConnectionSettings } from './options.ts'

/** A script and the name under which Redis knows it. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

export const createScript = (lua: string): Script => ({ lua, sha: createHash('sha1').update(lua).digest('hex') })

type Arguments = readonly (string | Buffer)[]

export interface Connection {
  readonly client: Redis | Cluster
  /** Resolves while it stands, at once or within the timeout. Rejects with `unavailable` or `closed`. */
  ready(): Promise<void>
  /** Replies as buffers. `args` is asked when the command goes out, on the connection it goes out on. */
  run(script: Script, keys: readonly string[], args: () => Arguments): Promise<unknown>
  /** A command, in the order in which they are made while it stands. */
  command(name: string, ...args: Arguments): Promise<unknown>
  close(): void
}

/** A command whose connection is lost may have been carried out: its caller learns that, and decides. */
const ONCE: RedisOptions = { autoResendUnfulfilledCommands: false }
const NOT_QUEUED = { maxRetriesPerRequest: 0, enableOfflineQueue: false }

function open({ urls, isCluster, redis, timeout }: ConnectionSettings, more: RedisOptions): Redis | Cluster {
  // Where answers are due and nothing comes, the other end is gone, or stuck.
  const options: RedisOptions = { ...redis, socketTimeout: timeout, ...more, ...ONCE }
  if (!isCluster) return new Redis(urls[0]!, { ...options, ...NOT_QUEUED })
  // What a cluster asks its nodes about itself has to be queued until they are connected.
  return new Cluster([...urls], { redisOptions: options, enableOfflineQueue: false, retryDelayOnFailover: 0 })
}

/** `onReady` is called each time that the connection stands (again). */
export function createConnection(settings: ConnectionSettings, more: RedisOptions, onReady: () => void): Connection {
  const { timeout, onError } = settings
  const client = open(settings, more)
  /** Who waits for the connection to stand. */
  let waiting: { promise: Promise<void>; end: (error?: RedisError) => void } | null = null
  let isClosed = false

  let isKnownLost = false
  client.on('error', (error) => {
    // Every attempt finds the same.
    if (!isKnownLost) onError(error)
    isKnownLost = true
  })
  client.on('ready', () => {
    isKnownLost = false
    waiting?.end()
    onReady()
  })

  function wait(): Promise<void> {
    if (waiting) return waiting.promise
    if (isClosed) return Promise.reject(closed())
    let end!: (error?: RedisError) => void
    const promise = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => end(unavailable('no connection in time')), timeout)
      end = (error) => {
        clearTimeout(late)
        waiting = null
        if (error) reject(error)
        else resolve()
      }
    })
    waiting = { promise, end }
    return promise
  }
  async function ready(): Promise<void> {
    if (isClosed || client.status !== 'ready') await wait()
  }

  async function send(name: string, args: () => Arguments): Promise<unknown> {
    await ready()
    for (;;) {
      try {
        return await client.callBuffer(name, ...args())
      } catch (error) {
        if (!String(error).includes("Stream isn't writeable")) throw error
        // Its end has not been noticed yet; the command has not gone out.
        await wait()
      }
    }
  }

  return {
    client,
    ready,
    async run({ lua, sha }, keys, args) {
      const rest = (): Arguments => [String(keys.length), ...keys, ...args()]
      try {
        return await send('EVALSHA', () => [sha, ...rest()])
      } catch (error) {
        if (!String(error).includes('NOSCRIPT')) throw refused(error)
      }
      return send('EVAL', () => [lua, ...rest()]).catch((error: unknown) => Promise.reject(refused(error)))
    },
    command: (name, ...args) => send(name, () => args).catch((error: unknown) => Promise.reject(refused(error))),
    close() {
      isClosed = true
      waiting?.end(closed())
      client.disconnect()
    },
  }
}

const closed = (): RedisError => new RedisError('closed', 'it has been closed')

const refused = (error: unknown): RedisError =>
  error instanceof RedisError ? error : unavailable('a command failed', error)
