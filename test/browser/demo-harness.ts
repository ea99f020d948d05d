// The demo as a person has it: served by its own service, in a real browser. Built from the sources, in memory of this run only.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core'
import type { ExpectStatic, TestContext } from 'vitest'
import { startDemo } from '../../demo/service/demo.ts'

/** Tests run side by side: each has a demo of its own, whose weather strikes nobody else. */
export interface DemoRun {
  /** Runs a service for as long as `act` takes, and sees that no script of its visitors has failed. */
  serving(context: TestContext, act: (visit: OpenVisit, url: string) => Promise<void>): Promise<void>
  /** The same with one visitor. */
  visiting(context: TestContext, act: (visit: Visit) => Promise<void>, options?: BrowserContextOptions): Promise<void>
  close(): Promise<void>
}

/** A fresh visitor, once the page is connected: the main one, or another. */
type OpenVisit = (options?: BrowserContextOptions, page?: string) => Promise<Visit>

export async function runDemo(browserPath: string): Promise<DemoRun> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'))
  await build({
    entryPoints: { main: 'demo/src/main.ts', react: 'demo/react/main.tsx', vue: 'demo/vue/main.ts' },
    outdir: folder,
    bundle: true,
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    format: 'esm',
    conditions: ['@holdfast/source'],
    logLevel: 'warning',
  })
  const files = {
    assets: pathToFileURL('demo/'),
    library: pathToFileURL('packages/client/dist/'),
    script: pathToFileURL(join(folder, 'main.js')),
  }
  const browser = await chromium.launch({ executablePath: browserPath })

  const run: DemoRun = {
    async serving({ expect }, act) {
      const demo = await startDemo({ files, port: 0, realtimePort: 0, host: '127.0.0.1' })
      const url = `http://localhost:${demo.port}/`
      const visits: Visit[] = []
      const open: OpenVisit = async (options, page = '') => {
        const visit = createVisit(await newPage(browser, options), url + page, expect)
        visits.push(visit)
        await visit.open()
        return visit
      }
      try {
        await act(open, url)
        for (const { errors } of visits) expect(errors).toEqual([])
      } finally {
        await Promise.all(visits.map((visit) => visit.close()))
        await demo.close()
      }
    },
    visiting: (context, act, options) => run.serving(context, async (visit) => act(await visit(options))),
    async close() {
      await browser.close()
      await rm(folder, { recursive: true })
    },
  }
  return run
}

const newPage = async (browser: Browser, options?: BrowserContextOptions): Promise<Page> =>
  (await browser.newContext(options)).newPage()

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
  /** Looks again and again: for what comes true and stays so. */
  soon<T>(look: () => T | Promise<T>): ReturnType<ExpectStatic['poll']>
  /** Waits until the status says this. */
  until(status: string | RegExp): Promise<void>
  /** The highest the figure gets from now on, however short. */
  peak(name: string): Promise<() => Promise<number>>
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

/** Long enough for a slow machine, short enough for the test's own limit. */
const patience = { timeout: 50_000 }

const figure = (name: string): string => `[data-count="${name}"]`
const numberIn = (text: string): number => Number(text.replaceAll(',', ''))

/** Polls of tests that run side by side need the `expect` of the test that they are part of. */
function createVisit(page: Page, url: string, expect: ExpectStatic): Visit {
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
    count: async (name) => numberIn(await page.locator(figure(name)).innerText()),
    async peak(name) {
      const peak = await page.locator(figure(name)).evaluateHandle((element) => {
        const seen = [element.textContent]
        new MutationObserver(() => seen.push(element.textContent)).observe(element, {
          childList: true,
          characterData: true,
          subtree: true,
        })
        return seen
      })
      return async () => Math.max(...(await peak.jsonValue()).map(numberIn))
    },
    logged: (text) => page.locator('#log-lines li').filter({ hasText: text }).count(),
    soon: (look) => expect.poll(look, patience),
    async until(wanted) {
      await visit.soon(async () => (await status().innerText()).trim()).toMatch(wanted)
    },
    choose: (transport) => page.getByRole('radio', { name: transport, exact: true }).check(),
    slide: (label, position) => page.getByRole('slider', { name: label }).fill(String(position)),
    async makeTraffic() {
      await visit.slide('Stream down', 75)
      await visit.slide('Reliable sends up', 75)
      await visit.soon(() => visit.count('Acknowledged')).toBeGreaterThan(20)
    },
    async settle() {
      await page.getByRole('button', { name: 'Calm all' }).click()
      await visit.until(/^open over/)
      const before = await visit.count('Received')
      await visit.soon(() => visit.count('Received')).toBeGreaterThan(before)
      await visit.slide('Stream down', 0)
      await visit.slide('Reliable sends up', 0)
      await visit.soon(() => rest(visit)).toEqual({ unsettled: 0, unhandled: 0, behind: 0 })
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
