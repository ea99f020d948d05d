// What `send()` says became of a message, and whether that is so: scenarios for each transport, in any place.
import { expect, test } from 'vitest'
import { RejectError, type Server } from '@holdfast/server'
import { until } from '../support/world.ts'
import type { AgentOptions, TransportSpec } from './agent.ts'
import { numbers, within, type Place } from './bench.ts'

export function describeTruth(place: Place, transport: TransportSpec): void {
  const over: AgentOptions = { transports: [transport] }
  /** The handler of `up` notes what it is given and refuses what is odd. */
  const picky = (handled: unknown[]) => ({
    setUp(server: Server): void {
      server.onMessage('up', (n) => {
        handled.push(n)
        if ((n as number) % 2) throw new RejectError('odd', 'No odd ones')
      })
    },
  })

  test('what the handler refuses is rejected with its code; what nobody handles or may send, too', async () => {
    const handled: unknown[] = []
    const options = { ...picky(handled), authorize: ({ topic }: { topic: string }) => topic !== 'secret' }
    await within(place, options, async ({ agent }) => {
      const client = await agent(over)
      const told = await Promise.all([1, 2, 3].map((n) => client.send('up', n)))
      expect(told.map(({ outcome, code }) => [outcome, code])).toEqual([
        ['rejected', 'odd'],
        ['acknowledged', undefined],
        ['rejected', 'odd'],
      ])
      expect(told[1]).toMatchObject({ serial: 2, level: 'memory' })
      expect(await client.send('nobody', 1)).toMatchObject({ outcome: 'rejected' })
      expect(await client.send('secret', 1)).toMatchObject({ outcome: 'rejected' })
      expect(await client.send('up', 'x'.repeat(2 ** 20))).toMatchObject({ outcome: 'rejected', code: 'too-large' })
      expect(await client.send('~up', 1)).toMatchObject({ outcome: 'not-sent', code: 'bad-topic' })
      expect(handled).toEqual([1, 2, 3])
    })
  })

  test('full outbox, ttl passed, abort, replaced, volatile and close while there is no link: not-sent, and never seen', async () => {
    const handled: unknown[] = []
    await within(place, picky(handled), async ({ world, agent }) => {
      const client = await agent({ ...over, outbox: { maxMessages: 5 } })
      await client.ready()
      await client.disconnect()
      const aborted = client.send('up', 2, { abortable: 'it' })
      const replaced = client.send('up', 4, { key: 'k' })
      const kept = client.send('up', 6, { key: 'k' })
      const others = [8, 10, 12].map((n) => client.send('up', n))
      expect(await replaced).toEqual({ outcome: 'not-sent', code: 'replaced' })
      expect(await client.send('up', 14)).toEqual({ outcome: 'not-sent', code: 'outbox-full' })
      expect(await client.send('up', 16, { volatile: true })).toEqual({ outcome: 'not-sent', code: 'no-link' })
      await client.abort('it')
      expect(await aborted).toEqual({ outcome: 'not-sent', code: 'aborted' })
      expect(await client.send('up', 18, { ttl: 30 })).toEqual({ outcome: 'not-sent', code: 'expired' })
      await client.connect()
      expect((await Promise.all([kept, ...others])).map(({ outcome }) => outcome)).toEqual(
        Array(4).fill('acknowledged'),
      )
      await client.disconnect()
      const last = client.send('up', 20)
      await client.close()
      expect(await last).toEqual({ outcome: 'not-sent', code: 'closed' })
      expect(world.server.stats().received).toBe(4)
      expect(handled).toEqual([6, 8, 10, 12])
    })
  })

  test('aborted or closed after transmission: in doubt, and the handler is started at most once', async () => {
    const started: unknown[] = []
    let finish = (): void => {}
    const setUp = (server: Server): void =>
      void server.onMessage('up', async (n) => {
        started.push(n)
        await new Promise<void>((resolve) => (finish = resolve))
      })
    await within(place, { setUp }, async ({ agent }) => {
      const client = await agent(over)
      const aborted = client.send('up', 1, { abortable: 'it' })
      await until(() => started.length === 1)
      await client.abort('it')
      expect(await aborted).toEqual({ outcome: 'in-doubt', code: 'aborted' })
      finish()
      const late = client.send('up', 2)
      await until(() => started.length === 2)
      await client.close()
      expect(await late).toEqual({ outcome: 'in-doubt', code: 'closed' })
      expect(started).toEqual([1, 2])
    })
  })

  test('close with flush waits for the truth; a request gives up in time', async () => {
    const handled: unknown[] = []
    const setUp = (server: Server): void => {
      server.onMessage('up', (n) => void handled.push(n))
      server.onMessage('slow', () => new Promise(() => {}))
    }
    await within(place, { setUp }, async ({ agent }) => {
      const client = await agent(over)
      const flooding = client.flood('up', 100, 100)
      await client.flush()
      expect(await flooding).toEqual({ acknowledged: 100 })
      const last = client.send('up', 100)
      await client.close(true)
      expect((await last).outcome).toBe('acknowledged')
      expect(handled).toEqual(numbers(101))
      const other = await agent(over)
      await expect(other.request('slow', 1, 50)).rejects.toThrow('timeout')
    })
  })
}
