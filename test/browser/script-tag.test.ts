// Pages without a bundler: both files that a CDN serves, in a real browser. They are the built ones, so `npm run build` comes first.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { createWorld, until, type World } from '../support/world.ts'
import { runDemo } from './demo-harness.ts'
import { serveSite, usePages, type Site } from './pages.ts'

const dist = 'packages/client/dist'
const classic = 'holdfast.min.js'
const module = 'holdfast.module.min.js'
const integrity = JSON.parse(readFileSync(`${dist}/integrity.json`, 'utf8')) as Record<string, string>

const pages = usePages()

test('a script tag gives window.Holdfast with everything of /auto', async () => {
  await pages.page.addScriptTag({ path: `${dist}/${classic}` })
  const names: string[] = await pages.page.evaluate('Object.keys(Holdfast)')
  const auto: object = await import('@holdfast/client/auto')
  expect(names).toContain('connect')
  expect(names.toSorted()).toEqual(Object.keys(auto).toSorted())
})

test('a module script imports one file that needs nothing else', async () => {
  const code = readFileSync(`${dist}/${module}`).toString('base64')
  const names: string[] = await pages.page.evaluate(`import('data:text/javascript;base64,${code}').then(Object.keys)`)
  expect(names).toContain('connect')
})

test('integrity.json names the SHA-384 of both files, as they are', () => {
  const hashOf = (name: string): string =>
    `sha384-${createHash('sha384')
      .update(readFileSync(`${dist}/${name}`))
      .digest('base64')}`
  expect(integrity).toEqual({ [classic]: hashOf(classic), [module]: hashOf(module) })
})

