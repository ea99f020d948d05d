// Traffic through cuts, half-open links and silence: scenarios for each transport, in any place.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { memoryLog, type Server } from '@holdfast/server'
import type { ProxyEvent } from '@holdfast/testing'
import { seeded, until, type World } from '../support/world.ts'
import type { Agent, AgentOptions, TransportName, TransportSpec } from './agent.ts'
import { numbers, within, type Place } from './bench.ts'

/** Cuts what is open, at random moments; each cut is known to have hit a link before the next one comes. */
async function cutAtRandom(times: number, seed: number, world: World, agent: Agent): Promise<void> {
  const random = seeded(seed)
  for (let n = 0; n < times; n++) {
    await agent.ready()
    const { opens, transport } = await agent.report()
    await delay(random() * 60)
    const since = world.proxy.mark()
    world.proxy.cut({ how: random() < 0.5 ? 'reset' : 'end' })
    // A poll that fails is repeated inside its link: nothing else need change.
    if (transport === 'longPolling')
      await world.proxy.until({ type: 'request', kind: 'poll' }, { since, timeout: 20_000 })
    else await until(async () => (await agent.report()).opens.length > opens.length, 'a link after the cut')
  }
}

/** A world whose handler of `up` notes what it is given. */
const noting = (handled: unknown[]) => ({
  setUp: (server: Server) => void server.onMessage('up', (n) => void handled.push(n)),
})

/** Of polls, the connection of the one that is open: idle connections of the pool would be reused for the new link. */
async function aimAtLink(world: World, transport: TransportSpec): Promise<{ connection?: number }> {
  if (transport === 'webSocket') return {}
  const kind = transport === 'longPolling' ? 'poll' : 'stream'
  const latest = (): ProxyEvent | undefined =>
    world.proxy.events.findLast((event) => 'kind' in event && event.kind === kind)
  if (kind === 'poll') await until(() => latest()?.type === 'request', 'a poll to be open')
  const link = latest()
  return link && 'connection' in link && link.connection !== undefined ? { connection: link.connection } : {}
}

/** Loses the link without a sign, with message `n` under way in both directions; how long until that was noticed, in ms. */
async function fallIntoBlackHole(world: World, client: Agent, n: number): Promise<number> {
  const { transport, statuses } = await client.report()
  const aim = await aimAtLink(world, transport as TransportName)
  const lift = world.proxy.rule({ fault: 'black-hole', connections: 'existing', ...aim })
  const since = performance.timeOrigin + performance.now()
  const sent = client.send('up', n)
  await world.server.publish('down', n)
  await until(async () => (await client.report()).opens.length === n + 1, 'another link')
  await sent
  await until(async () => (await client.count('down')) === n, 'what was under way')
  lift()
  const { at } = (await client.report()).statuses
    .slice(statuses.length)
    .find(({ status }) => status === 'reconnecting')!
  return at - since
}

