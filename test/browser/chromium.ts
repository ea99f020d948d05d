// Chromium as a place for scenarios: one browser, a page of its own for each; the client is bundled from the sources.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import type { Agent, AgentOptions } from '../promises/agent.ts'
import { figureIn, type Place, type Room } from '../promises/bench.ts'

export interface PageRoom extends Room {
  readonly page: Page
}

export interface Chromium extends Place {
  readonly browser: Browser
  /** Of the page, which has its own origin. */
  readonly url: string
  enter(): Promise<PageRoom>
  close(): Promise<void>
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['test/browser/page.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    conditions: ['@holdfast/source'],
    logLevel: 'warning',
  })
  return outputFiles[0]!.text
}

/** Calls in the page what is called here. */
async function remote(page: Page, url: string, options: AgentOptions): Promise<Agent> {
  const index = await page.evaluate(([...args]) => openAgent(...args), [url, options] as const)
  const call =
    (method: keyof Agent) =>
    (...args: unknown[]): Promise<unknown> => {
      const answer = page.evaluate(
        ([n, name, given]) => (agents[n]![name] as (...all: unknown[]) => unknown)(...given),
        [index, method, args] as const,
      )
      // Whoever awaits it hears of it; a page that has gone before is nobody's fault.
      answer.catch(() => {})
      return answer
    }
  return new Proxy({} as Agent, {
    get: (_target, method) => (method === 'then' ? undefined : call(method as keyof Agent)),
  })
}

export async function startChromium(executablePath: string): Promise<Chromium> {
  const script = await bundle()
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><title>Holdfast</title><script src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  // Playwright switches the back/forward cache off.
  const browser = await chromium.launch({ executablePath, ignoreDefaultArgs: ['--disable-back-forward-cache'] })
  const context = await browser.newContext()
  return {
    browser,
    url,
    figure: figureIn('Chromium'),
    async enter() {
      const page = await context.newPage()
      await page.goto(url)
      return {
        page,
        agent: (endpoint, options) => remote(page, endpoint, options),
        close: () => page.close(),
      }
    },
    async close() {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
