// The examples that are pages, as whoever copies them has them: the quick start under Vite, and those without a bundler from a CDN, which are
// the built files, so `npm run build` comes first.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createServer as createRealtime } from '@holdfast/server'
import type { Page } from 'playwright-core'
import { createServer as createVite, defaultClientConditions } from 'vite'
import { describe, expect, test } from 'vitest'
import { exampleNamed, examplesOf } from '../docs/pages.ts'
import { bundle, makeFolder, run, writeExample } from '../docs/workshop.ts'
import { serveSite, usePages } from './pages.ts'

const pages = usePages()

test('two pages of the quick start talk through its server, and an empty line is refused', async () => {
  const from = 'docs/quick-start.md'
  const folder = makeFolder('spa')
  const [config = ''] = ['main.ts', 'topics.ts', 'vite.config.ts'].map((name) =>
    writeExample(folder, exampleNamed(from, name)),
  )
  const root = dirname(config)
  const html = examplesOf(from).find(({ language }) => language === 'html')!
  writeFileSync(`${root}/index.html`, html.code)
  // On any port, and the address that Vite's proxy is to have then.
  const serverFile = writeExample(folder, exampleNamed(from, 'server.ts'))
  const code = readFileSync(serverFile, 'utf8').replace(
    `8080, () => console.log('listening')`,
    `0, () => console.log(http.address())`,
  )
  writeFileSync(serverFile, code)
  const server = run(await bundle(serverFile))
  const port = await server.finds(/port: (\d+)/)
  const configFile = resolve(root, 'vite.config.ts')
  writeFileSync(configFile, readFileSync(configFile, 'utf8').replace('8080', port))
  const vite = await createVite({
    root,
    configFile,
    cacheDir: resolve(root, '.vite'),
    logLevel: 'error',
    server: { port: 0, host: 'localhost' },
    resolve: { conditions: ['@holdfast/source', ...defaultClientConditions] },
  })
  try {
    await vite.listen()
    const [url = ''] = vite.resolvedUrls!.local
    const { browser, page } = pages
    const other = await browser.newPage()
    await Promise.all([page.goto(url), other.goto(url)])
    const say = async (text: string): Promise<void> => {
      await page.fill('input', text)
      await page.click('button')
    }
    const linesOf = (of: Page): Promise<string[]> => of.locator('#lines li').allTextContents()
    await expect.poll(() => page.textContent('#status')).toBe('open')
    await say('hello there')
    await expect.poll(() => linesOf(other)).toEqual(['Ada: hello there'])
    await say(' ')
    await expect
      .poll(() => linesOf(page))
      .toEqual(['Ada: hello there', expect.stringMatching(/^rejected: .*Say something/)])
    expect(await linesOf(other)).toEqual(['Ada: hello there'])
    await other.close()
  } finally {
    await vite.close()
    server.stop()
    await server.ended
  }
})

describe('pages without a bundler', () => {
  const dist = 'packages/client/dist'
  const integrity = JSON.parse(readFileSync(`${dist}/integrity.json`, 'utf8')) as Record<string, string>
  const htmlOf = (from: string) => examplesOf(from).filter(({ language }) => language === 'html')

  test.each([...htmlOf('README.md'), ...htmlOf('docs/script-tag.md')])(
    '$page, line $line',
    async ({ page: from, code }) => {
      const realtime = createRealtime()
      const said: unknown[] = []
      realtime.onMessage('chat/lobby', async (line) => {
        said.push(line)
        await realtime.publish('chat/lobby', line)
      })
      const site = await serveSite((request, response) => {
        const script = examplesOf(from).find(({ name }) => name === request.url!.slice(1))
        response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html')
        response.end(placed(script?.code ?? code))
      })
      /** With what only a release has: the addresses of the endpoint and the hashes. */
      const placed = (text: string): string =>
        text
          .replaceAll('https://rt.example.com/realtime', '/realtime')
          .replace(/sha384-\(of ([\w.]+)\)/g, (_, name: string) => integrity[name]!)
      realtime.attach(site.http, { path: '/realtime' })
      const { page } = pages
      await page.route('https://unpkg.com/**', (route) => {
        // The address without a file leads to the one that `unpkg` of package.json names.
        const name = /dist\/([\w.]+)$/.exec(route.request().url())?.[1] ?? 'holdfast.min.js'
        return route.fulfill({
          path: `${dist}/${name}`,
          contentType: 'text/javascript',
          headers: { 'access-control-allow-origin': '*' },
        })
      })
      const printed: string[] = []
      page.on('pageerror', (error) => printed.push(String(error)))
      page.on('console', (message) => printed.push(message.text()))
      try {
        await page.goto(`${site.url}/`)
        await expect.poll(async () => printed.join() + (await page.innerText('body'))).toMatch(/A page.*hi/)
        expect(said).toEqual([{ name: 'A page', text: 'hi' }])
      } finally {
        await page.goto('about:blank')
        await realtime.close()
        await site.close()
      }
    },
  )
})
