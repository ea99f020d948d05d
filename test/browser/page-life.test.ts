// oxlint-disable vitest/expect-expect -- `hearsAll` expects
// What happens to a page: put into the back/forward cache, frozen, closed; and what a page of a foreign origin gets.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createWorld, transportNames, until, type World } from '../support/world.ts'
import type { Agent, TransportName } from '../promises/agent.ts'
import { startChromium, type Chromium, type PageRoom } from './chromium.ts'

let chromium: Chromium
beforeAll(async () => {
  chromium = await startChromium(inject('browserPath'))
})
afterAll(() => chromium?.close())

interface Visit {
  readonly world: World
  readonly room: PageRoom
  readonly client: Agent
}

/** A page that is connected, has had one message, and has missed none. */
async function visit(transport: TransportName, scenario: (visit: Visit) => Promise<void>): Promise<void> {
  const world = await createWorld()
  const room = await chromium.enter()
  try {
    const client = await room.agent(world.url, { transports: [transport] })
    await client.subscribe('down')
    await world.server.publish('down', 0)
    await until(async () => (await client.count('down')) === 1)
    await scenario({ world, room, client })
  } finally {
    await room.close()
    await world.close()
  }
}

/** After it came back: nothing lost or doubled, in the same session. */
async function hearsAll({ world, client }: Visit, count: number): Promise<void> {
  await world.server.publish('down', count - 1)
  await until(async () => (await client.count('down')) === count, 'what was missed')
  expect(await client.heard('down')).toEqual(Array.from({ length: count }, (_, n) => n))
  const { opens, status } = await client.report()
  expect([status, opens.at(-1)!.resumed]).toEqual(['open', true])
}

describe.concurrent.each(transportNames)('%s', (transport) => {
  test('a page in the back/forward cache lets go of its link and resumes its session when it returns', () =>
    visit(transport, async (visited) => {
      const { world, room, client } = visited
      await room.page.evaluate(() =>
        addEventListener('pageshow', ({ persisted }) => (document.title = String(persisted))),
      )
      await room.page.goto('data:text/html,elsewhere')
      if (transport !== 'longPolling') await until(() => world.server.stats().links === 0, 'the link to be let go')
      await world.server.publish('down', 1)
      await room.page.goBack({ waitUntil: 'commit' })
      // The very page: what it heard is still there.
      await until(async () => (await room.page.title()) === 'true', 'the page to return from the cache')
      await until(async () => (await client.report()).opens.length === 2, 'a second link')
      await hearsAll(visited, 3)
    }))

  // Chromium freezes no page that automation keeps visible: it is told so, and its sockets are cut as freezing does.
  test('a page that freezes lets go of its link and resumes its session when it goes on', () =>
    visit(transport, async (visited) => {
      const { world, room, client } = visited
      await room.page.evaluate(() => document.dispatchEvent(new Event('freeze')))
      expect((await client.report()).status).toBe('offline')
      world.proxy.cut()
      await world.server.publish('down', 1)
      await room.page.evaluate(() => document.dispatchEvent(new Event('resume')))
      await until(async () => (await client.report()).opens.length === 2, 'a second link')
      await hearsAll(visited, 3)
    }))

  test('after close() the page has no listener of ours left', () =>
    visit(transport, async ({ room, client }) => {
      const devTools = await room.page.context().newCDPSession(room.page)
      const listeners = async (): Promise<number> => {
        let count = 0
        for (const expression of ['window', 'document']) {
          const { result } = await devTools.send('Runtime.evaluate', { expression })
          const found = await devTools.send('DOMDebugger.getEventListeners', { objectId: result.objectId! })
          count += found.listeners.length
        }
        return count
      }
      expect(await listeners()).toBeGreaterThan(0)
      await client.close()
      expect(await listeners()).toBe(0)
    }))

  test('a page of a foreign origin is refused', async () => {
    const world = await createWorld({ attach: { allowedOrigins: ['https://ours.example'] } })
    const room = await chromium.enter()
    const client = await room.agent(world.url, { transports: [transport] })
    await until(() => Object.values(world.proxy.counters.requests).some((count) => count > 0), 'an attempt')
    await until(async () => (await client.report()).cause !== null, 'the refusal')
    expect((await client.report()).opens).toEqual([])
    expect(world.server.stats()).toMatchObject({ attached: 0, sessions: 0 })
    await room.close()
    await world.close()
  })
})
