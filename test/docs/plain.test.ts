// The examples of the page on the plain dialect, and those of the packages' pages, are run: against servers that speak as the examples say.
import { createServer, type IncomingMessage } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { until } from '../support/world.ts'
import { examplesOf, type Example } from './pages.ts'
import { createStage } from './stage.ts'
import type { Run } from './workshop.ts'

const stage = createStage()
afterEach(() => stage.clear())

const exampleWith = (page: string, part: string): Example => {
  const found = examplesOf(page).filter(({ code }) => code.includes(part))
  expect(found).toHaveLength(1)
  return found[0]!
}

interface Played {
  readonly client: Run
  /** What the client has said, JSON as values and anything else as text. */
  readonly said: unknown[]
}

/** Runs the example that has this part in it, with a WebSocket server that says `first` and then answers by `reply`. */
async function play(
  page: string,
  part: string,
  first: readonly unknown[],
  reply?: (said: unknown) => unknown,
): Promise<Played> {
  const said: unknown[] = []
  const read = (text: string): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }
  const http = createServer()
  new WebSocketServer({ server: http }).on('connection', (socket: WebSocket) => {
    const say = (message: unknown): void => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
    for (const message of first) say(message)
    socket.on('message', (packet: Buffer) => {
      said.push(read(packet.toString()))
      const answer = reply?.(said.at(-1))
      if (answer !== undefined) say(answer)
    })
  })
  const host = await stage.listen(http)
  return { client: await stage.start(exampleWith(page, part), { 'wss://example.com': `ws://${host}` }), said }
}

const PLAIN = 'docs/plain.md'

test.each([
  [PLAIN, `await client.send('order', { symbol: 'ACME', count: 1 })`],
  ['README.md', '@holdfast/client/plain'],
])('%s: { type, payload } both ways', async (page, part) => {
  const { client, said } = await play(page, part, [{ type: 'price', payload: 'ACME at 42' }])
  await client.prints('ACME at 42')
  if (page !== PLAIN) return
  await until(() => said.length > 0, 'the order')
  expect(said).toEqual([{ type: 'order', payload: { symbol: 'ACME', count: 1 } }])
})

test('ping and pong as bare words: the ping of the server is answered', async () => {
  const { said } = await play(PLAIN, 'codec: jsonOrText', ['ping'])
  await until(() => said.length > 0, 'the pong')
  expect(said).toEqual(['pong'])
})

test('{ socketType, action, data } reaches those who subscribe', async () => {
  const { client } = await play(PLAIN, 'socketType', [
    { socketType: 'other', action: 'message', data: 'not this' },
    { socketType: 'chat', action: 'message', data: 'but this' },
  ])
  expect(await client.finds(/(not this|but this)\n/)).toBe('but this')
})

test('{ type, id, payload } is acknowledged by { ack: id }, with its result', async () => {
  const { client, said } = await play(PLAIN, 'withId:', [], (message) => ({
    ack: (message as { id: string }).id,
    result: 1234,
  }))
  expect(await client.finds(/(\d+)\n/)).toBe('1234')
  expect(said).toEqual([{ type: 'order/total', id: expect.any(String), payload: { order: 7 } }])
})

test('{ seq } with a hole is asked for from the first that is missing', async () => {
  const { said } = await play(PLAIN, `type: 'resync'`, [
    { seq: 1, topic: 't', started: 'a' },
    { seq: 3, topic: 't', started: 'a' },
  ])
  await until(() => said.length > 0, 'the question')
  expect(said).toEqual([{ type: 'resync', from: 2 }])
})

test('an event stream and polls: names are topics, the position and the token travel', async () => {
  const asked: { url: string | undefined; token: string | undefined; id: unknown }[] = []
  const http = createServer((request: IncomingMessage, response) => {
    asked.push({ url: request.url, token: request.headers.authorization, id: request.headers['last-event-id'] })
    if (!request.url!.startsWith('/news')) return response.end(JSON.stringify({ orders: [{ id: 1 }, { id: 2 }] }))
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    return response.end('event: headline\nid: 7\ndata: "It works"\n\n')
  })
  const host = await stage.listen(http)
  const client = await stage.start(exampleWith(PLAIN, 'longPolling({ interval'), {
    'https://example.com': `http://${host}`,
    '5_000': '5',
  })
  await client.prints('It works')
  const of = (path: string) => asked.filter(({ url }) => url!.startsWith(path))
  await until(() => of('/orders').length > 1 && of('/news').length > 1, 'another poll and another stream')
  expect(of('/orders').slice(0, 2)).toEqual([
    { url: '/orders?after=0', token: 'Bearer stored', id: undefined },
    { url: '/orders?after=2', token: 'Bearer stored', id: undefined },
  ])
  expect(
    of('/news')
      .slice(0, 2)
      .map(({ id }) => id),
  ).toEqual([undefined, '7'])
})

test('the pages of the client and of the server have examples that talk to each other', async () => {
  const server = await stage.start(exampleWith('packages/server/README.md', 'createHttpServer()'), {
    'http.listen(8080)': `http.listen(0, () => console.log(http.address()))`,
  })
  const port = await server.finds(/port: (\d+)/)
  const client = await stage.start(exampleWith('packages/client/README.md', 'chat/lobby'), {
    '/realtime': `http://127.0.0.1:${port}/realtime`,
  })
  expect(await client.finds(/(\{ text.*\})\n/)).toBe(`{ text: 'hi' }`)
})
