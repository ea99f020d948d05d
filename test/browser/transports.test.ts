// The transports on the platform's own classes: what Node and mock-socket cannot show. Same far ends as in the conformance suite.
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Harness } from '../client/transport-conformance.ts'
import {
  eventSourceHarness,
  longPollingHarness,
  nativeEventSourceHarness,
  webSocketHarness,
} from '../client/transport-harnesses.ts'
import { HELLO, until, WELCOME } from '../client/transport-kit.ts'

/** What runs in the page: opens one link and keeps a log of it. */
const inPage = `
  import { json } from '@holdfast/protocol'
  import { realClock } from './clock.ts'
  import { createWire } from './dialects/holdfast-wire.ts'
  import { eventSource } from './transports/event-source.ts'
  import { longPolling } from './transports/long-polling.ts'
  import { webSocket } from './transports/web-socket.ts'
  const transports = { webSocket: webSocket(), eventSource: eventSource(), native: eventSource({ native: true }), longPolling: longPolling() }
  window.openLink = (name, url, hello) => {
    const wire = createWire(json, hello)
    window.log = []
    window.link = transports[name].open({ url, wire, clock: realClock, random: Math.random }, {
      opened: () => log.push('opened'),
      received: (packet) => log.push(...wire.decode(packet)),
      heard: () => {},
      sent: () => {},
      dropped: (cause) => log.push(cause),
    })
  }`

let browser: Browser
let script: string
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: inject('browserPath') })
  const { outputFiles } = await build({
    stdin: { contents: inPage, resolveDir: 'packages/client/src', loader: 'ts' },
    bundle: true,
    format: 'iife',
    write: false,
    conditions: ['@holdfast/source'],
  })
  script = outputFiles[0]!.text
})
afterAll(() => browser?.close())

/** A page of the far end's origin with an open link. */
async function openIn(
  harness: Harness,
  name: string,
): Promise<{ page: Page; peer: Awaited<ReturnType<Harness['accept']>> }> {
  const page = await browser.newPage()
  await page.goto(new URL('/page', harness.url).href)
  await page.addScriptTag({ content: script })
  const accepted = harness.accept()
  await page.evaluate(`openLink(${JSON.stringify(name)}, ${JSON.stringify(harness.url)}, ${JSON.stringify(HELLO)})`)
  const peer = await accepted
  await page.waitForFunction('log.length >= 2')
  return { page, peer }
}

describe.each([
  { name: 'webSocket', makeHarness: webSocketHarness },
  { name: 'eventSource', makeHarness: eventSourceHarness },
  { name: 'native', makeHarness: nativeEventSourceHarness },
  { name: 'longPolling', makeHarness: longPollingHarness },
])('$name in Chromium', ({ name, makeHarness }) => {
  test('carries packets both ways, and close() lets go with a last word', async () => {
    const harness = await makeHarness()
    const { page, peer } = await openIn(harness, name)
    expect(peer.hello).toMatchObject(HELLO)
    const events = Array.from({ length: 50 }, (_, i) => ['event', 'chat', i + 1, 'Zoë 🦑'.repeat(i * 20)] as const)
    for (const event of events) peer.send([event])
    await page.evaluate(`for (let n = 1; n <= 50; n++) link.send(['["ping",' + n + ']'])`)
    for (let n = 1; n <= 50; n++) expect(await peer.next()).toEqual(['ping', n])
    await page.waitForFunction('log.length >= 52')
    expect(await page.evaluate('log')).toEqual(['opened', WELCOME, ...events])
    await page.evaluate(`link.close(['["bye"]'])`)
    expect(await peer.next()).toEqual(['bye'])
    await until(() => harness.open === 0)
    expect(await page.evaluate('log.length')).toBe(52)
    await page.close()
    await harness.close()
  })

  test('is dropped once when the far end breaks', async () => {
    const harness = await makeHarness()
    const { page, peer } = await openIn(harness, name)
    peer.cut()
    await page.waitForFunction('log.length >= 3')
    expect(await page.evaluate('log[2]')).toMatchObject({ code: 1006 })
    await until(() => harness.open === 0)
    expect(await page.evaluate('log.length')).toBe(3)
    await page.close()
    await harness.close()
  })
})
