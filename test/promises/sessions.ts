// Who a session belongs to, and when it ends: scenarios for each transport, in any place.
import { expect, test } from 'vitest'
import { memoryLog, RejectError, type Server } from '@holdfast/server'
import { until } from '../support/world.ts'
import type { AgentOptions, TransportSpec } from './agent.ts'
import { numbers, within, type Place } from './bench.ts'

export function describeSessions(place: Place, transport: TransportSpec): void {
  const over: AgentOptions = { transports: [transport] }

  test('another identity does not get the session, and what was to be sent as one user is not sent as another', async () => {
    const handled: unknown[] = []
    const options = {
      authenticate: ({ credential }: { credential: unknown }) => credential as string,
      setUp: (server: Server) => void server.onMessage('up', (n, { identity }) => void handled.push([identity, n])),
    }
    await within(place, options, async ({ world, agent }) => {
      const client = await agent({ ...over, hasty: true, credentials: ['alice', 'bob'] })
      await client.send('up', 1)
      await client.disconnect()
      const left = client.send('up', 2)
      await client.connect()
      expect(await left).toEqual({ outcome: 'not-sent', code: 'identity-changed' })
      await client.send('up', 3)
      expect(handled).toEqual([
        ['alice', 1],
        ['bob', 3],
      ])
      const identities = world.server.sessions().map(({ identity }) => identity)
      expect(new Set(identities)).toEqual(new Set(['alice', 'bob']))
      expect((await client.report()).opens.map(({ resumed }) => resumed)).toEqual([false, false])
    })
  })

  test('a credential that expires is renewed on the live link; one that is refused is asked for again', async () => {
    const seen: unknown[] = []
    const options = {
      authenticate({ credential }: { credential: unknown }) {
        seen.push(credential)
        if (credential === 'worn out') throw new RejectError('worn-out')
        return { id: 'alice', expiresAt: Date.now() + (credential === 'first' ? 600 : 600_000) }
      },
    }
    await within(place, options, async ({ agent }) => {
      const client = await agent({ ...over, hasty: true, credentials: ['first', 'second', 'worn out', 'fresh'] })
      await client.ready()
      await until(() => seen.length === 2, 'the renewal')
      await client.send('nobody', 1)
      expect((await client.report()).opens).toHaveLength(1)
      // Refused: the link is closed, and the client comes back with a fresh one.
      void client.reauthenticate().catch(() => {})
      await until(async () => (await client.report()).opens.length === 2, 'a link with a fresh credential')
      expect(seen).toEqual(['first', 'second', 'worn out', 'fresh'])
      expect((await client.report()).resumed).toBe(true)
      await client.reauthenticate()
      expect([seen.length, (await client.report()).opens.length]).toEqual([5, 2])
    })
  })

  test('who is forbidden for good stays away', async () => {
    const authenticate = (): never => {
      throw new RejectError('forbidden')
    }
    await within(place, { authenticate }, async ({ world, agent }) => {
      const client = await agent(over)
      await until(async () => (await client.report()).status === 'closed', 'the refusal')
      expect((await client.report()).closed).toMatchObject({ cause: { code: 4001 } })
      expect(world.server.stats().attached).toBe(0)
    })
  })

  test('a slow reader gets everything, or one gap for what the log had to forget', async () => {
    const options = { log: memoryLog({ maxMessages: 300 }), limits: { buffered: 65_536, replayBytes: 65_536 } }
    await within(place, options, async ({ world, agent }) => {
      const client = await agent(over)
      await client.subscribe('down')
      const hasten = world.proxy.rule({ fault: 'throttle', bytesPerSecond: 100_000, direction: 'down' })
      const count = 3000
      const filler = 'x'.repeat(1000)
      for (let n = 0; n < count; n++) await world.server.publish('down', [n, filler])
      hasten()
      const numbersHeard = async (): Promise<unknown[]> =>
        (await client.heard('down')).map((one) => (Array.isArray(one) ? (one[0] as number) : one))
      await until(async () => (await numbersHeard()).at(-1) === count - 1, 'the last message')
      const heard = await numbersHeard()
      const at = heard.findIndex((one) => typeof one === 'object')
      // Where the platform buffers more than was published, there is nothing to forget. Offsets count from 1, our numbers from 0.
      const to = at < 0 ? count : (heard[at + 1] as number)
      const gap = { gap: [at + 1, to], sameEpoch: true }
      expect(heard).toEqual(at < 0 ? numbers(count) : [...numbers(at), gap, ...numbers(count - to, to)])
    })
  })

  test('two handles are one connection: the first to close harms nobody, the last one lingers and then closes', async () => {
    await within(place, {}, async ({ world, agent }) => {
      world.http.keepAliveTimeout = 100
      const linger = 1000
      const shared: AgentOptions = { ...over, shared: true, linger }
      const first = await agent(shared)
      const second = await agent(shared)
      await Promise.all([first.subscribe('down'), second.subscribe('down')])
      expect(world.server.stats()).toMatchObject({ attached: 1, sessions: 1, links: 1 })
      // Over HTTP beside the link one for POSTs, and what a pool opens in advance.
      expect(world.proxy.counters.clients.total).toBeLessThanOrEqual(transport === 'webSocket' ? 1 : 5)
      await expect(agent({ ...shared, minUptime: 1 })).rejects.toThrow(/conflicting|"minUptime"/)
      await first.close()
      await world.server.publish('down', 1)
      await until(async () => (await second.count('down')) === 1)
      expect(await first.count('down')).toBe(0)
      // A handle taken within the linger finds the same connection. Both at once: the way to a page and back may take longer than it.
      const [, third] = await Promise.all([second.close(), agent(shared)])
      await third.ready()
      expect(world.server.stats()).toMatchObject({ attached: 1, sessions: 1 })
      const left = performance.now()
      await third.close()
      await until(() => world.server.stats().sessions === 0, 'the end of the linger')
      // Timers of Node and of pages may be early by a part of a millisecond.
      expect(performance.now() - left).toBeGreaterThan(linger - 2)
    })
  })

  test('after close() no session, link, request or socket is left', async () => {
    await within(place, {}, async ({ world, agent }) => {
      // Pools of the platform keep idle connections as long as the server does.
      world.http.keepAliveTimeout = 100
      const client = await agent(over)
      await client.subscribe('down')
      await client.send('nobody', 1)
      await client.close()
      const { server, proxy } = world
      await until(() => server.stats().sessions === 0 && server.stats().links === 0, 'the session to be gone')
      await until(
        () => proxy.counters.clients.open === 0 && proxy.counters.targets.open === 0,
        'the sockets to be gone',
      )
      expect((await client.report()).status).toBe('closed')
    })
  })
}
