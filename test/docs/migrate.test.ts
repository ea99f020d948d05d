// What the page on migration says to write instead is run, against servers as they were: those know nothing of Holdfast.
import { createServer, type IncomingMessage } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { until } from '../support/world.ts'
import { exampleNamed } from './pages.ts'
import { createStage } from './stage.ts'
import type { Run } from './workshop.ts'

const stage = createStage()
afterEach(() => stage.clear())

const start = (name: string, from: string, to: string): Promise<Run> =>
  stage.start(exampleNamed('docs/migrate.md', name), { [from]: to })

test('from a WebSocket: what was sent upon opening is said, and messages go both ways', async () => {
  const http = createServer()
  const said: unknown[] = []
  new WebSocketServer({ server: http }).on('connection', (socket) =>
    socket.on('message', (packet: Buffer) => {
      said.push(JSON.parse(packet.toString()))
      if (said.length === 1) socket.send(JSON.stringify({ type: 'price', payload: { price: 42 } }))
    }),
  )
  const client = await start('after-web-socket.ts', 'wss://example.com', `ws://${await stage.listen(http)}`)
  await client.prints('ACME at 42')
  await until(() => said.length === 2, 'the order')
  expect(said).toEqual([
    { type: 'watch', payload: 'ACME' },
    { type: 'order', payload: { count: 1 } },
  ])
})

test('from a WebSocket that reconnects: the URL has a fresh token, and text stays text', async () => {
  const http = createServer()
  const urls: (string | undefined)[] = []
  // The first one is refused, so that there is a second.
  const verifyClient = ({ req }: { req: IncomingMessage }): boolean => urls.push(req.url) > 1
  new WebSocketServer({ server: http, verifyClient }).on('connection', (socket) =>
    socket.on('message', (packet: Buffer) => socket.send(`echo ${packet.toString()}`)),
  )
  const client = await start('after-reconnecting.ts', 'wss://example.com', `ws://${await stage.listen(http)}`)
  await client.prints('echo hello')
  expect(urls).toEqual(['/socket?token=fresh', '/socket?token=fresh'])
})

test('from an EventSource: named events, others, the last id, and the end', async () => {
  const asked: (string | undefined)[] = []
  const http = createServer((request, response) => {
    asked.push(request.headers['last-event-id'] as string | undefined)
    if (asked.length > 1) return response.writeHead(204).end()
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    return response.end('event: headline\nid: 7\ndata: It works\n\ndata: two\ndata: lines\n\n')
  })
  const client = await start('after-event-source.ts', 'https://example.com', `http://${await stage.listen(http)}`)
  await client.prints(`{ data: 'It works', id: '7' }`)
  await client.prints(`{ data: 'two\\nlines', id: '7' }`)
  await client.prints('over')
  expect(asked).toEqual([undefined, '7'])
})

test('from Socket.IO: both ends of the page talk to each other', async () => {
  const server = await start(
    'after-socket-io-server.ts',
    `8080, () => console.log('listening')`,
    '0, () => console.log(http.address())',
  )
  const port = await server.finds(/port: (\d+)/)
  const client = await start('after-socket-io.ts', '8080', port)
  await client.prints('from the start')
  await client.prints('ACME at { price: 42 }')
  expect(await client.finds(/total (.*)\n/)).toBe(`{ total: 84, for: 'ada' }`)
})
