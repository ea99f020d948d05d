// A deployment: two servers share a log, the balancer sends new connections to the newer one, the older one drains. For each transport, in
// any place.
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createServer, memoryLog, type Server } from '@holdfast/server'
import { until } from '../support/world.ts'
import type { TransportSpec } from './agent.ts'
import { numbers, within, type Place } from './bench.ts'

interface Handled {
  n: number
  by: Server
  redelivered: boolean
}

/** Time of the drain, ms. */
const DRAIN = 1000

export function describeDrain(place: Place, transport: TransportSpec): void {
  test('a drain moves the client to the next server within its time: nothing lost, doubled or reordered', async () => {
    const log = memoryLog()
    const handled: Handled[] = []
    const setUp = (server: Server): void => {
      server.onMessage('up', (n, { redelivered }) => void handled.push({ n: n as number, by: server, redelivered }))
    }
    await within(place, { log, setUp }, async ({ world, agent }) => {
      const next = createServer({ log })
      const http = createHttpServer()
      next.attach(http, { path: '/realtime', allowedOrigins: '*' })
      setUp(next)
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      try {
        const client = await agent({ transports: [transport] })
        await client.subscribe('down')
        const sent = client.flood('up', 1000, 1)
        let published = 0
        const publishing = setInterval(() => void world.server.publish('down', published++), 1)
        await until(() => handled.length > 50, 'traffic')
        world.proxy.retarget((http.address() as AddressInfo).port)
        const from = performance.now()
        await world.server.drain({ within: DRAIN })
        const took = performance.now() - from
        // The process ends, and with it the connections that a pool has kept.
        await new Promise((resolve) => {
          world.http.close(resolve)
          world.http.closeAllConnections()
        })
        expect(await sent).toEqual({ acknowledged: 1000 })
        clearInterval(publishing)
        await until(async () => (await client.count('down')) === published, 'the last message down')
        expect(await client.heard('down')).toEqual(numbers(published))
        expect(took).toBeLessThan(DRAIN + 1500)
        const isFirst = ({ n }: Handled, i: number): boolean => handled.findIndex((one) => one.n === n) === i
        expect(handled.filter(isFirst).map(({ n }) => n)).toEqual(numbers(1000))
        // Handled before, but the next server cannot know that: then it says so.
        const again = handled.filter((one, i) => !isFirst(one, i))
        expect(again.filter(({ redelivered }) => !redelivered)).toEqual([])
        expect(handled.at(-1)!.by).toBe(next)
        // A pool may still have a connection to the old server, which then does not know the session that the client has meanwhile.
        const { opens } = await client.report()
        expect(opens.length).toBeLessThanOrEqual(transport === 'webSocket' ? 2 : 3)
      } finally {
        await next.close()
        await new Promise((resolve) => {
          http.close(resolve)
          http.closeAllConnections()
        })
      }
    })
  })
}
