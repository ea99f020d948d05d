// How long a resume takes over a network with latency: for each transport, in any place. Wants a machine that is not busy otherwise.
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
      /** When the connections of this round were made, and which of them carries the link. */
      let made = new Map<number, number>()
      let dialledAt = NaN
      proxy.on((event) => {
        if (event.type === 'connection') made.set(event.connection, performance.timeOrigin + performance.now())
        if (event.type === 'request' && event.kind !== 'post') dialledAt ||= made.get(event.connection) ?? NaN
      })
      const ratios: number[] = []
      // The best counts: more tries while a busy machine has spoilt every one.
      const isTold = (): boolean => ratios.length >= 7 && Math.min(...ratios) <= MOST
      for (let n = 0; !isTold() && n < 60; n++) {
        await client.disconnect()
        await server.publish('down', n)
        made = new Map()
        dialledAt = NaN
        // Idle connections of a pool, too: a new link would save the first round trip on one of them.
        proxy.cut({ how: 'reset' })
        await client.connect()
        await until(async () => (await client.count('down')) > n, 'the missed message')
        const ratio = ((await client.heardAt('down', n)) - dialledAt) / ROUND_TRIP
        // Unless a pool had made a connection in advance.
        if (ratio > 0) ratios.push(ratio)
      }
      ratios.sort((a, b) => a - b)
      place.figure(`resume over ${transport}, best of ${ratios.length}`, ratios[0]! * ROUND_TRIP)
      place.figure(`resume over ${transport}, median of ${ratios.length}`, ratios[ratios.length >> 1]! * ROUND_TRIP)
      expect(ratios[0]).toBeGreaterThan(1.9)
      expect(ratios[0]).toBeLessThanOrEqual(MOST)
      expect((await client.report()).resumed).toBe(true)
    })
  })
}
