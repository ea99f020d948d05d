// Clients in pages of a real Chromium, production builds, each page served by the server that it measures.
import { chromium, type Browser } from 'playwright-core'
import type { Bundles } from '../bundle.ts'
import { contestants, type Contestant } from '../contract.ts'
import { startServer } from '../processes.ts'
import type { Row } from '../results.ts'
import { race, type CountFor, type RaceOptions, type Racer } from './rounds.ts'

/** Where a frame costs about 0.1 ms: who packs messages together gets more of them. */
const throughput: Partial<Record<Contestant, number>> = { 'raw-batched': 100_000, holdfast: 50_000 }

export const countInChromium: CountFor = (name, measure, bytes) => {
  if (measure === 'serial' || measure === 'roundTrip') return 800
  const base = throughput[name] ?? (name === 'signalr' && measure !== 'pipelined' ? 20_000 : 3_000)
  return bytes === 64 ? base : base / 2
}

export async function runInChromium(
  bundles: Bundles,
  executablePath: string,
  options: Omit<RaceOptions, 'countFor'> & { countFor?: CountFor; names?: readonly Contestant[] },
): Promise<{ rows: Row[]; version: string }> {
  const { names = contestants, countFor = countInChromium } = options
  const stops: (() => void)[] = []
  const browser: Browser = await chromium.launch({ executablePath })
  try {
    const racers: Racer[] = []
    for (const name of names) {
      const server = await startServer(bundles, name)
      stops.push(server.stop)
      const page = await browser.newPage()
      await page.goto(server.url)
      racers.push({
        name,
        async take(plan) {
          // In front, as a page that is used: others are slowed down.
          await page.bringToFront()
          return page.evaluate((given) => globalThis.take(given), plan)
        },
      })
    }
    return { rows: await race(racers, { ...options, countFor }), version: browser.version() }
  } finally {
    await browser.close()
    for (const stop of stops) stop()
  }
}
