// Sessions in Redis against a real Redis: the contract of every store, and what goes with Redis's own ways.
import { redisSessions } from '@holdfast/redis'
import { faultProxy } from '@holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testStore } from '../server/store-conformance.ts'
import { drive, KEEP, messages } from '../server/store-driver.ts'
import { startRedis, type RedisServer } from './redis-server.ts'
import { createStores } from './stores.ts'

let redis: RedisServer
const stores = createStores(() => redis)
beforeAll(async () => {
  redis = await startRedis()
}, 300_000)
afterAll(() => redis.close())

describe('keeps the contract of every store', () => {
  testStore(() => {
    const { prefix, open } = stores.place()
    return { open: (told) => open({}, told), pass: (ms) => stores.pass(prefix, ms) }
  })
})

describe('in a cluster', () => {
  let cluster: RedisServer
  const clustered = createStores(() => cluster)
  beforeAll(async () => {
    cluster = await startRedis({ cluster: true })
  }, 300_000)
  afterAll(() => cluster.close())

  testStore(() => {
    const { prefix, open } = clustered.place()
    return { open: (told) => open({ url: [cluster.url] }, told), pass: (ms) => clustered.pass(prefix, ms) }
  })

  test('all of a session is in one place', async () => {
    const a = drive(clustered.place().open({ url: [cluster.url] }), 'with {braces}')
    await a.create()
    await a.write(a.first, { taken: messages(1, 2), finished: messages(1, 1) })
    expect(await a.claimed({ mine: a.first })).toMatchObject({ pending: [{ serial: 2 }], results: messages(1, 1) })
  })
})

describe('scripts that Redis does not know', () => {
  test('are given to it again, and no call overtakes another', async () => {
    const a = drive(stores.place().open())
    await a.create()
    const written = []
    for (let version = 1; version <= 30; version++) {
      const flush = redis.call('SCRIPT', 'FLUSH')
      written.push(a.write(a.first, { version, taken: messages(version, version) }))
      if (version % 3 === 0) await flush
    }
    for (const { state } of await Promise.all(written)) expect(state).toBe('written')
    expect(await a.claimed({ mine: a.first })).toMatchObject({ received: 30, version: 31 })
  })
})

describe('a slow connection', () => {
  test('keeps calls of a session in order, and answers each', async () => {
    const proxy = await faultProxy({ target: Number(new URL(redis.url).port) })
    try {
      proxy.rule({ fault: 'delay', latency: 5, jitter: 20 })
      const a = drive(stores.place().open({ url: `redis://127.0.0.1:${proxy.port}` }))
      const calls = [
        a.create(),
        a.write(a.first, { taken: messages(1, 2) }),
        a.store.detach('s', a.first, { code: 4200, reason: 'later' }),
        a.store.find('s', 'proof'),
        a.claim({ mine: a.first }),
        a.store.find('s', 'proof'),
      ]
      const [, written, , before, claimed, after] = await Promise.all(calls)
      expect([written, before, claimed, after]).toMatchObject([
        { state: 'written' },
        { incarnation: 1, farewell: { code: 4200 } },
        { state: 'claimed', received: 2 },
        { incarnation: 2, farewell: null },
      ])
    } finally {
      await proxy.close()
    }
  })

  test('that says nothing any more is given up in time, and a write that it had got takes effect once', async () => {
    const a = drive(stores.place().open({ timeout: 300 }))
    await a.create()
    const batch = { taken: messages(1, 3), finished: messages(1, 1) }
    redis.pause()
    try {
      await expect(a.write(a.first, batch)).rejects.toMatchObject({ name: 'RedisError', code: 'unavailable' })
    } finally {
      redis.resume()
    }
    await expect.poll(() => a.write(a.first, batch).catch(() => null)).toEqual({ state: 'written' })
    expect(await a.claimed({ mine: a.first })).toMatchObject({ version: 2, received: 3, handled: 1 })
  })
})

