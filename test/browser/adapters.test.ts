// React and Vue apps in a real browser, as they are developed and as they are deployed, against a real server.
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, memoryLog } from '@holdfast/server'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { COMPONENTS } from './adapters/app.ts'

const BURST = 10_000
const variants = ['react', 'vue'].flatMap((framework) =>
  ['production', 'development'].map((mode) => ({ framework, mode, name: `${framework}-${mode}` })),
)
const scripts = new Map<string, string>()
const realtime = createServer<Record<string, number>>({ log: memoryLog({ maxMessages: 2 * BURST }) })
const http = createHttpServer((request, response) => {
  const script = scripts.get(request.url!.slice(1))
  response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html')
  response.end(script ?? '<!doctype html><link rel="icon" href="data:,"><ul id="root"></ul>')
})
let browser: Browser
let url: string

async function bundle({ framework, mode, name }: (typeof variants)[number]): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [`test/browser/adapters/${framework}-app.ts`],
    bundle: true,
    write: false,
    format: 'iife',
    minify: mode === 'production',
    conditions: ['@holdfast/source'],
    define: {
      'process.env.NODE_ENV': JSON.stringify(mode),
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    logLevel: 'warning',
  })
  scripts.set(name, outputFiles[0]!.text)
}

beforeAll(async () => {
  realtime.attach(http, { path: '/realtime' })
  await Promise.all([
    ...variants.map(bundle),
    new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve)),
    chromium.launch({ executablePath: inject('browserPath') }).then((launched) => (browser = launched)),
  ])
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`
})
afterAll(async () => {
  await browser?.close()
  await realtime.close()
  http.closeAllConnections()
  http.close()
})

/** Before any script of the page: counts what listens on the page itself. */
function countListeners(): void {
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype
  const kept = new Set<string>()
  const ids = new Map<unknown, number>()
  // React listens to changes of the selection once for each document, whatever is mounted.
  const isCounted = (target: unknown, type: string): boolean =>
    (target === window || target === document) && type !== 'selectionchange'
  const id = (type: string, fn: unknown): string => `${type} ${ids.get(fn) ?? ids.set(fn, ids.size).get(fn)}`
  EventTarget.prototype.addEventListener = function (type, fn, options) {
    if (isCounted(this ?? window, type)) kept.add(id(type, fn))
    add.call(this ?? window, type, fn, options)
  }
  EventTarget.prototype.removeEventListener = function (type, fn, options) {
    if (isCounted(this ?? window, type)) kept.delete(id(type, fn))
    remove.call(this ?? window, type, fn, options)
  }
  Object.assign(globalThis, { listening: () => [...kept] })
}

interface Opened {
  page: Page
  sockets: { open: number; made: number }
  /** What scripts threw or complained of. */
  complaints: string[]
}

async function open(name: string): Promise<Opened> {
  const page = await browser.newPage()
  const complaints: string[] = []
  const sockets = { open: 0, made: 0 }
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (/error|warning/.test(message.type())) complaints.push(message.text())
  })
  page.on('websocket', (socket) => {
    sockets.open++
    sockets.made++
    socket.on('close', () => sockets.open--)
  })
  await page.addInitScript(countListeners)
  await page.goto(url)
  await page.addScriptTag({ url: url + name })
  return { page, sockets, complaints }
}

/** How many messages each handler has seen, and whether they are the numbers from `first` on. */
const seen = (page: Page, first: number): Promise<[count: number, inOrder: boolean][]> =>
  page.evaluate((from) => app.seen.map((all) => [all.length, all.every((n, i) => n === from + i)]), first)
const listening = (page: Page): Promise<string[]> => page.evaluate('listening()')
const shown = (page: Page): Promise<string[]> => page.locator('li').allInnerTexts()
const each = <T>(value: T): T[] => Array.from({ length: COMPONENTS }, () => value)
const patience = { timeout: 20_000 }

describe.concurrent('five components that name one URL', () => {
  test.for(variants)(
    '$framework, $mode build: one socket, every message, nothing left',
    async ({ name }, { expect }) => {
      const { page, sockets, complaints } = await open(name)
      const before = await listening(page)
      const topic = 'burst/' + name
      const receivers = (route: string): number =>
        realtime.sessions().filter(({ subscriptions }) => subscriptions.includes(`${topic}/${route}`)).length

      await page.evaluate((options) => mountApp(options), { url: '/realtime', topic })
      await expect.poll(() => shown(page), patience).toEqual(each('open'))
      await expect.poll(() => receivers('home'), patience).toBe(1)
      for (let n = 0; n < BURST; n++) void realtime.publish(`${topic}/home`, n)
      await expect.poll(() => seen(page, 0), patience).toEqual(each([BURST, true]))
      await expect.poll(() => shown(page), patience).toEqual(each(`open ${BURST - 2} ${BURST - 1}`))

      await page.evaluate(() => app.go('elsewhere'))
      await expect.poll(() => shown(page), patience).toEqual(each('open'))
      await expect.poll(() => [receivers('home'), receivers('elsewhere')], patience).toEqual([0, 1])
      await realtime.publish(`${topic}/elsewhere`, 1)
      await expect.poll(() => seen(page, 1), patience).toEqual(each([1, true]))
      expect(sockets.made).toBe(1)
      expect((await listening(page)).length).toBeGreaterThan(before.length)

      await page.evaluate(() => app.unmount())
      expect(await shown(page)).toEqual([])
      await expect.poll(() => [sockets.made, sockets.open, receivers('elsewhere')], patience).toEqual([1, 0, 0])
      expect(await listening(page)).toEqual(before)
      expect(complaints).toEqual([])
      await page.close()
    },
  )
})
