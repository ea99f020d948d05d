// The client of plain servers on the platform's own classes: what Node cannot show.
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import type { Page } from 'playwright-core'
import { closeAll, closing } from '../interop/raw-clients.ts'
import { startHttp2Server } from '../interop/http2.ts'
import { startSseRoute } from '../interop/servers/sse-route-server.ts'
import { startWebSocketNodeServer } from '../interop/servers/websocket-node-server.ts'
import { startWsServer } from '../interop/servers/ws-server.ts'
import { until } from '../support/world.ts'
import { startChromium, type Chromium } from './chromium.ts'
import './plain-page.ts'

let chromium: Chromium
let script: string
beforeAll(async () => {
  chromium = await startChromium(inject('browserPath'))
  const { outputFiles } = await build({
    entryPoints: ['test/browser/plain-page.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    conditions: ['@holdfast/source'],
  })
  script = outputFiles[0]!.text
})
afterAll(() => chromium?.close())
afterEach(closeAll)

/** A page of another origin than any of the servers. */
async function openPage(): Promise<Page> {
  const room = closing(await chromium.enter())
  await room.page.addScriptTag({ content: script })
  return room.page
}
const heardIn = (page: Page): Promise<unknown[]> => page.evaluate(() => told.map(({ heard }) => heard))

test.each(['native', 'fetched'] as const)(
  'an event stream, %s: named events, data of several lines, comments, ids, cookies',
  async (name) => {
    const server = closing(await startSseRoute({ commentEvery: 20 }))
    const page = await openPage()
    await page.context().addCookies([{ name: 'who', value: 'me', domain: '127.0.0.1', path: '/' }])
    await page.evaluate(([which, url]) => openPlain(which, url), [name, server.feedUrl] as const)
    await until(() => server.feed.followers === 1, 'the stream')
    server.feed.publish(2)
    const tick = (n: number) => ['tick', { n, text: 'two\nlines of prices' }]
    await page.waitForFunction(() => told[0]!.heard.length === 2)
    server.cut('reset')
    server.feed.publish(2)
    await page.waitForFunction(() => told[0]!.heard.length === 4)
    expect(await heardIn(page)).toEqual([[1, 2, 3, 4].map(tick)])
    const gets = server.requests.filter(({ method }) => method === 'GET')
    expect(gets).toMatchObject(
      name === 'native'
        ? [{ path: '/events' }, { path: '/events?lastEventId=2' }]
        : [{ headers: { 'x-key': 'secret' } }, { headers: { 'x-key': 'secret', 'last-event-id': '2' } }],
    )
    for (const { headers } of gets) expect(headers.cookie).toContain('who=me')
  },
)

test.each([
  ['ws', startWsServer],
  ['WebSocket-Node', startWebSocketNodeServer],
] as const)(
  'a WebSocket to %s carries typed arrays, buffers and Blobs by their bytes, in order',
  async (_name, start: typeof startWsServer) => {
    const server = closing(await start({ shape: 'text' }))
    const page = await openPage()
    await page.evaluate(([url]) => openPlain('bytes', url), [server.socketUrl] as const)
    const levels = await page.evaluate(async () => {
      const bytes = new Uint8Array([0, 1, 254, 255])
      const data = [bytes, new Uint16Array([513]), bytes.buffer, new DataView(bytes.buffer, 1, 2), new Blob(['text'])]
      const receipts = await Promise.all(data.map((each) => told[0]!.client.send('bytes', each)))
      return receipts.map(({ level }) => level)
    })
    expect(levels).toEqual(Array(5).fill('none'))
    await page.waitForFunction(() => told[0]!.heard.length === 5)
    const heard = await page.evaluate(() => told[0]!.heard.map(([, data]) => [...(data as Uint8Array)]))
    expect(heard).toEqual([
      [0, 1, 254, 255],
      [1, 2],
      [0, 1, 254, 255],
      [1, 254],
      [116, 101, 120, 116],
    ])
    expect(server.handshakes).toMatchObject([{ protocol: 'v2' }])
  },
)

test('ten clients of one page over HTTP/2: all live over one connection, and all go on after a cut', async () => {
  const server = closing(await startHttp2Server({ script }))
  const page = closing(await chromium.browser.newPage({ ignoreHTTPSErrors: true }))
  await page.goto(server.url)
  await page.evaluate(([url]) => openPlain('recipe', url, 10), [server.feedUrl] as const)
  const ticks = (count: number) => Array.from({ length: count }, (_, n) => ['', { n: n + 1 }])
  await until(() => server.streams() === 10, 'ten streams')
  server.feed.publish(3)
  await page.waitForFunction(() => told.every(({ heard }) => heard.length === 3))
  const levels = await page.evaluate(() =>
    Promise.all(told.map(({ client }, n) => client.send('chat', n).then(({ level }) => level))),
  )
  expect(levels).toEqual(Array(10).fill('acknowledged'))
  expect(server.connections()).toBeLessThan(6)

  server.cut('reset')
  server.feed.publish(2)
  await page.waitForFunction(() => told.every(({ heard, client }) => heard.length === 5 && client.status === 'open'))
  expect(await heardIn(page)).toEqual(Array(10).fill(ticks(5)))
  expect(new Set(server.inbox.handled.map(({ data }) => data)).size).toBe(10)
  const streams = server.requests.filter(({ path }) => path === '/events')
  expect(streams).toHaveLength(20)
  expect(new Set(streams.map(({ version }) => version))).toEqual(new Set(['2.0']))
})