describe('what is left behind', () => {
  test('is nothing: every key has a time to live, which ends with the tombstone', async () => {
    const { prefix, open } = stores.place()
    const store = open()
    const [plain, busy, dead] = ['plain', 'busy', 'dead'].map((id) => drive(store, id))
    for (const each of [plain!, busy!, dead!]) {
      await each.create()
      await each.write(each.first, { taken: messages(1, 4), inboxes: 'x' })
      await each.write(each.first, { version: 2, finished: messages(1, 2), released: [3] })
    }
    await busy!.claim({ settled: 1, mine: busy!.first })
    await store.touch([['busy', busy!.first]])
    await store.put('x', 'y', 1_000)
    await dead!.store.bury('dead', dead!.first, { code: 4001, reason: 'put out' })
    await dead!.write(dead!.first, { version: 3, finished: messages(3, 3) })
    const keys = (await redis.call('KEYS', `${prefix}:*`)) as string[]
    // Three of each session, the node, and what was put.
    expect(keys).toHaveLength(3 * 3 + 2)
    for (const key of keys) {
      const left = Number(await redis.call('PTTL', key))
      expect(left).toBeGreaterThan(0)
      // A node is remembered for a lease longer than its sessions.
      const most = key.includes('dead') ? KEEP.tombstone : KEEP.window + KEEP.tombstone + 10_000
      expect(left).toBeLessThanOrEqual(most)
    }
    await store.close()
    await stores.pass(prefix, KEEP.window + KEEP.tombstone)
    expect(await redis.call('KEYS', `${prefix}:*`)).toEqual([])
  })

  test('is nothing of a session that ended', async () => {
    const { prefix, open } = stores.place()
    const a = drive(open())
    await a.create()
    await a.write(a.first, { taken: messages(1, 4), finished: messages(1, 1) })
    await a.store.end('s', 1)
    await a.store.close()
    expect(await redis.call('KEYS', `${prefix}:*`)).toEqual([])
  })

  test('is a session whose parts were evicted to nobody: it is unknown, rather than wrong', async () => {
    const { prefix, open } = stores.place()
    for (const part of ['pending', 'results']) {
      const a = drive(open(), part)
      await a.create()
      await a.write(a.first, { taken: messages(1, 2), finished: messages(1, 1) })
      await redis.call('DEL', `${prefix}:session:{${part}}:${part}`)
      expect(await a.claim()).toEqual({ state: 'unknown' })
      expect(await a.write(a.first, { version: 2 })).toEqual({ state: 'lost' })
    }
  })
})

describe('nodes', () => {
  test('are alive as long as they show it, and get their lease anew by themselves', async () => {
    const { prefix, open } = stores.place()
    const [a, b] = [drive(open({ lease: 300 })), open()]
    await a.create()
    await stores.pass(prefix, 299)
    await expect.poll(() => b.isAlive(a.store.node)).toBe(true)
    await stores.pass(prefix, 300)
    await expect.poll(() => b.isAlive(a.store.node)).toBe(true)
  })

  test('that cannot have shown life since Redis failed over have a lease from when they are asked for', async () => {
    const { prefix, open } = stores.place()
    await redis.call('SET', `${prefix}:node:{x}`, `0123456789abcdef 1 10000`, 'PX', '60000')
    const b = open()
    expect(await b.isAlive('x')).toBe(true)
    await stores.pass(prefix, 9_000)
    expect(await b.isAlive('x')).toBe(true)
    await stores.pass(prefix, 1_000)
    expect(await b.isAlive('x')).toBe(false)
  })

  test('are told again once they have their connection back', async () => {
    const { open } = stores.place()
    const told: unknown[] = []
    const [a, b] = [open(), drive(open({}, (message) => told.push(message)))]
    await b.create()
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await expect.poll(() => a.tell(b.store.node, 'back')).toBe(true)
    await expect.poll(() => told).toContain('back')
  })
})

test('after close() calls are rejected', async () => {
  const a = drive(stores.place().open())
  await a.create()
  await a.store.close()
  await expect(a.claim()).rejects.toMatchObject({ code: 'closed' })
  await expect(a.store.tell('x', 'y')).rejects.toMatchObject({ code: 'closed' })
})

test.each([
  [{ url: 'http://localhost' }, 'url'],
  [{ url: 'redis://localhost', prefix: 'a{b}' }, 'prefix'],
  [{ url: 'redis://localhost', lease: 0 }, 'lease'],
  [{ url: 'redis://localhost', replicas: -1 }, 'replicas'],
  [{ url: 'redis://localhost', timeout: 1.5 }, 'timeout'],
])('refuses %j, and says which option', (options, named) => {
  expect(() => redisSessions(options)).toThrow(
    expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(named) }) as Error,
  )
})
