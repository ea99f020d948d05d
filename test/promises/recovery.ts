// What is lost on the way is had all the same: acknowledgements, events, whole logs, and the way back itself. For each transport, in any place.
import { expect, test } from 'vitest'
import type { Server } from '@holdfast/server'
import type { Rule } from '@holdfast/testing'
import { until, type World } from '../support/world.ts'
import type { Agent, AgentOptions, TransportSpec } from './agent.ts'
import { numbers, within, type Place } from './bench.ts'

/** Cuts everything, and waits for the link after it. */
async function cutOnce(world: World, client: Agent): Promise<void> {
  const { transport, opens } = await client.report()
  const since = world.proxy.mark()
  world.proxy.cut({ how: 'reset' })
  // A poll that fails is repeated inside its link.
  if (transport === 'longPolling')
    await world.proxy.until({ type: 'request', kind: 'poll' }, { since, timeout: 20_000 })
  else await until(async () => (await client.report()).opens.length > opens.length, 'a link after the cut')
}

export function describeRecovery(place: Place, transport: TransportSpec): void {
  const hasty: AgentOptions = { transports: [transport], hasty: true }

  test('the acknowledgement of every request is lost once: each is answered, and its handler runs once', async () => {
    const handled: unknown[] = []
    let cut = (): void => {}
    const setUp = (server: Server): void => {
      server.onMessage('double', (n) => {
        handled.push(n)
        // The network is gone before the answer can be written.
        cut()
        return (n as number) * 2
      })
    }
    await within(place, { setUp }, async ({ world, agent }) => {
      const client = await agent(hasty)
      await client.ready()
      cut = () => world.proxy.cut({ how: 'reset' })
      for (const n of numbers(5)) expect(await client.request('double', n)).toBe(n * 2)
      expect(handled).toEqual(numbers(5))
      expect(world.proxy.counters.faults.cut).toBeGreaterThanOrEqual(5)
    })
  })

  test('cut again and again before any message: the first one is heard once, no gap is made up, nothing is replayed twice', async () => {
    await within(place, {}, async ({ world, agent }) => {
      const client = await agent(hasty)
      await client.subscribe('down')
      for (let n = 0; n < 3; n++) await cutOnce(world, client)
      await world.server.publish('down', 1)
      await until(async () => (await client.count('down')) === 1, 'the first message')
      for (let n = 0; n < 3; n++) await cutOnce(world, client)
      await client.ready()
      await world.server.publish('down', 2)
      await until(async () => (await client.count('down')) === 2, 'the second message')
      expect(await client.heard('down')).toEqual([1, 2])
      expect(world.server.stats().gaps).toBe(0)
    })
  })

  test('a server that comes back without its log: one gap that says so, before anything newer', async () => {
    await within(place, {}, async ({ world, agent }) => {
      const client = await agent(hasty)
      await client.subscribe('down')
      for (const n of numbers(3)) await world.server.publish('down', n)
      await until(async () => (await client.count('down')) === 3, 'the old messages')
      await world.restart()
      await until(() => world.server.stats().attached > 0, 'the client to be back')
      for (const n of numbers(3, 10)) await world.server.publish('down', n)
      await until(async () => (await client.count('down')) === 7, 'the new messages')
      const heard = await client.heard('down')
      expect([heard.slice(0, 3), heard.slice(4)]).toEqual([numbers(3), numbers(3, 10)])
      expect(heard[3]).toMatchObject({ sameEpoch: false })
    })
  })
}

/** How the way back to a stream is barred once. */
const answers: readonly (readonly [name: string, rule: Rule])[] = [
  ...[500, 502, 503, 429, 404].map(
    (status) => [`answered ${status}`, { fault: 'fail', kind: 'stream', nth: 1, times: 2, status }] as const,
  ),
  ['answered 204', { fault: 'fail', kind: 'stream', nth: 1, times: 2, status: 204, body: '' }],
  [
    'answered with a page',
    {
      fault: 'fail',
      kind: 'stream',
      nth: 1,
      times: 2,
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>Log in',
    },
  ],
  ['reset before its head', { fault: 'truncate', kind: 'stream', nth: 1, times: 2, at: 'nothing', how: 'reset' }],
]