describe('from a CDN, with a hash, under a strict Content-Security-Policy', () => {
  /** What the page's own script does, once it has `connect`. */
  const act = `
    const { endpoint, open } = document.documentElement.dataset
    window.client = connect(endpoint, { timeouts: { open: Number(open) } })
    window.heard = []
    client.subscribe('down', (data) => heard.push(data))
    client.send('up', 'from the page').then(() => (document.title = 'acknowledged'))`
  const scripts: Readonly<Record<string, string>> = {
    '/app.js': `const { connect } = Holdfast; ${act}`,
    '/app.module.js': `import { connect } from './${module}'; ${act}`,
    [`/${classic}`]: readFileSync(`${dist}/${classic}`, 'utf8'),
    [`/${module}`]: readFileSync(`${dist}/${module}`, 'utf8'),
  }
  const tags = {
    classic: (hash = integrity[classic], crossorigin = 'crossorigin="anonymous"') =>
      `<script src="${cdn.url}/${classic}" integrity="${hash}" ${crossorigin} defer></script>
      <script src="${cdn.url}/app.js" defer></script>`,
    module: (hash = integrity[module], crossorigin = 'crossorigin="anonymous"') =>
      `<link rel="modulepreload" href="${cdn.url}/${module}" integrity="${hash}" ${crossorigin}>
      <script type="module" src="${cdn.url}/app.module.js"></script>`,
  }
  type Kind = keyof typeof tags
  const kinds: readonly Kind[] = ['classic', 'module']

  let cdn: Site
  let site: Site
  let world: World
  let handled: unknown[]
  /** What the site answers with. */
  let html: string
  let policy: string

  beforeEach(async () => {
    cdn = await serveSite(({ url }, response) => {
      const script = scripts[url ?? '']
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('content-type', 'text/javascript')
      response.writeHead(script === undefined ? 404 : 200).end(script)
    })
    site = await serveSite((_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.setHeader('content-security-policy', policy)
      response.end(html)
    })
    handled = []
    world = await createWorld({
      attach: { allowedOrigins: [site.url] },
      setUp: (server) => void server.onMessage('up', (data) => void handled.push(data)),
    })
  })
  afterEach(() => Promise.all([cdn.close(), site.close(), world.close()]))

  const endpoint = (): string => new URL(world.url).origin
  const webSocketEndpoint = (): string => endpoint().replace('http', 'ws')

  /** Goes to the page; what the policy has forbidden it is gathered. */
  async function open(
    body: string,
    connect = `${endpoint()} ${webSocketEndpoint()}`,
    openTimeout = 10_000,
  ): Promise<void> {
    policy = `default-src 'none'; script-src ${cdn.url}; connect-src ${connect}; require-trusted-types-for 'script'`
    const settings = `data-endpoint="${world.url}" data-open="${openTimeout}"`
    html = `<!doctype html><html ${settings}><link rel="icon" href="data:,"><title>waiting</title>${body}</html>`
    await pages.page.addInitScript(() => {
      const forbidden: string[] = []
      addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
        forbidden.push(`${effectiveDirective} ${blockedURI}`),
      )
      Object.assign(window, { forbidden, failed: [] as string[] })
      addEventListener(
        'error',
        ({ target }) => {
          if (target instanceof HTMLScriptElement) (window as never as { failed: string[] }).failed.push(target.src)
        },
        true,
      )
    })
    await pages.page.goto(site.url)
  }
  const inPage = <T>(expression: string): Promise<T> => pages.page.evaluate(expression) as Promise<T>
  /** But for the icon, which every page wants. */
  const forbidden = async (): Promise<string[]> =>
    (await inPage<string[]>('forbidden')).filter((one) => !one.startsWith('img-src'))

  /** Both directions, over the transport that is left. */
  async function talks(transport: string): Promise<void> {
    await until(async () => (await pages.page.title()) === 'acknowledged', 'the acknowledgement')
    expect(handled).toEqual(['from the page'])
    await world.server.publish('down', 'to the page')
    await until(async () => (await inPage<unknown[]>('heard')).length > 0, 'a message down')
    expect(await inPage('heard')).toEqual(['to the page'])
    expect(await inPage('client.snapshot.transport')).toBe(transport)
  }

  describe.each(kinds)('%s', (kind) => {
    test.each([
      { transport: 'webSocket', broken: [] },
      { transport: 'eventSource', broken: ['webSocket'] },
      { transport: 'longPolling', broken: ['webSocket', 'stream'] },
    ])('talks to an endpoint of a third origin over $transport, and wants nothing that is forbidden', async (way) => {
      for (const kind of way.broken) world.proxy.rule({ fault: 'fail', kind, status: 403 })
      await open(tags[kind]())
      await talks(way.transport)
      expect(await forbidden()).toEqual([])
    })

    test('a file that is not the one the hash is of does not run', async () => {
      const wrong = integrity[kind === 'classic' ? module : classic]
      await open(tags[kind](wrong))
      await pages.page.waitForLoadState('load')
      expect(await inPage('typeof Holdfast + typeof client')).toBe('undefinedundefined')
      expect(world.proxy.counters.clients.total).toBe(0)
    })
  })

  test('a page that may only use HTTP is open over an event stream', async () => {
    // A WebSocket that the policy forbids reports no end in Chromium: it is given up when its time to open is over.
    await open(tags.classic(), endpoint(), 500)
    await talks('eventSource')
    expect(await forbidden()).toEqual([`connect-src ${world.url.replace('http', 'ws')}`])
  })

  test('without crossorigin a file with a hash does not run', async () => {
    await open(tags.classic(integrity[classic], ''))
    await pages.page.waitForLoadState('load')
    expect(await inPage('failed')).toContain(`${cdn.url}/${classic}`)
    expect(await inPage('typeof Holdfast')).toBe('undefined')
  })

  test('the policy is in force: an endpoint it does not name is not reached', async () => {
    await open(tags.classic(), 'https://elsewhere.example')
    await until(async () => (await forbidden()).length > 0, 'the refusal')
    expect(await inPage('client.status')).not.toBe('open')
    expect(world.proxy.counters.clients.total).toBe(0)
  })
})

test('the plain page of the demo loads one file with its hash, and talks with the main page', async (context) => {
  const demo = await runDemo(inject('browserPath'))
  try {
    await demo.serving(context, async (visit, url) => {
      const main = await visit()
      await main.page.getByRole('link', { name: 'one script tag' }).click()
      await main.page.waitForURL(`${url}plain.html`)
      const plain = main.page
      expect(await plain.locator('script[integrity]').getAttribute('integrity')).toBe(integrity[classic])
      const other = await visit()
      await plain.getByLabel('Message', { exact: true }).fill('from one tag')
      await plain.keyboard.press('Enter')
      const lineOf = (at: Page, text: string): ReturnType<Page['locator']> =>
        at.locator('#chat-lines li').filter({ hasText: text })
      await main.soon(() => lineOf(plain, 'from one tag').locator('.state').innerText()).toBe('acknowledged')
      await other.soon(() => lineOf(other.page, 'from one tag').count()).toBe(1)
      await other.page.getByLabel('Message', { exact: true }).fill('from the main page')
      await other.page.keyboard.press('Enter')
      await main.soon(() => lineOf(plain, 'from the main page').count()).toBe(1)
      expect((await plain.getByRole('status').innerText()).trim()).toBe('open')
    })
  } finally {
    await demo.close()
  }
})
