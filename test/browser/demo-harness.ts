// The demo as a person has it: served by its own service, in a real browser. Built from the sources, in memory of this run only.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { startDemo } from '../../demo/service/demo.ts'

export interface DemoRun {
  readonly browser: Browser
  readonly url: string
  /** A fresh visitor, once the page is connected. */
  visit(options?: BrowserContextOptions): Promise<Visit>
  close(): Promise<void>
}

export async function runDemo(browserPath: string): Promise<DemoRun> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'))
  const script = join(folder, 'main.js')
  await build({
    entryPoints: ['demo/src/main.ts'],
    outfile: script,
    bundle: true,
    format: 'esm',
    conditions: ['@holdfast/source'],
    logLevel: 'warning',
  })
  const files = { assets: pathToFileURL('demo/'), script: pathToFileURL(script) }
  const demo = await startDemo({ files, port: 0, realtimePort: 0, host: '127.0.0.1' })
  const browser = await chromium.launch({ executablePath: browserPath })
  const url = `http://localhost:${demo.port}/`
  return {
    browser,
    url,
    async visit(options) {
      const context = await browser.newContext(options)
      const visit = createVisit(await context.newPage(), url)
      await visit.open()
      return visit
    },
    async close() {
      await browser.close()
      await demo.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** One page, read and used as a person would. */
export interface Visit {
  readonly page: Page
  /** What scripts threw. */
  readonly errors: string[]
  open(): Promise<void>
  weather(name: string): Locator
  /** The figure beside these words. */
  count(name: string): Promise<number>
  /** How many lines of the log say this. */
  logged(text: string | RegExp): Promise<number>
  status(): Locator
  /** Waits until the status says this. */
  until(status: string | RegExp, timeout?: number): Promise<void>
  choose(transport: string): Promise<void>
  slide(label: string, position: number): Promise<void>
  /** Sends a good deal both ways, and waits until it flows. */
  makeTraffic(): Promise<void>
  /** Lifts all weather, waits until traffic has come to rest and everything sent is handled, and reads the verdict. */
  settle(): Promise<Verdict>
  close(): Promise<void>
}

/** What the page says when all is told. */
export interface Verdict {
  title: string
  lost: string
  doubled: string
  reordered: string
  /** Messages up that were not acknowledged in the end. */
  failed: number
  errors: string[]
}

/** The promise, kept. */
export const kept: Verdict = {
  title: 'Nothing lost, doubled or reordered.',
  lost: '0',
  doubled: '0',
  reordered: '0',
  failed: 0,
  errors: [],
}

/** For `expect.poll`: long enough for a slow machine, short enough for the test's own limit. */
export const patience = { timeout: 25_000 }

function createVisit(page: Page, url: string): Visit {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  const status = (): Locator => page.getByRole('status').first()

  const visit: Visit = {
    page,
    errors,
    status,
    async open() {
      await page.goto(url)
      await visit.until('open over WebSocket')
    },
    weather: (name) =>
      page.getByRole('region', { name: 'Weather' }).getByRole('button', { name: new RegExp(`^${name}`) }),
    count: async (name) => Number((await page.locator(`[data-count="${name}"]`).innerText()).replaceAll(',', '')),
    logged: (text) => page.locator('#log-lines li').filter({ hasText: text }).count(),
    async until(wanted, timeout = patience.timeout) {
      await expect.poll(async () => (await status().innerText()).trim(), { timeout }).toMatch(wanted)
    },
    choose: (transport) => page.getByRole('radio', { name: transport, exact: true }).check(),
    slide: (label, position) => page.getByRole('slider', { name: label }).fill(String(position)),
    async makeTraffic() {
      await visit.slide('Stream down', 75)
      await visit.slide('Reliable sends up', 75)
      await expect.poll(() => visit.count('Acknowledged'), patience).toBeGreaterThan(20)
    },
    async settle() {
      await page.getByRole('button', { name: 'Calm all' }).click()
      await visit.until(/^open over/)
      const before = await visit.count('Received')
      await expect.poll(() => visit.count('Received'), patience).toBeGreaterThan(before)
      await visit.slide('Stream down', 0)
      await visit.slide('Reliable sends up', 0)
      await expect.poll(() => rest(visit), patience).toEqual({ unsettled: 0, unhandled: 0, behind: 0 })
      const failed = await visit.count('Rejected, not sent, in doubt')
      return { ...(await verdict(page)), failed, errors }
    },
    close: () => page.context().close(),
  }
  return visit
}

async function rest(visit: Visit): Promise<Record<'unsettled' | 'unhandled' | 'behind', number>> {
  const [sent, acknowledged, handled, behind] = await Promise.all(
    ['Sent', 'Acknowledged', 'Handled by the server', 'Behind the server'].map((name) => visit.count(name)),
  )
  return { unsettled: sent! - acknowledged!, unhandled: sent! - handled!, behind: behind! }
}

async function verdict(page: Page): Promise<Omit<Verdict, 'failed' | 'errors'>> {
  const text = (id: string): Promise<string> => page.locator(`#${id}`).innerText()
  const [title, lost, doubled, reordered] = await Promise.all(
    ['verdict-title', 'total-lost', 'total-doubled', 'total-reordered'].map(text),
  )
  return { title: title!, lost: lost!, doubled: doubled!, reordered: reordered! }
}
