// A WebSocket that does not work, and moving between transports: scenarios for a client with all three, in any place.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Server } from '@holdfast/server'
import type { Rule } from '@holdfast/testing'
import { until, type World } from '../support/world.ts'
import type { Agent, AgentOptions, Report } from './agent.ts'
import { numbers, within, type Bench, type Place } from './bench.ts'

const all: AgentOptions = { transports: ['webSocket', 'eventSource', 'longPolling'] }
/** Promised, in ms. */
const WITHIN = 12_000

const kind = 'webSocket'
const html = { 'content-type': 'text/html' }
/** All the ways in which a middlebox breaks a WebSocket. */
const breakages: readonly (readonly [name: string, rule: Rule])[] = [
  ['refused with 403', { fault: 'fail', kind, status: 403 }],
  ['refused with 502', { fault: 'fail', kind, status: 502 }],
  ['answered with a page', { fault: 'fail', kind, status: 200, headers: html, body: '<html>Log in</html>' }],
  ['left hanging', { fault: 'hang', kind }],
  ['mute both ways', { fault: 'mute', kind }],
  ['mute downward', { fault: 'mute', kind, direction: 'down' }],
  ['mute upward', { fault: 'mute', kind, direction: 'up' }],
]

/** Numbers in both directions until `stop` is called, which resolves when all are settled and heard, and checks them. */
async function startTraffic({ world }: Pick<Bench, 'world'>, client: Agent, handled: unknown[]) {
  let running = true
  await client.subscribe('down')
  const up = (async () => {
    let sent = 0
    for (; running; sent += 20) expect(await client.flood('up', 20, 5, sent)).toEqual({ acknowledged: 20 })
    return sent
  })()
  const down = (async () => {
    let n = 0
    for (; running; n++) {
      await world.server.publish('down', n)
      await delay(2)
    }
    return n
  })()
  // Should the scenario end before it asks.
  for (const direction of [up, down]) direction.catch(() => {})
  return async function stop(): Promise<void> {
    running = false
    const [sent, published] = [await up, await down]
    await until(async () => (await client.count('down')) >= published, 'the last message')
    expect(handled).toEqual(numbers(sent))
    expect(await client.heard('down')).toEqual(numbers(published))
    expect(sent).toBeGreaterThan(0)
  }
}

/** A handler of `up` that notes what it is given; a fast look upward, and no waiting for a first retry. */
function noting(handled: unknown[]) {
  return { retrySpread: 0, setUp: (server: Server) => void server.onMessage('up', (n) => void handled.push(n)) }
}
const openOver = (client: Agent, transport: string): Promise<void> =>
  until(async () => {
    const report = await client.report()
    return report.status === 'open' && report.transport === transport
  }, `open over ${transport}`)
/** How long it took to be open at first, in ms, by the clock of where the client runs. */
async function timeToOpen(client: Agent, transport: string): Promise<number> {
  await openOver(client, transport)
  const { madeAt, opens } = await client.report()
  return opens.find((open) => open.transport === transport)!.at - madeAt
}
const transportsOf = ({ opens }: Report): string[] => opens.map(({ transport }) => transport)

export function describeFallback(place: Place): void {
  test.each(breakages)(
    'WebSocket %s: open over another transport within 12 s, and back when it heals',
    async (name, rule) => {
      const handled: unknown[] = []
      await within(place, noting(handled), async (bench) => {
        const heal = bench.world.proxy.rule(rule)
        // Of what is refused at once this only spaces the looks upward; what is mute or hangs has the defaults.
        const looking: Partial<AgentOptions> = rule.fault === 'fail' ? { timeouts: { open: 2_000 } } : {}
        const client = await bench.agent({ ...all, reprobe: 400, ...looking })
        const took = await timeToOpen(client, 'eventSource')
        place.figure(`WebSocket ${name}: open over eventSource`, took)
        expect(took).toBeLessThan(WITHIN)
        const stop = await startTraffic(bench, client, handled)
        // It is looked for again while it is still broken: the link stays, and no transport is tried in turn.
        const tries = (): number => bench.world.proxy.counters.requests[kind] ?? 0
        const tried = tries()
        if (rule.fault === 'fail') await until(() => tries() > tried, 'a look upward')
        expect(transportsOf(await client.report()).filter((name) => name === 'eventSource')).toHaveLength(1)
        heal()
        await openOver(client, 'webSocket')
        await stop()
        const { opens } = await client.report()
        expect(opens.at(-1)!.resumed).toBe(true)
        // A mute link may have left a session whose welcome nobody heard; of ours there is one.
        const ours = (): string[] =>
          bench.world.server
            .sessions()
            .filter(({ subscriptions }) => subscriptions.includes('down'))
            .map(({ transport }) => transport!)
        expect(ours()).toEqual(['webSocket'])
      })
    },
  )

  test('a proxy that buffers streams: open over long-polling', async () => {
    const handled: unknown[] = []
    await within(place, noting(handled), async (bench) => {
      bench.world.proxy.rule({ fault: 'fail', kind, status: 502 })
      bench.world.proxy.rule({ fault: 'buffer', kind: 'stream', bytes: 65_536 })
      const client = await bench.agent(all)
      const took = await timeToOpen(client, 'longPolling')
      place.figure('stream buffered: open over longPolling', took)
      expect(took).toBeLessThan(WITHIN)
      const stop = await startTraffic(bench, client, handled)
      await stop()
      expect(transportsOf(await client.report())).toEqual(['longPolling'])
    })
  })

  test('what a WebSocket delivers late, when the session has moved to a stream, changes nothing', async () => {
    const handled: unknown[] = []
    await within(place, noting(handled), async ({ world, agent }) => {
      const client = await agent({ ...all, hasty: true })
      await client.subscribe('down')
      await client.send('up', 0)
      // Its frames of both directions are kept back from here on.
      const release = world.proxy.rule({ fault: 'hold', connections: 'existing' })
      const held = client.send('up', 1)
      await world.server.publish('down', 0)
      world.proxy.rule({ fault: 'fail', kind })
      await client.reconnect()
      await openOver(client, 'eventSource')
      await held
      await world.server.publish('down', 1)
      await until(async () => (await client.count('down')) === 2, 'both messages')
      release()
      await client.send('up', 2)
      await until(() => world.server.stats().links === 1, 'the old link to be gone')
      expect(handled).toEqual(numbers(3))
      expect(await client.heard('down')).toEqual(numbers(2))
    })
  })

  test('one session over webSocket, eventSource, longPolling and webSocket again, under traffic', async () => {
    const handled: unknown[] = []
    await within(place, noting(handled), async (bench) => {
      const { proxy, server }: World = bench.world
      const client = await bench.agent({ ...all, reprobe: 300, hasty: true })
      await client.ready()
      const stop = await startTraffic(bench, client, handled)
      proxy.rule({ fault: 'fail', kind })
      proxy.cut({ kind })
      await openOver(client, 'eventSource')
      await delay(50)
      proxy.rule({ fault: 'fail', kind: 'stream' })
      proxy.cut({ kind: 'stream' })
      await openOver(client, 'longPolling')
      await delay(50)
      proxy.calm()
      await openOver(client, 'webSocket')
      await delay(50)
      await stop()
      const report = await client.report()
      expect(transportsOf(report)).toEqual(['webSocket', 'eventSource', 'longPolling', 'webSocket'])
      expect(report.opens.slice(1).every(({ resumed }) => resumed)).toBe(true)
      expect(server.stats().sessions).toBe(1)
    })
  })
}
