// The log in Redis against a real Redis: the contract of every log, then what only a store that can vanish or go back in time does.
import { redisLog, RedisError, type RedisLogOptions } from '@holdfast/redis'
import type { AppendedEntry, Log } from '@holdfast/server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { testLog } from '../server/log-conformance.ts'
import { startRedis, type RedisServer } from './redis-server.ts'

const PAGE = { events: 1_000, bytes: 1_000_000 }
let redis: RedisServer
const logs: Log[] = []
let made = 0

beforeAll(async () => {
  redis = await startRedis()
}, 300_000)
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close?.()
})
afterAll(() => redis.close())

/** Errors of connections are expected where Redis is killed. */
function open(options: Partial<RedisLogOptions> = {}): Log {
  const log = redisLog({ url: redis.url, prefix: `test${made}`, onError: () => {}, ...options })
  logs.push(log)
  return log
}
/** A log with topics of its own. */
const openNew = (options: Partial<RedisLogOptions> = {}): Log => open({ prefix: `test${++made}`, ...options })

async function fill(log: Log, topic: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await log.append(topic, `"${n}"`)
}

describe('keeps the contract of every log', () => {
  testLog(() => {
    const log = openNew()
    return {
      log,
      async trim(topic, upTo) {
        const { position } = await log.locate(topic, null)
        const keep = position[1] - upTo
        // Another node, with narrower bounds: looking is enough.
        await open(keep ? { maxMessages: keep } : { maxBytes: 1 }).locate(topic, null)
      },
    }
  })
})

describe('bounds', () => {
  test('by count, bytes and age, and what is dropped takes its dedupe id along', async () => {
    const log = openNew({ maxMessages: 3 })
    const first = await log.append('a', '"0"', { dedupe: 'x' })
    await fill(log, 'a', 3)
    expect((await log.append('a', '"again"', { dedupe: 'x' })).offset).toBe(5)
    const start = await log.locate('a', [first.epoch, 0, 0])
    expect(start.position[1]).toBe(2)
    const sized = openNew({ maxBytes: 100 })
    await sized.append('a', 'x'.repeat(80))
    await sized.append('a', 'y'.repeat(80))
    const { position } = await sized.locate('a', ['', 0, 0])
    expect(position[1]).toBe(1)
  })

  test('a topic leaves nothing behind when its time is over', async () => {
    const log = openNew({ maxAge: 1, quiet: 1 })
    await log.append('a', '"0"', { dedupe: 'x' })
    await expect.poll(() => redis.call('KEYS', `test${made}:*`)).toEqual([])
  })

  test('every key has a time to live, whichever way it came to be', async () => {
    const log = openNew()
    await log.locate('a', null)
    await log.append('a', '"0"')
    await log.append('a', '"1"', { dedupe: 'x' })
    const keys = (await redis.call('KEYS', `test${made}:*`)) as string[]
    expect(keys).toHaveLength(3)
    for (const key of keys) expect(await redis.call('PTTL', key)).toBeGreaterThan(1_000_000)
  })
})

describe('nodes', () => {
  test('append side by side: offsets without a hole, and all are told everything in order', async () => {
    const nodes = [openNew(), open(), open()]
    const told = nodes.map((node) => {
      const entries: AppendedEntry[] = []
      node.watch('a', (entry) => entries.push(entry))
      return entries
    })
    for (const node of nodes) await node.locate('a', null)
    await Promise.all(nodes.map((node) => fill(node, 'a', 50)))
    for (const entries of told) {
      await expect.poll(() => entries.length).toBe(150)
      expect(entries.map(({ offset }) => offset)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1))
    }
  })

  test('the same dedupe id from all of them at once is one entry', async () => {
    const nodes = [openNew(), open(), open()]
    const offsets = await Promise.all(nodes.map(async (node) => (await node.append('a', '1', { dedupe: 'x' })).offset))
    expect(offsets).toEqual([1, 1, 1])
  })

  test('whatever a topic is called, it has a log of its own', async () => {
    const log = openNew()
    const topics = ['a', '{a}', '}', '{', '%7D', 'a:log', 'ü 漢', '~session:x']
    for (const topic of topics) expect((await log.append(topic, '1')).offset).toBe(1)
  })
})

