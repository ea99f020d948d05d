// More than six event streams at once, which HTTP/1.1 does not allow a browser for one host: over HTTP/2 they share a connection.
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Browser } from 'playwright-core'
import { startHttp2Server } from '../interop/http2.ts'
import { until } from '../support/world.ts'

let browser: Browser

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: inject('browserPath') })
})
afterAll(() => browser.close())

const script = `
  const heard = Array.from({ length: 10 }, () => 0)
  heard.forEach((_, n) => {
    const source = new EventSource('/events')
    source.onmessage = (event) => { heard[n] = Number(event.lastEventId) }
  })`

test('ten streams of one page are open at once, and all hear the same event', async () => {
  const server = await startHttp2Server({ script })
  const page = await browser.newPage({ ignoreHTTPSErrors: true })
  try {
    await page.goto(server.url)
    await until(() => server.streams() === 10, 'ten streams')
    server.feed.publish(3)
    await page.waitForFunction('heard.every((id) => id === 3)')
    const streams = server.requests.filter(({ path }) => path === '/events')
    expect(streams.map(({ version }) => version)).toEqual(Array.from({ length: 10 }, () => '2.0'))
  } finally {
    await page.close()
    await server.close()
  }
})