export function describeTraffic(place: Place, transport: TransportSpec): void {
  const over: AgentOptions = { transports: [transport] }
  const hasty: AgentOptions = { ...over, hasty: true }

  test('1,000 numbered sends through 20 cuts: all acknowledged, each handled once, in order', async () => {
    const handled: unknown[] = []
    await within(place, noting(handled), async ({ world, agent }) => {
      const client = await agent(hasty)
      const [outcomes] = await Promise.all([client.flood('up', 1000, 10), cutAtRandom(20, 7, world, client)])
      expect(outcomes).toEqual({ acknowledged: 1000 })
      expect(handled).toEqual(numbers(1000))
    })
  })

  test('10,000 numbered messages down at 1,000/s through 20 cuts: each once, in order, no gap', async () => {
    await within(place, {}, async ({ world, agent }) => {
      const client = await agent(hasty)
      await client.subscribe('down')
      const publish = async (): Promise<void> => {
        const start = performance.now()
        for (let n = 0; n < 10_000; n++) {
          if (n % 10 === 0) while (performance.now() - start < n) await delay(1)
          await world.server.publish('down', n)
        }
      }
      await Promise.all([publish(), cutAtRandom(20, 11, world, client)])
      await until(async () => (await client.count('down')) >= 10_000, 'the last message')
      expect(await client.heard('down')).toEqual(numbers(10_000))
    })
  })

  test('away longer than the log: one gap with the exact range, then everything newer', async () => {
    await within(place, { log: memoryLog({ maxMessages: 100 }) }, async ({ world, agent }) => {
      const client = await agent(hasty)
      await client.subscribe('feed')
      await world.server.publish('feed', 1)
      await until(async () => (await client.count('feed')) === 1)
      world.proxy.down()
      // A failed poll is repeated for a while, and nothing is lost then: its link has to be given up.
      await until(async () => (await client.report()).status !== 'open', 'the loss to be seen')
      for (let n = 2; n <= 501; n++) await world.server.publish('feed', n)
      await world.proxy.up()
      await until(async () => (await client.count('feed')) >= 102)
      expect(await client.heard('feed')).toEqual([1, { gap: [2, 401], sameEpoch: true }, ...numbers(100, 402)])
    })
  })

  test('half-open: a new link takes over at once; what the old one releases later changes nothing', async () => {
    const handled: unknown[] = []
    await within(place, noting(handled), async ({ world, agent }) => {
      const client = await agent(over)
      await client.subscribe('down')
      await client.send('up', 1)
      const release = world.proxy.rule({
        fault: 'hold',
        connections: 'existing',
        ...(await aimAtLink(world, transport)),
      })
      const second = client.send('up', 2)
      await world.server.publish('down', 1)
      await client.reconnect()
      await second
      await world.server.publish('down', 2)
      await until(async () => (await client.count('down')) === 2)
      expect(world.server.stats().takeovers).toBe(1)
      release()
      await client.send('up', 3)
      expect(handled).toEqual([1, 2, 3])
      expect(await client.heard('down')).toEqual([1, 2])
      await until(() => world.server.stats().links === 1, 'the old link to be gone')
    })
  })

  test('black hole: found within heartbeat and grace, replaced at once, and no socket is left over', async () => {
    const handled: unknown[] = []
    const [beat, grace] = [800, 400]
    await within(place, { ...noting(handled), beat, grace, retrySpread: 0 }, async ({ world, agent }) => {
      const client = await agent(over)
      await client.subscribe('down')
      await client.send('up', 0)
      const limit = beat + grace + 300
      let found = Infinity
      let round = 0
      // A busy machine runs timers late, which is taken for sleep and forgiven: the best of ten counts.
      while (found > limit && round < 10) found = Math.min(found, await fallIntoBlackHole(world, client, ++round))
      place.figure(`black hole over ${transport}, heartbeat and grace ${beat + grace} ms: found`, found)
      expect(found).toBeLessThan(limit)
      const { opens } = await client.report()
      expect(opens.map(({ resumed }) => resumed)).toEqual([false, ...Array<boolean>(round).fill(true)])
      expect(handled).toEqual(numbers(round + 1))
      expect(await client.heard('down')).toEqual(numbers(round, 1))
      expect(world.server.stats()).toMatchObject({ takeovers: round, links: 1 })
      // Over HTTP one connection for the link and one for POSTs, of which a pool may keep another one for a while.
      const most = transport === 'webSocket' ? 1 : 3
      await until(() => world.proxy.counters.clients.open <= most, 'the black-holed connection to be gone')
      await until(() => world.proxy.counters.targets.open <= most, 'its other end to be gone')
    })
  })

  test('a link that is down for 4 s while its socket survives is not replaced, and nothing is lost', async () => {
    const handled: unknown[] = []
    await within(place, noting(handled), async ({ world, agent }) => {
      const client = await agent(over)
      await client.subscribe('down')
      await client.send('up', 1)
      const release = world.proxy.rule({ fault: 'hold' })
      const second = client.send('up', 2)
      await world.server.publish('down', 1)
      await delay(4000)
      expect([handled, await client.count('down')]).toEqual([[1], 0])
      release()
      await second
      await until(async () => (await client.count('down')) === 1)
      expect(handled).toEqual([1, 2])
      const { opens, statuses } = await client.report()
      expect([opens.length, statuses.at(-1)?.status]).toEqual([1, 'open'])
      expect(world.server.stats().attached).toBe(1)
    })
  })

  test('server restarted between transmission and ACK: sent again under the same id, marked; `once` is in doubt', async () => {
    const handled: { n: unknown; id: string; redelivered: boolean }[] = []
    let hold = true
    const setUp = (server: Server): void => {
      server.onMessage('up', async (n, { id, redelivered }) => {
        handled.push({ n, id, redelivered })
        if (hold) await new Promise(() => {})
      })
    }
    await within(place, { setUp }, async ({ world, agent }) => {
      const client = await agent(over)
      const sent = client.send('up', 'x')
      const once = client.send('up', 'y', { once: true })
      await until(() => handled.length === 1)
      // Taken in behind it, or it could truthfully be sent later.
      await until(() => world.server.stats().received === 2)
      hold = false
      await world.restart()
      const { outcome, id } = await sent
      expect(outcome).toBe('acknowledged')
      expect(handled).toEqual([
        { n: 'x', id, redelivered: false },
        { n: 'x', id, redelivered: true },
      ])
      expect(await once).toEqual({ outcome: 'in-doubt', code: 'session-lost' })
    })
  })

  test('a request is answered by the value the handler returned', async () => {
    const setUp = (server: Server): void => void server.onMessage('double', (n) => (n as number) * 2)
    await within(place, { setUp }, async ({ agent }) => {
      expect(await (await agent(over)).request('double', 21)).toBe(42)
    })
  })
}