test('in a cluster all of a topic is in one place, and who watches is told', async () => {
  const cluster = await startRedis({ cluster: true })
  try {
    const log = redisLog({ url: [cluster.url], onError: () => {} })
    logs.push(log)
    const told: AppendedEntry[] = []
    for (const topic of ['a', 'b', '{c}']) {
      log.watch(topic, (entry) => told.push(entry))
      const { position } = await log.locate(topic, null)
      await log.append(topic, '"1"', { dedupe: 'x' })
      expect((await log.read(topic, position, PAGE))?.entries).toMatchObject([{ offset: 1, data: '"1"' }])
    }
    await expect.poll(() => told.length).toBe(3)
  } finally {
    await cluster.close()
  }
})

describe('a Redis that fails', () => {
  test('calls are rejected in time while it is away, and go on when it is back; who watches is told to look', async () => {
    const log = openNew({ timeout: 500 })
    const told: AppendedEntry[] = []
    log.watch('a', (entry) => told.push(entry))
    await log.locate('a', null)
    await log.append('a', '"0"')
    await expect.poll(() => told.length).toBe(1)
    await redis.save()
    await redis.kill()
    await expect(log.append('a', '"1"')).rejects.toMatchObject({ name: 'RedisError', code: 'unavailable' })
    await expect(log.locate('a', null)).rejects.toBeInstanceOf(RedisError)
    await redis.start()
    await expect.poll(() => told.at(-1)?.epoch).toBe('')
    await expect.poll(() => log.append('a', '"2"')).toMatchObject({ offset: 2 })
    await expect.poll(() => told.at(-1)).toMatchObject({ offset: 2, data: '"2"' })
  })

  test('its tail lost: positions beyond it are rolled back, also when other entries have their offsets again', async () => {
    const log = openNew({ timeout: 500 })
    await fill(log, 'a', 3)
    const kept = (await log.locate('a', null)).position
    await redis.save()
    redis.backUp()
    await fill(log, 'a', 3)
    const lost = (await log.locate('a', null)).position
    await redis.kill()
    redis.restore()
    await redis.start()
    await expect.poll(() => log.locate('a', lost)).toMatchObject({ rolledBack: true })
    expect(await log.locate('a', kept)).toEqual({ position: kept, rolledBack: false })
    await fill(log, 'a', 3)
    expect((await log.locate('a', null)).position[1]).toBe(lost[1])
    expect(await log.read('a', lost, PAGE)).toBeNull()
    expect(await log.locate('a', lost)).toMatchObject({ rolledBack: true })
    expect((await log.read('a', kept, PAGE))?.entries).toHaveLength(3)
  })

  test('what waits for Redis to be back is told apart from what it lost, though it takes the same offset', async () => {
    const log = openNew()
    await fill(log, 'a', 3)
    await redis.save()
    redis.backUp()
    const lost = await log.append('a', '"lost"')
    await redis.kill()
    redis.restore()
    const waiting = log.append('a', '"new"')
    await redis.start()
    const next = await waiting
    expect(next).toMatchObject({ epoch: lost.epoch, offset: lost.offset })
    expect(next.check).not.toBe(lost.check)
  })

  test('everything lost: another epoch', async () => {
    const log = openNew()
    const before = await log.append('a', '1')
    await redis.call('FLUSHALL')
    const after = await log.append('a', '1')
    expect(after.offset).toBe(1)
    expect(after.epoch).not.toBe(before.epoch)
    expect(await log.locate('a', [before.epoch, 1, before.check])).toMatchObject({ rolledBack: false })
  })

  test('only the entries evicted: no position counts as kept, and offsets go on', async () => {
    const log = openNew()
    await fill(log, 'a', 3)
    const top = (await log.locate('a', null)).position
    await redis.call('DEL', `test${made}:{a}:log`)
    expect(await log.locate('a', top)).toMatchObject({ rolledBack: true })
    expect((await log.append('a', '1')).offset).toBe(4)
  })

  test('after close() calls are rejected, and nothing is left open', async () => {
    const log = openNew()
    await log.append('a', '1')
    await log.close?.()
    await expect(log.append('a', '2')).rejects.toMatchObject({ code: 'closed' })
  })
})

test.each([
  [{ url: 'http://localhost' }, 'url'],
  [{ url: [] }, 'url'],
  [{ url: 'redis://localhost', prefix: 'a{b}' }, 'prefix'],
  [{ url: 'redis://localhost', maxAge: -1 }, 'maxAge'],
])('refuses %j, and says which option', (options, named) => {
  expect(() => redisLog(options)).toThrow(
    expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(named) }) as Error,
  )
})
