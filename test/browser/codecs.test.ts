// Codecs and compression on the platform's own classes: MessagePack over all transports from another origin, XML by the parser of the browser,
// gzip both ways. What holds in Node is tested there; here is what only a browser can show.
import { createHash } from 'node:crypto'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messagePack } from '@holdfast/server/message-pack'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createWorld, transportNames, until, type World } from '../support/world.ts'

/** What runs in the page. */
const inPage = `
  import { createClient, eventSource, gzip, holdfast, longPolling, plain, webSocket } from '@holdfast/client'
  import { messagePack } from '@holdfast/client/message-pack'
  import { xml } from '@holdfast/client/xml'
  const transports = {
    webSocket: () => webSocket(),
    eventSource: () => eventSource({ fetch: gzip() }),
    nativeEventSource: () => eventSource({ native: true, fetch: gzip() }),
    longPolling: () => longPolling({ fetch: gzip() }),
  }
  window.heard = []
  window.faults = []
  window.openClient = (url, transport, codec) => {
    window.client = createClient(url, {
      transports: [transports[transport]()],
      backoff: () => 20,
      dialect: codec === 'xml' ? plain({ codec: xml() }) : codec ? holdfast({ codec: messagePack() }) : holdfast(),
    })
    client.on('error', ({ code }) => faults.push(code))
    return client.ready()
  }
  window.blob = (n) => Uint8Array.from({ length: n % 10 ? n * 37 : 40_000 + n }, (_, i) => (i * 31 + n * 7) & 255)
  window.digest = async (all) => {
    const joined = new Uint8Array(await new Blob(all.map((bytes) => [bytes.length + ':', bytes]).flat()).arrayBuffer())
    return [...new Uint8Array(await crypto.subtle.digest('SHA-256', joined))].map((n) => n.toString(16).padStart(2, '0')).join('')
  }`

/** The same on this side. */
const blob = (n: number): Uint8Array =>
  Uint8Array.from({ length: n % 10 ? n * 37 : 40_000 + n }, (_, i) => (i * 31 + n * 7) & 255)
const blobs = Array.from({ length: 60 }, (_, n) => blob(n))
const digest = (all: readonly Uint8Array[]): string => {
  const hash = createHash('sha256')
  for (const bytes of all) hash.update(bytes.length + ':').update(bytes)
  return hash.digest('hex')
}

