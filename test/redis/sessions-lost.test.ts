// What becomes of sessions when Redis dies, goes back in time, fails over, or has replicas that lag.
import type { Claimed } from '@holdfast/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drive, messages, type Driven } from '../server/store-driver.ts'
import { startRedis, type RedisServer } from './redis-server.ts'
import { createStores } from './stores.ts'

let redis: RedisServer
/** Keeps all that it has confirmed. */
let durable: RedisServer
const stores = createStores(() => redis)
const durables = createStores(() => durable)
beforeAll(async () => {
  redis = await startRedis()
  durable = await startRedis({ appendOnly: true })
}, 300_000)
afterAll(async () => {
  await redis.close()
  await durable.close()
})

/** Two messages taken in, the first of which is handled. */
async function begin(a: Driven): Promise<void> {
  await a.create()
  await a.write(a.first, { taken: messages(1, 2), finished: messages(1, 1) })
}
/** When Redis can be reached again. */
async function back({ store }: Driven): Promise<void> {
  await expect
    .poll(() =>
      store.find('none', null).then(
        () => 'back',
        () => 'away',
      ),
    )
    .toBe('back')
}
const GONE = { state: 'gone', handled: 1, results: messages(1, 1) }

describe('a Redis that is killed, and has everything when it is back', () => {
  test('is not believed: a session from before is gone, with what was handled; new ones are kept', async () => {
    const { open } = durables.place()
    const [a, b] = [drive(open()), drive(open())]
    await begin(a)
    await durable.kill()
    await durable.start()
    await Promise.all([back(a), back(b)])
    expect(await a.write(a.first, { version: 2, taken: messages(3, 3) })).toEqual({ state: 'lost' })
    expect(await a.store.touch([['s', a.first]])).toEqual(['s'])
    expect(await a.store.seize('s', a.first, [])).toEqual({ state: 'lost' })
    expect(await b.claim()).toEqual(GONE)
    expect(await a.store.find('s', null)).toBeNull()
    const next = drive(b.store, 'next')
    await next.create()
    expect(await drive(a.store, 'next').claim()).toMatchObject({ state: 'claimed' })
  })

  test('a handler that finishes afterwards is told of by the tombstone', async () => {
    const { open } = durables.place()
    const [a, b] = [drive(open()), drive(open())]
    await begin(a)
    await durable.kill()
    await durable.start()
    await Promise.all([back(a), back(b)])
    expect(await a.write(a.first, { version: 2, finished: messages(2, 2) })).toEqual({ state: 'lost' })
    expect(await b.claim()).toEqual({ state: 'gone', handled: 2, results: messages(1, 2) })
  })

  test('is believed when it is said to be durable: sessions go on', async () => {
    const { open } = durables.place()
    const [a, b] = [drive(open({ durable: true })), drive(open({ durable: true }))]
    await begin(a)
    await durable.kill()
    const lost = a.write(a.first, { version: 2, taken: messages(3, 3) }).catch(() => 'rejected')
    await durable.start()
    await Promise.all([lost, back(a), back(b)])
    expect(await a.write(a.first, { version: 2, taken: messages(3, 3) })).toEqual({ state: 'written' })
    expect(await a.store.touch([['s', a.first]])).toEqual([])
    expect(await b.store.isAlive(a.store.node)).toBe(true)
    expect(await b.claim()).toMatchObject({ state: 'claimed', received: 3, handled: 1, results: messages(1, 1) })
  })
})

describe.each([{ durable: false }, { durable: true }])('a Redis that goes back in time, with %j', (options) => {
  test('a session is gone with what was handled then, and its holder learns that it has lost it', async () => {
    const { open } = stores.place()
    const [a, b] = [drive(open(options)), drive(open(options))]
    await begin(a)
    await redis.save()
    redis.backUp()
    await a.write(a.first, { version: 2, taken: messages(3, 3), finished: messages(2, 2) })
    await redis.kill()
    redis.restore()
    await redis.start()
    await Promise.all([back(a), back(b)])
    expect(await a.write(a.first, { version: 3, taken: messages(4, 4) })).toEqual({ state: 'lost' })
    expect(await b.claim()).toEqual(GONE)
  })
})

test('a Redis that is wiped knows of no session, and takes new ones', async () => {
  const a = drive(stores.place().open())
  await begin(a)
  await redis.call('FLUSHALL')
  expect(await a.claim()).toEqual({ state: 'unknown' })
  expect(await a.write(a.first, { version: 2 })).toEqual({ state: 'lost' })
  await a.create()
  expect(await a.claim()).toMatchObject({ state: 'claimed', received: 0 })
})

