/** Stores of sessions in a Redis of the test's own, each test in a place of its own there; all are closed after the test. */
import { redisSessions, type RedisSessionsOptions } from '@holdfast/redis'
import type { Packet } from '@holdfast/protocol'
import type { SessionStore } from '@holdfast/server'
import { afterEach } from 'vitest'
import { KEEP } from '../server/store-driver.ts'
import type { RedisServer } from './redis-server.ts'

type Open = (options?: Partial<RedisSessionsOptions>, told?: (message: Packet) => void) => SessionStore

export interface Stores {
  /** Where nothing is yet; nodes of one place share it. */
  place(): { prefix: string; open: Open }
  /** Makes time go by for a place: every key has so much less to live, and every instant is so much longer ago. */
  pass(prefix: string, ms: number): Promise<void>
}

const SESSION = `
if redis.call('HEXISTS', KEYS[1], 'endsAt') == 1 then redis.call('HINCRBY', KEYS[1], 'endsAt', -ARGV[1]) end`
const NODE = `
local history, at, lease = string.match(redis.call('GET', KEYS[1]), '^(%w+) (%d+) (%d+)$')
redis.call('SET', KEYS[1], history .. ' ' .. string.format('%.0f', at - ARGV[1]) .. ' ' .. lease, 'KEEPTTL')`

let made = 0

export function createStores(redis: () => RedisServer): Stores {
  const opened: SessionStore[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })
  return {
    place() {
      const prefix = `place${++made}`
      return {
        prefix,
        open(options = {}, told = () => {}) {
          // Errors of connections are expected where Redis is killed.
          const store = redisSessions({ url: redis().url, prefix, onError: () => {}, ...options })
          store.join({ told }, KEEP)
          opened.push(store)
          return store
        },
      }
    },
    async pass(prefix, ms) {
      const { call } = redis()
      for (const key of (await call('KEYS', `${prefix}:*`)) as string[]) {
        const left = Number(await call('PTTL', key)) - ms
        if (left <= 0) {
          await call('DEL', key)
          continue
        }
        await call('PEXPIRE', key, String(left))
        if ((await call('TYPE', key)) === 'hash') await call('EVAL', SESSION, '1', key, String(ms))
        else if (key.startsWith(`${prefix}:node:`)) await call('EVAL', NODE, '1', key, String(ms))
      }
    },
  }
}
