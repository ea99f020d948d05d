// oxlint-disable vitest/expect-expect -- `survives` expects
// Requests that fail, come twice or break off: scenarios for the HTTP transports, in any place.
import { expect, test } from 'vitest'
import type { Server } from '@holdfast/server'
import type { ExchangeInfo, Rule } from '@holdfast/testing'
import { until, type World } from '../support/world.ts'
import type { TransportSpec } from './agent.ts'
import { numbers, within, type Place } from './bench.ts'

/** The POST that carries messages, not one with a ping. */
const carrying = ({ body }: ExchangeInfo): boolean => String(body).includes('"send"')
const post = { kind: 'post', when: carrying, nth: 1 } as const

const postFaults: readonly (readonly [name: string, rule: Rule])[] = [
  ['answered 502, the request lost', { ...post, fault: 'fail', lost: 'request' }],
  ['answered 502, the response lost', { ...post, fault: 'fail', lost: 'response' }],
  ['cut before its answer', { ...post, fault: 'truncate', at: 'nothing', how: 'reset' }],
]
const pollFaults: readonly (readonly [name: string, rule: Rule])[] = [
  ['answered 502, the request lost', { fault: 'fail', kind: 'poll', nth: 1, lost: 'request' }],
  ['answered 502, the response lost', { fault: 'fail', kind: 'poll', nth: 1, lost: 'response' }],
  ...(['nothing', 'head', 'half', 'end'] as const).map(
    (at) => [`cut off, ${at} of the answer left`, { fault: 'truncate', kind: 'poll', nth: 1, at }] as const,
  ),
  ['repeated by a proxy', { fault: 'duplicate', kind: 'poll', nth: 1 }],
  ['answered from a cache, with the answer of the one before', { fault: 'duplicate-response', kind: 'poll', nth: 1 }],
]

/** Three messages each way, the middle ones during the fault: each once, in order, and the session is the same. */
async function survives(
  place: Place,
  transport: TransportSpec,
  rule: Rule,
  check = async (_world: World): Promise<void> => {},
): Promise<void> {
  const handled: unknown[] = []
  const setUp = (server: Server): void => void server.onMessage('up', (n) => void handled.push(n))
  await within(place, { setUp }, async ({ world, agent }) => {
    const client = await agent({ transports: [transport] })
    await client.subscribe('down')
    const exchange = async (n: number): Promise<void> => {
      await world.server.publish('down', n)
      expect((await client.send('up', n)).outcome).toBe('acknowledged')
      await until(async () => (await client.count('down')) > n, `message ${n}`)
    }
    await exchange(0)
    world.proxy.rule(rule)
    await exchange(1)
    await check(world)
    await exchange(2)
    expect(world.proxy.counters.faults[rule.fault]).toBeGreaterThan(0)
    expect(handled).toEqual(numbers(3))
    expect(await client.heard('down')).toEqual(numbers(3))
    const { opens } = await client.report()
    expect([opens.length, world.server.stats().attached]).toEqual([1, 1])
  })
}

export function describePostFaults(place: Place, transport: TransportSpec): void {
  test.each(postFaults)('one POST is %s: the session goes on, the message is handled once', (_name, rule) =>
    survives(place, transport, rule),
  )

  test('a proxy repeats a POST 1 s later: its message is handled once', () =>
    survives(place, transport, { ...post, fault: 'duplicate', after: 1000 }, async ({ proxy }) => {
      await proxy.until((event) => event.type === 'fault' && event.detail?.includes('answer') === true)
    }))
}

export function describePollFaults(place: Place): void {
  test.each(pollFaults)('one poll is %s: the session goes on, nothing lost or doubled', (_name, rule) =>
    survives(place, 'longPolling', rule),
  )
}