let browser: Browser
let site: HttpServer
let page: Page
let script: string
let world: World | null = null

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: inPage, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    format: 'iife',
    write: false,
    conditions: ['@holdfast/source'],
  })
  script = outputFiles[0]!.text
  // Of an origin of its own: what is no simple request is asked for first.
  site = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end('<!doctype html><title>Codecs</title>')
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  browser = await chromium.launch({ executablePath: inject('browserPath') })
})
beforeEach(async () => {
  page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`)
  await page.addScriptTag({ content: script })
})
afterEach(async () => {
  await page.close()
  await world?.close()
  world = null
})
afterAll(async () => {
  await browser?.close()
  site?.closeAllConnections()
  site?.close()
})

const openIn = (url: string, transport: string, codec: string): Promise<unknown> =>
  page.evaluate(`openClient(${JSON.stringify(url)}, '${transport}', '${codec}')`)

describe.each([...transportNames, 'nativeEventSource'])('MessagePack over %s', (transport) => {
  test('carries bytes both ways through a cut, byte for byte, in order and once', async () => {
    const up: Uint8Array[] = []
    world = await createWorld({
      codecs: [messagePack()],
      attach: { path: '/realtime', allowedOrigins: '*', compression: true },
      setUp: (server) => server.onMessage('up', (data) => void up.push(data as Uint8Array)),
    })
    const { server, proxy } = world
    await openIn(world.url, transport, 'messagePack')
    await page.evaluate(`client.subscribe('down', (data) => heard.push(data)).ready`)
    const sent = page.evaluate(
      `Promise.all(Array.from({ length: 60 }, (_, n) => client.send('up', blob(n)))).then(() => client.flush())`,
    )
    for (const bytes of blobs.slice(0, 30)) await server.publish('down', bytes)
    expect(proxy.cut({ how: 'reset' })).toBeGreaterThan(0)
    for (const bytes of blobs.slice(30)) await server.publish('down', bytes)
    await sent
    await page.waitForFunction('heard.length >= 60')
    expect(await page.evaluate('[heard.length, heard.every((data) => data.constructor === Uint8Array)]')).toEqual([
      60,
      true,
    ])
    expect(await page.evaluate('digest(heard)')).toBe(digest(blobs))
    expect([up.length, digest(up)]).toEqual([60, digest(blobs)])
    expect(await page.evaluate('faults')).toEqual([])
  })
})

test('a page whose server has no MessagePack is told so, from another origin too', async () => {
  world = await createWorld()
  for (const transport of transportNames) {
    const refused = await page.evaluate(
      `openClient('${world.url}', '${transport}', 'messagePack').then(() => 'open', ({ code, message }) => [code, message])`,
    )
    expect(refused).toEqual([expect.any(String), expect.stringMatching(/msgpack/)])
    expect(await page.evaluate('client.status')).toBe('closed')
  }
})

describe('compression', () => {
  const long = 'the same again and again '.repeat(4_000)

  test('large bodies go up as gzip and large answers to polls come so; small ones do not', async () => {
    world = await createWorld({
      attach: { path: '/realtime', allowedOrigins: '*', compression: true },
      setUp: (server) => server.onMessage('echo', (data) => data),
    })
    const bodies: { encoding: string | undefined; bytes: number }[] = []
    page.on('request', (request) => {
      if (request.method() !== 'POST') return
      const bytes = request.postDataBuffer()?.length ?? 0
      bodies.push({ encoding: request.headers()['content-encoding'], bytes })
    })
    const answers: (string | undefined)[] = []
    page.on('response', (response) => {
      if (response.request().method() === 'POST') answers.push(response.headers()['content-encoding'])
    })
    await openIn(world.url, 'longPolling', '')
    expect(await page.evaluate(`client.request('echo', 'short')`)).toBe('short')
    expect(bodies.length).toBeGreaterThan(1)
    expect(bodies.map(({ encoding }) => encoding)).not.toContain('gzip')
    expect(answers).not.toContain('gzip')
    expect(await page.evaluate(`client.request('echo', ${JSON.stringify(long)})`)).toBe(long)
    const squeezed = bodies.filter(({ encoding }) => encoding === 'gzip')
    expect(squeezed).toHaveLength(1)
    expect(squeezed[0]!.bytes).toBeLessThan(long.length / 20)
    await until(() => answers.includes('gzip'), 'an answer that is squeezed')
  })

  test('permessage-deflate is agreed on where the server has it, without contexts, and not elsewhere', async () => {
    const agreed = async (compression: boolean): Promise<string> => {
      await world?.close()
      world = await createWorld({ attach: { path: '/realtime', allowedOrigins: '*', compression } })
      return page.evaluate(`new Promise((resolve) => {
        const socket = new WebSocket('${world.url.replace('http', 'ws')}', ['holdfast.1'])
        socket.onopen = () => { resolve(socket.extensions); socket.close() }
      })`)
    }
    expect(await agreed(true)).toMatch(/permessage-deflate.*server_no_context_takeover/)
    expect(await agreed(false)).toBe('')
  })
})

describe('XML by the parser of the browser', () => {
  test('Documents go and come, what is no XML is reported, and nothing is fetched for an entity', async () => {
    let fetched = 0
    const http = createServer((_, response) => {
      fetched++
      response.end('secret')
    })
    const sockets = new WebSocketServer({ server: http })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    const said: string[] = []
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => {
        said.push(data.toString())
        socket.send('<broken')
        socket.send(`<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:${port}/secret">]><a>before &x; after</a>`)
        const laughs = Array.from({ length: 12 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`).join('')
        socket.send(`<!DOCTYPE a [<!ENTITY e0 "ha">${laughs}]><a>&e12;</a>`)
        socket.send(data.toString())
      }),
    )
    try {
      await openIn(`http://127.0.0.1:${port}/`, 'webSocket', 'xml')
      await page.evaluate(
        `client.on('message', ({ data }) => heard.push(data.documentElement.outerHTML.slice(0, 200)))`,
      )
      const order = '<order xmlns="urn:shop" to="&lt;Zoë 🦑&gt;"><item n="1"/></order>'
      await page.evaluate(
        `client.send('order', new DOMParser().parseFromString(${JSON.stringify(order)}, 'application/xml'))`,
      )
      await page.waitForFunction(`heard.some((text) => text.includes('<item'))`)
      expect(said).toEqual([order])
      expect(await page.evaluate('heard.at(-1)')).toBe(order)
      expect(await page.evaluate('faults')).toContain('undecodable')
      expect((await page.evaluate<string[]>('heard')).join()).not.toContain('secret')
      expect(fetched).toBe(0)
      expect(await page.evaluate(`client.send('order', '<order/>').catch(({ code }) => code)`)).toBe('unencodable')
      expect(await page.evaluate('client.status')).toBe('open')
    } finally {
      await page.evaluate('client.close()')
      sockets.close()
      http.closeAllConnections()
      http.close()
    }
  })
})
