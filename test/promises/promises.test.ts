// The promises of the README, on each transport, through real cuts: real server, real sockets, Node.
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Client, Gap } from '@holdfast/client'
import { memoryLog, type Server } from '@holdfast/server'
import type { ProxyEvent } from '@holdfast/testing'
import { createWorld, seeded, transportNames, until, type TransportName, type World } from '../support/world.ts'

/** Links are cut faster than a link proves itself, so that retries would back off: kept short, for the test's time only. */
const hasty = { backoff: () => 20, minUptime: 0 }

let world: World
afterEach(() => world.close())

/** Cuts what is open, at random moments; each cut is known to have hit a link before the next one comes. */
async function cutAtRandom(times: number, seed: number, client: Client, transport: TransportName): Promise<void> {
  const random = seeded(seed)
  for (let n = 0; n < times; n++) {
    await client.ready()
    await delay(random() * 60)
    const since = world.proxy.mark()
    world.proxy.cut({ how: random() < 0.5 ? 'reset' : 'end' })
    // A poll that fails is repeated inside its link: the status need not change.
    if (transport === 'longPolling')
      await world.proxy.until({ type: 'request', kind: 'poll' }, { since, timeout: 20_000 })
    else await until(() => client.status !== 'open', 'the cut to be seen')
  }
}

describe.each(transportNames)('%s', (transport) => {
  test('1,000 numbered sends through 20 cuts: all acknowledged, each handled once, in order', async () => {
    const handled: number[] = []
    world = await createWorld({
      setUp: (server: Server) => void server.onMessage('up', (n) => void handled.push(n as number)),
    })
    const client = world.client(transport, hasty)
    let settled = 0
    const sends: Promise<unknown>[] = []
    const cutting = cutAtRandom(20, 7, client, transport)
    for (let n = 0; n < 1000; n++) {
      sends.push(client.send('up', n).then(() => settled++))
      if (n % 10 === 0) await delay(1)
    }
    await cutting
    await Promise.all(sends)
    expect(settled).toBe(1000)
    expect(handled).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  })

  test(
    '10,000 numbered messages down at 1,000/s through 20 cuts: each once, in order, no gap',
    { timeout: 60_000 },
    async () => {
      world = await createWorld()
      const client = world.client(transport, hasty)
      const seen: number[] = []
      const gaps: Gap[] = []
      client.on('gap', (gap) => gaps.push(gap))
      const subscription = client.subscribe('down', (n) => void seen.push(n as number))
      await subscription.ready
      const cutting = cutAtRandom(20, 11, client, transport)
      const start = performance.now()
      for (let n = 0; n < 10_000; n++) {
        if (n % 10 === 0) while (performance.now() - start < n) await delay(1)
        await world.server.publish('down', n)
      }
      await cutting
      await until(() => seen.length >= 10_000, 'the last message')
      expect(seen).toEqual(Array.from({ length: 10_000 }, (_, n) => n))
      expect(gaps).toEqual([])
    },
  )

  test('away longer than the log: one gap with the exact range, then everything newer', async () => {
    world = await createWorld({ log: memoryLog({ maxMessages: 100 }) })
    const client = world.client(transport, hasty)
    const heard: unknown[] = []
    client.on('gap', ({ topic, from, to }) => heard.push({ topic, from, to }))
    await client.subscribe('feed', (n) => void heard.push(n)).ready
    await world.server.publish('feed', 1)
    await until(() => heard.length === 1)
    world.proxy.down()
    await until(() => client.status !== 'open')
    for (let n = 2; n <= 501; n++) await world.server.publish('feed', n)
    await world.proxy.up()
    await until(() => heard.length >= 102)
    const newer = Array.from({ length: 100 }, (_, n) => n + 402)
    expect(heard).toEqual([1, { topic: 'feed', from: 2, to: 401 }, ...newer])
  })

  test('a request is answered by the value the handler returned', async () => {
    world = await createWorld({
      setUp: (server: Server) =>
        void server.onMessage('add', ((data: { a: number; b: number }) => data.a + data.b) as never),
    })
    const client = world.client(transport)
    expect(await client.request('add', { a: 2, b: 3 })).toBe(5)
  })

  test('half-open: a new link takes over; what the old one releases later changes nothing', async () => {
    const handled: number[] = []
    world = await createWorld({
      setUp: (server: Server) => void server.onMessage('up', (n) => void handled.push(n as number)),
    })
    const client = world.client(transport, hasty)
    const seen: unknown[] = []
    await client.subscribe('down', (n) => void seen.push(n)).ready
    await client.send('up', 1)
    // Of polls only the one that is open: idle connections of the pool would be reused for the new link.
    const latest = (): ProxyEvent | undefined =>
      world.proxy.events.findLast((event) => 'kind' in event && event.kind === 'poll')
    if (transport === 'longPolling') await until(() => latest()?.type === 'request', 'a poll to be open')
    const poll = latest()
    const aim = poll?.type === 'request' ? { connection: poll.connection } : {}
    const release = world.proxy.rule({ fault: 'hold', connections: 'existing', ...aim })
    const second = client.send('up', 2)
    await world.server.publish('down', 1)
    client.reconnect()
    await second
    await world.server.publish('down', 2)
    await until(() => seen.length === 2)
    release()
    await client.send('up', 3)
    expect(handled).toEqual([1, 2, 3])
    expect(seen).toEqual([1, 2])
    await until(() => world.server.stats().links === 1, 'the old link to be gone')
  })

  test('server restarted between transmission and ACK: sent again under the same id, marked', async () => {
    const handled: { n: unknown; id: string; redelivered: boolean }[] = []
    let hold = true
    world = await createWorld({
      setUp: (server: Server) =>
        void server.onMessage('up', (async (n: unknown, { id, redelivered }: { id: string; redelivered: boolean }) => {
          handled.push({ n, id, redelivered })
          if (hold) await new Promise(() => {})
        }) as never),
    })
    const client = world.client(transport, hasty)
    const sent = client.send('up', 'x')
    const once = client.send('up', 'y', { once: true }).catch((error: { outcome: string }) => error.outcome)
    await until(() => handled.length === 1)
    hold = false
    await world.restart()
    const { id } = await sent
    expect(handled).toEqual([
      { n: 'x', id, redelivered: false },
      { n: 'x', id, redelivered: true },
    ])
    expect(await once).toBe('in-doubt')
  })
})