test('a Redis that failed over and back is not believed, though it never stopped', async () => {
  const other = await startRedis({ replicaOf: redis })
  try {
    // Confirmed, so that the other one has it as well.
    const { open } = stores.place()
    const a = drive(open({ replicas: 1 }))
    await begin(a)
    const run = async (): Promise<unknown> => /run_id:\w+/.exec(String(await redis.call('INFO', 'server')))?.[0]
    const before = await run()
    await other.call('REPLICAOF', 'NO', 'ONE')
    await redis.call('REPLICAOF', '127.0.0.1', new URL(other.url).port)
    await expect.poll(async () => String(await redis.call('INFO', 'replication'))).toContain('master_link_status:up')
    await redis.call('REPLICAOF', 'NO', 'ONE')
    expect(await run()).toBe(before)
    await back(a)
    const b = drive(open())
    await expect.poll(() => b.claim().catch(() => null)).toEqual(GONE)
  } finally {
    await other.close()
  }
})

describe('replicas', () => {
  let replica: RedisServer
  beforeAll(async () => {
    replica = await startRedis({ replicaOf: redis })
  }, 300_000)
  afterAll(() => replica.close())

  test('have what is confirmed', async () => {
    const { prefix, open } = stores.place()
    const a = drive(open({ replicas: 1 }))
    expect(a.store.level).toBe('replicated')
    await a.create()
    // Many at once: they share what is asked of the replicas.
    const sessions = Array.from({ length: 20 }, (_, i) => drive(a.store, `s${i}`))
    const written = sessions.map(async (each) => {
      await each.create()
      return each.write(each.first, { taken: messages(1, 2), finished: messages(1, 1) })
    })
    for (const { state } of await Promise.all(written)) expect(state).toBe('written')
    for (const [i] of sessions.entries())
      expect(await replica.call('HGET', `${prefix}:session:{s${i}}:results`, '1')).toBe('t"1"')
  })

  test('that stand still keep everything unconfirmed that tells of results, and hold up nothing else', async () => {
    const { open } = stores.place()
    const options = { replicas: 1, timeout: 300 }
    const [a, b] = [drive(open(options)), drive(open(options))]
    await Promise.all([begin(a), drive(b.store, 'other').create()])
    replica.pause()
    try {
      const batch = { version: 2, finished: messages(2, 2) }
      const refused = { name: 'RedisError', code: 'unavailable' }
      const write = a.write(a.first, batch)
      expect(await a.store.find('s', null)).toMatchObject({ incarnation: 1 })
      await expect(write).rejects.toMatchObject(refused)
      await expect(b.claim()).rejects.toMatchObject(refused)
      await expect(a.write(a.first, batch)).rejects.toMatchObject(refused)
    } finally {
      replica.resume()
    }
    const claim = async (incarnation: number): Promise<Claimed | null> => b.claimed({ incarnation }).catch(() => null)
    let incarnation = 2
    await expect.poll(() => claim(++incarnation)).toMatchObject({ handled: 2, results: messages(1, 2) })
  })

  test('a write that was not confirmed is confirmed when it is made again', async () => {
    const a = drive(stores.place().open({ replicas: 1, timeout: 300 }))
    await begin(a)
    const batch = { version: 2, finished: messages(2, 2) }
    replica.pause()
    try {
      await expect(a.write(a.first, batch)).rejects.toMatchObject({ code: 'unavailable' })
    } finally {
      replica.resume()
    }
    await expect.poll(() => a.write(a.first, batch).catch(() => null)).toEqual({ state: 'written' })
    await expect.poll(() => a.claim({ mine: a.first }).catch(() => null)).toMatchObject({ handled: 2, version: 3 })
  })

  test('fewer than asked for confirm nothing', async () => {
    const a = drive(stores.place().open({ replicas: 2, timeout: 200 }))
    await a.create()
    await expect(a.write(a.first, {})).rejects.toThrow('1 of 2 replicas')
  })
})

test('a cluster that is killed and comes back takes sessions again, and those from before are gone', async () => {
  const cluster = await startRedis({ cluster: true, appendOnly: true })
  try {
    const { open } = stores.place()
    const a = drive(open({ url: [cluster.url], timeout: 1_000 }))
    await begin(a)
    await cluster.kill()
    await expect(a.write(a.first, { version: 2, taken: messages(3, 3) })).rejects.toMatchObject({ code: 'unavailable' })
    await cluster.start()
    await back(a)
    await expect.poll(() => a.claim().catch(() => null)).toEqual(GONE)
    const next = drive(a.store, 'next')
    await next.create()
    expect(await next.claim()).toMatchObject({ state: 'claimed' })
    expect(await a.store.tell(a.store.node, 'x')).toBe(true)
    const strict = drive(open({ url: [cluster.url], timeout: 200, replicas: 1 }), 'strict')
    await strict.create()
    await expect(strict.write(strict.first, {})).rejects.toThrow('0 of 1 replicas')
  } finally {
    await cluster.close()
  }
})
