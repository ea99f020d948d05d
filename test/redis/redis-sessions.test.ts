// Sessions in Redis against a real Redis: the contract of every store, then what only one does that can vanish, lag or go back in time.
import { redisSessions, type RedisSessionsOptions } from '@holdfast/redis'
import type { Packet } from '@holdfast/protocol'
import type { SessionStore } from '@holdfast/server'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { KEEP, testStore } from '../server/store-conformance.ts'
import { startRedis, type RedisServer } from './redis-server.ts'

let redis: RedisServer
const stores: SessionStore[] = []
let made = 0

beforeAll(async () => {
  redis = await startRedis()
}, 300_000)
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})
afterAll(() => redis.close())

/** Makes time go by for what is kept below a prefix: every key has so much less to live, and every instant is so much longer ago. */
const PASS = `
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
  local left = redis.call('PTTL', key) - ARGV[2]
  if left <= 0 then
    redis.call('DEL', key)
  else
    redis.call('PEXPIRE', key, left)
    if redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, 'endsAt') == 1 then
      redis.call('HINCRBY', key, 'endsAt', -ARGV[2])
    end
    local history, at, lease = string.match(redis.call('TYPE', key).ok == 'string' and redis.call('GET', key) or '', '^(%w+) (%d+) (%d+)$')
    if lease then redis.call('SET', key, history .. ' ' .. string.format('%.0f', at - ARGV[2]) .. ' ' .. lease, 'KEEPTTL') end
  end
end`

/** A node, which has joined. Errors of connections are expected where Redis is killed. */
function open(options: Partial<RedisSessionsOptions> = {}, told: (message: Packet) => void = () => {}): SessionStore {
  const store = redisSessions({ url: redis.url, prefix: `test${made}`, onError: () => {}, ...options })
  store.join({ told }, KEEP)
  stores.push(store)
  return store
}

describe('keeps the contract of every store', () => {
  testStore(() => {
    const prefix = `test${++made}`
    return {
      open: (told) => open({ prefix }, told),
      pass: async (ms) => void (await redis.call('EVAL', PASS, '0', prefix, String(ms))),
    }
  })
})
