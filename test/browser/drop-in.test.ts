// Our WebSocket class beside that of Chromium, on one list of cases; and libraries over it while the network breaks.
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { acceptSockets, type ServerSocket } from '@holdfast/server'
import { acceptEchoes, listenPlain, type Listening } from '../drop-in/far-side.ts'
import { createGraphqlServer, graphqlProtocols } from '../drop-in/graphql.ts'
import { cases } from '../drop-in/interface-cases.ts'
import { createYServer } from '../drop-in/yjs.ts'
import { numbers } from '../promises/bench.ts'
import { createWorld, until, type World } from '../support/world.ts'

const CUTS = 10

let browser: Browser
let script: string
let plain: Listening
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: inject('browserPath') })
  plain = await listenPlain()
  const { outputFiles } = await build({
    entryPoints: ['test/browser/drop-in-page.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    conditions: ['@holdfast/source'],
    logLevel: 'warning',
  })
  script = outputFiles[0]!.text
})
afterAll(async () => {
  await browser?.close()
  await plain?.close()
})

/** A page of the origin of the server without Holdfast. */
async function openPage(): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(plain.url.replace('ws', 'http'))
  await page.addScriptTag({ content: script })
  return page
}

describe('the interface', () => {
  let world: World
  let page: Page
  beforeAll(async () => {
    world = await createWorld({ setUp: acceptEchoes })
    page = await openPage()
  })
  afterAll(async () => {
    await page?.close()
    await world?.close()
  })

  const urls: readonly (readonly [name: string, url: () => string])[] = [
    ['that of Chromium', () => plain.url],
    ['ours, over a Holdfast server', () => world.proxy.url.replace('http', 'ws')],
    ['ours, over a plain server', () => plain.url],
  ]
  describe.each(urls)('%s', (name, url) => {
    test.each(cases)('$title', async ({ title, expected, inChromium }) => {
      const result = await page.evaluate(([...args]) => runCase(...args), [title, name, url()] as const)
      expect(result).toEqual(name.includes('Chromium') ? (inChromium ?? expected) : expected)
    })
  })
})

/** A world whose server gives sockets to `accept`, a page, and the URL that libraries are told. */
async function enter(
  accept: (socket: ServerSocket) => void,
  protocols?: string[],
): Promise<{ world: World; page: Page; url: string; leave(): Promise<void> }> {
  const world = await createWorld({
    setUp: (server) => void acceptSockets(server, protocols ? { protocols } : {}, accept),
  })
  const page = await openPage()
  return {
    world,
    page,
    url: world.proxy.url.replace('http', 'ws') + '/library?as=usual',
    async leave() {
      await page.close()
      await world.close()
    },
  }
}

/** Cuts every connection as soon as something more has happened since the last cut. */
async function cutOften(world: World, happened: () => Promise<number>): Promise<void> {
  for (let cut = 1; cut <= CUTS + 1; cut++) {
    const before = await happened()
    await until(async () => (await happened()) > before + 20, `traffic before cut ${cut}`)
    if (cut <= CUTS) world.proxy.cut({ how: cut % 2 ? 'reset' : 'end' })
  }
}

test(`graphql-ws in a page sees every number once and in order through ${CUTS} cuts, and no end of its connection`, async () => {
  const server = createGraphqlServer()
  const { world, page, url, leave } = await enter(server.accept, graphqlProtocols)
  await page.evaluate((at) => openGraphql(at), url)
  await cutOften(world, async () => await page.evaluate(() => graphql.counted.length))
  const { counted, seen, failure } = await page.evaluate(() => {
    const { counted: all, seen: ends, failure: why } = graphql
    return { counted: all, seen: ends, failure: why }
  })
  expect(counted).toEqual(numbers(counted.length))
  expect(seen).toEqual({ connected: 1, closed: [] })
  expect(failure).toBeNull()
  await page.evaluate(async () => await graphql.close())
  await until(() => server.open === 0, 'the server to hear of the end')
  await leave()
})

test(`two documents of y-websocket in a page become one through ${CUTS} cuts, and neither sees an end of its connection`, async () => {
  const shared = createYServer()
  const { world, page, url, leave } = await enter(shared.accept)
  await page.evaluate((at) => openDocuments(at, 2), url)
  const all = shared.doc.getArray<string>('items')
  await page.evaluate(() => {
    const state = { typed: 0 }
    const timer = setInterval(() => {
      for (const [i, { items }] of documents.entries()) items.push([`${i}:${state.typed}`])
      state.typed++
    }, 2)
    globalThis.stopTyping = () => (clearInterval(timer), state.typed)
  })
  await cutOften(world, () => Promise.resolve(all.length))
  const typed = await page.evaluate(() => stopTyping())
  const texts = (): Promise<string[][]> => page.evaluate(() => documents.map(({ items }) => items.toArray()))
  await until(
    async () => [all.toArray(), ...(await texts())].every(({ length }) => length === typed * 2),
    'all that was typed, everywhere',
  )
  for (const text of await texts()) expect(text).toEqual(all.toArray())
  for (const i of [0, 1])
    expect(all.toArray().filter((item) => item.startsWith(`${i}:`))).toEqual(numbers(typed).map((n) => `${i}:${n}`))
  expect(await page.evaluate(() => documents.map(({ seen }) => seen))).toEqual([
    { connected: 1, closed: [] },
    { connected: 1, closed: [] },
  ])
  await leave()
})
