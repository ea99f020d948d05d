// How long a resume takes over a network with latency: for each transport, in any place. Wants a machine that is not busy otherwise.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { until } from '../support/world.ts'
import type { TransportName } from './agent.ts'
import { within, type Place } from './bench.ts'

/** One way, in ms. */
const LATENCY = 50
const ROUND_TRIP = 2 * LATENCY
/** To connect, and for the upgrade or the request whose answer carries the replay; the rest is for whoever computes. */
const MOST = 2.2

export function describeResumeTime(place: Place, transport: TransportName): void {
  test(`${transport}: the first missed message comes within ${MOST} round trips of the first packet of TCP`, async () => {
    await within(place, {}, async ({ world, agent }) => {
      const { proxy, server } = world
      const client = await agent({ transports: [transport], hasty: true })
      await client.subscribe('down')
      proxy.rule({ fault: 'delay', latency: LATENCY })
      let dialledAt = Infinity
      proxy.on(({ type }) => {
        if (type === 'connection') dialledAt = Math.min(dialledAt, performance.timeOrigin + performance.now())
      })
      const ratios: number[] = []
      for (let n = 0; n < 7; n++) {
        await client.disconnect()
        // Idle connections of a pool, too: a new link would save the first round trip on one of them.
        proxy.cut({ how: 'reset' })
        await until(() => proxy.counters.clients.open === 0)
        await delay(50)
        await server.publish('down', n)
        dialledAt = Infinity
        await client.connect()
        await until(async () => (await client.count('down')) > n, 'the missed message')
        ratios.push(((await client.heardAt('down', n)) - dialledAt) / ROUND_TRIP)
      }
      ratios.sort((a, b) => a - b)
      place.figure(`resume over ${transport}, best of 7`, ratios[0]! * ROUND_TRIP)
      place.figure(`resume over ${transport}, median of 7`, ratios[3]! * ROUND_TRIP)
      expect(ratios[0]).toBeGreaterThan(1.9)
      expect(ratios[0]).toBeLessThanOrEqual(MOST)
      expect((await client.report()).resumed).toBe(true)
    })
  })
}
