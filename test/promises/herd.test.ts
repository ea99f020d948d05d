// What a crowd does to a server that went away and came back: in virtual time, so that half a minute and five hundred clients cost a moment.
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '@holdfast/client'
import { createServer } from '@holdfast/server'
import { memoryNetwork } from '@holdfast/testing/memory'

const CLIENTS = 500
const SECOND = 1_000

/** How many instants fall into each part of so many ms. */
function histogram(instants: readonly number[], width: number): number[] {
  const bars: number[] = []
  for (const at of instants) bars[Math.floor(at / width)] = (bars[Math.floor(at / width)] ?? 0) + 1
  return Array.from(bars, (bar) => bar ?? 0)
}

test('500 clients whose server is away for 30 s: first retries fill the spread evenly, later ones thin out, the return has no peak', async () => {
  const network = memoryNetwork()
  const { clock } = network
  const server = createServer({ ...network.serverOptions, retrySpread: 2 * SECOND })
  network.attach(server)
  /** When each dial was made. */
  const dials: number[] = []
  const dialled = network.transport()
  const counted: typeof dialled = {
    ...dialled,
    open(opening, events) {
      dials.push(clock.now())
      return dialled.open(opening, events)
    },
  }
  const opens: number[] = []
  const clients = Array.from({ length: CLIENTS }, () => {
    const client = createClient('https://app.test/realtime', { ...network.clientOptions, transports: [counted] })
    client.on('open', () => opens.push(clock.now()))
    return client
  })
  onTestFinished(async () => {
    await Promise.all([...clients.map((client) => client.close()), server.close()])
  })
  await clock.until(() => opens.length === CLIENTS)
  // Links that have proved themselves.
  await clock.advance(20 * SECOND)
  const downAt = clock.now()
  network.down()
  await clock.advance(30 * SECOND)
  const during = dials.filter((at) => at >= downAt).map((at) => at - downAt)
  // The first retries, spread as the server had asked: no tenth has twice its share.
  const first = histogram(during.filter((at) => at < 2 * SECOND).slice(0, CLIENTS), 200)
  expect(Math.max(...first.slice(0, 5))).toBeLessThan((2 * CLIENTS) / 10)
  // Then back-off: ten dials each in half a minute at most, and ever fewer.
  expect(during.length).toBeLessThan(10 * CLIENTS)
  const seconds = histogram(during, 5 * SECOND)
  expect(seconds.at(-1)!).toBeLessThan(seconds[0]! / 2)
  const upAt = clock.now()
  opens.length = 0
  network.up()
  await clock.until(() => opens.length === CLIENTS)
  const back = opens.map((at) => at - upAt)
  expect(Math.max(...back)).toBeLessThan(31 * SECOND)
  const peaks = histogram(back, SECOND)
  const mean = CLIENTS / peaks.length
  // What is left of uniform pauses is twice as dense at first as on the average.
  expect(Math.max(...peaks)).toBeLessThan(3 * mean)
})
