// What only Node can show: every timer, listener, socket and request of a client counted, its process ending by itself, and raw requests
// with a foreign Origin.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterEach, describe, expect, test } from 'vitest'
import { createClient, eventSource, longPolling, webSocket, type Transport } from '@holdfast/client'
import { WebSocket as NodeWebSocket } from 'ws'
import { createWorld, transportNames, until, type TransportName, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

/** What is held at present. */
function createLedger() {
  const held = { timers: 0, listeners: 0, sockets: 0, requests: 0 }
  class CountedSocket extends NodeWebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      held.sockets++
      this.on('close', () => held.sockets--)
    }
  }
  const counted: typeof fetch = async (url, init) => {
    held.requests++
    init?.signal?.addEventListener('abort', () => {})
    try {
      return await fetch(url, init)
    } finally {
      held.requests--
    }
  }
  const transports: { readonly [name in TransportName]: () => Transport } = {
    webSocket: () => webSocket({ WebSocket: CountedSocket as unknown as typeof WebSocket }),
    eventSource: () => eventSource({ fetch: counted }),
    longPolling: () => longPolling({ fetch: counted }),
  }
  return {
    held,
    options: (name: TransportName) => ({
      transports: [transports[name]()],
      clock: {
        now: () => performance.now(),
        after(delay: number, fn: () => void): () => void {
          held.timers++
          const timer = setTimeout(() => {
            held.timers--
            cancelled = true
            fn()
          }, delay)
          let cancelled = false
          return () => {
            if (cancelled) return
            cancelled = true
            held.timers--
            clearTimeout(timer)
          }
        },
      },
      environment: () => {
        held.listeners++
        return () => void held.listeners--
      },
    }),
  }
}

describe.each(transportNames)('%s', (transport) => {
  test('close() leaves no timer, listener, socket or request, whatever the client was doing', async () => {
    world = await createWorld()
    for (const moment of ['open', 'sending', 'opening', 'waiting'] as const) {
      const { held, options } = createLedger()
      if (moment === 'opening') world.proxy.rule({ fault: 'hang' })
      if (moment === 'waiting') world.proxy.down()
      const client = createClient(world.url, options(transport))
      if (moment === 'waiting') await until(() => client.snapshot.retryAt !== null, 'a failed attempt')
      else if (moment !== 'opening') await client.ready()
      if (moment === 'sending') client.send('nobody', 1).catch(() => {})
      expect(held).toMatchObject({ timers: expect.any(Number), listeners: 1 })
      await client.close()
      expect([held.timers, held.listeners]).toEqual([0, 0])
      await until(() => held.sockets + held.requests === 0, `nothing left after closing while ${moment}`)
      world.proxy.calm()
      await world.proxy.up()
    }
  })

  test('a process ends by itself after close()', async () => {
    world = await createWorld()
    const { outputFiles } = await build({
      stdin: { contents: program(world.url, transport), resolveDir: process.cwd(), loader: 'ts' },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'cjs',
      conditions: ['@holdfast/source'],
    })
    const running = promisify(execFile)(process.execPath, ['-'], { timeout: 40_000 })
    running.child.stdin!.end(outputFiles[0]!.text)
    const { stdout } = await running
    expect(stdout).toContain('closed')
  })
})

const program = (url: string, transport: TransportName): string => `
  import { createClient, ${transport} } from '@holdfast/client'
  import { WebSocket } from 'ws'
  const client = createClient('${url}', { transports: [${transport}({ WebSocket })] })
  client.send('nobody', 1).catch(() => {}).then(() => client.close()).then(() => console.log('closed'))
`

test('requests and upgrades with a foreign Origin are refused', async () => {
  world = await createWorld({ attach: { allowedOrigins: ['https://ours.example'] } })
  const ask = async (origin: string): Promise<number> => {
    const hello = JSON.stringify([
      ['hello', { version: 1, session: null, incarnation: 1, settled: 0, subscriptions: [], via: 'poll' }],
    ])
    return (await fetch(world.url, { method: 'POST', body: hello, headers: { origin } })).status
  }
  const upgrade = (origin: string): Promise<number> =>
    new Promise((resolve) => {
      const socket = new NodeWebSocket(world.url.replace('http', 'ws'), ['holdfast.1'], { origin })
      socket.on('error', () => {})
      socket.on('open', () => {
        socket.terminate()
        resolve(101)
      })
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode!))
    })
  for (const origin of ['https://evil.example', 'null', 'https://ours.example.evil.example'])
    expect([await ask(origin), await upgrade(origin)]).toEqual([403, 403])
  expect([await ask('https://ours.example'), await upgrade('https://ours.example')]).toEqual([200, 101])
})

test('the first retry after a healthy link is spread as the server has announced', async () => {
  world = await createWorld({ retrySpread: 600 })
  const client = world.client('webSocket', { random: () => 0.5, minUptime: 0 })
  await client.ready()
  const pauses: number[] = []
  client.watch(({ retryAt }) => void (retryAt !== null && pauses.push(retryAt - performance.now())))
  const since = performance.now()
  world.proxy.cut()
  await until(() => pauses.length > 0, 'the loss')
  expect(pauses[0]).toBeGreaterThan(290)
  expect(pauses[0]).toBeLessThanOrEqual(300)
  await client.ready()
  expect(performance.now() - since).toBeGreaterThan(290)
  expect(performance.now() - since).toBeLessThan(1500)
})