/** For event streams, of either reader. */
export function describeStreamAnswers(place: Place, transport: TransportSpec): void {
  test.each(answers)(
    'a stream that is cut, and then twice %s: comes back, and nothing is lost',
    async (_name, rule) => {
      await within(place, {}, async ({ world, agent }) => {
        const client = await agent({ transports: [transport], hasty: true })
        await client.subscribe('down')
        await world.server.publish('down', 0)
        await until(async () => (await client.count('down')) === 1, 'the first message')
        world.proxy.rule(rule)
        const since = world.proxy.mark()
        world.proxy.cut({ how: 'reset' })
        await world.server.publish('down', 1)
        await world.proxy.until({ type: 'fault', fault: rule.fault, count: 2 }, { since, timeout: 20_000 })
        await until(async () => (await client.count('down')) === 2, 'the message that was missed')
        expect(await client.heard('down')).toEqual([0, 1])
        const { opens } = await client.report()
        expect(opens.map(({ resumed }) => resumed)).toEqual([false, true])
      })
    },
  )
}

const refusals: readonly (readonly [name: string, rule: Rule])[] = [
  ...[401, 403, 503].map(
    (status) => [`answered ${status}`, { fault: 'fail', kind: 'webSocket', nth: 1, times: 3, status }] as const,
  ),
  ['reset before its answer', { fault: 'truncate', kind: 'webSocket', nth: 1, times: 3, at: 'nothing', how: 'reset' }],
]

export function describeWebSocketFaults(place: Place): void {
  const over: AgentOptions = { transports: ['webSocket'], hasty: true }

  test.each(refusals)(
    'an upgrade %s, three times: never taken for the last word, the fourth one opens',
    async (_name, rule) => {
      await within(place, {}, async ({ world, agent }) => {
        world.proxy.rule(rule)
        const client = await agent(over)
        await client.ready()
        const { closed, opens, statuses } = await client.report()
        expect([closed, opens.length, statuses.at(-1)?.status]).toEqual([null, 1, 'open'])
        expect(world.proxy.counters.faults[rule.fault]).toBe(3)
      })
    },
  )

  test('one event is swallowed on a live link: it is asked for again, and all are heard in order, without a gap', async () => {
    await within(place, {}, async ({ world, agent }) => {
      const client = await agent(over)
      await client.subscribe('down')
      await world.server.publish('down', 0)
      await until(async () => (await client.count('down')) === 1, 'the first message')
      const since = world.proxy.mark()
      world.proxy.rule({ fault: 'drop-frame', kind: 'webSocket', direction: 'down', nth: 1 })
      await world.server.publish('down', 1)
      await world.proxy.until({ type: 'fault', fault: 'drop-frame' }, { since })
      await world.server.publish('down', 2)
      await until(async () => (await client.count('down')) === 3, 'the swallowed message')
      expect(await client.heard('down')).toEqual([0, 1, 2])
      expect((await client.report()).opens).toHaveLength(1)
    })
  })

  test('the last event is swallowed and nothing follows: a heartbeat tells of it', async () => {
    await within(place, { beat: 1_000 }, async ({ world, agent }) => {
      const client = await agent(over)
      await client.subscribe('down')
      const since = world.proxy.mark()
      // Should it strike a beat instead, that one is missed and the event is not: either way it has to be heard.
      world.proxy.rule({ fault: 'drop-frame', kind: 'webSocket', direction: 'down', nth: 1 })
      await world.server.publish('down', 1)
      await world.proxy.until({ type: 'fault', fault: 'drop-frame' }, { since })
      await until(async () => (await client.count('down')) === 1, 'the swallowed message')
      expect(await client.heard('down')).toEqual([1])
      expect((await client.report()).opens).toHaveLength(1)
    })
  })
}
