// What a client of plain servers can say and be told, against real ones; and what it says where it is used wrongly.
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { binary, eventSource, longPolling, plain, webSocket, type ClientOptions } from '@holdfast/client/plain'
import type { Express } from 'express'
import { WebSocket as NodeWebSocket } from 'ws'
import { until } from '../support/world.ts'
import { createScene } from './client-kit.ts'
import { longPoll } from './recipes/polls.ts'
import { startWebApp } from './servers/web-app.ts'
import { startWebSocketNodeServer } from './servers/websocket-node-server.ts'
import { startWsServer } from './servers/ws-server.ts'

beforeAll(() => {
  // Node 20 has none of its own.
  vi.stubGlobal('WebSocket', NodeWebSocket)
})

describe.each([
  ['ws', startWsServer],
  ['WebSocket-Node', startWebSocketNodeServer],
] as const)('%s', (_name, start: typeof startWsServer) => {
  test('takes typed arrays, views, buffers and Blobs by their bytes, in order, over the subprotocol agreed on', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await start({ shape: 'text' }))
    const { client, others } = scene.visit(server.socketUrl, {
      transports: [webSocket()],
      dialect: plain({ codec: binary, protocols: ['v2', 'v1'] }),
    })
    const bytes = new Uint8Array([0, 1, 254, 255])
    const floats = new Float32Array([0.5, -1])
    const view = new DataView(bytes.buffer, 1, 2)
    for (const data of [bytes, floats, bytes.buffer, view, new Blob([bytes, 'text']), new Uint8Array(60_000).fill(7)])
      expect(await client.send('bytes', data)).toMatchObject({ level: 'none' })
    await until(() => others.length === 6, 'every echo')
    expect(others).toEqual([
      bytes,
      new Uint8Array(floats.buffer),
      bytes,
      new Uint8Array([1, 254]),
      new Uint8Array([...bytes, ...new TextEncoder().encode('text')]),
      new Uint8Array(60_000).fill(7),
    ])
    expect(server.handshakes).toMatchObject([{ protocol: 'v2' }])
    await expect(client.send('bytes', { not: 'bytes' })).rejects.toMatchObject({
      code: 'unencodable',
      outcome: 'not-sent',
      message: expect.stringContaining('send a Uint8Array') as string,
    })
  })

  test('closes with a code and a reason, which say what follows', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await start({ shape: 'text', idleLimit: 100 }))
    const { client, errors } = scene.visit(server.socketUrl, {
      transports: [webSocket()],
      dialect: plain({ closed: ({ code }) => (code === 4000 ? 'stop' : undefined) }),
    })
    await until(() => client.status === 'closed')
    expect(client.snapshot.cause).toMatchObject({ code: 4000, reason: 'idle', policy: 'stop' })
    expect([errors, server.handshakes.length]).toEqual([['connection-closed'], 1])
  })
})

describe('polls', () => {
  test('a slow answer is waited for: no quicker one can overtake it', async (context) => {
    const scene = createScene(context)
    const answers: ((list: { seq: number }[]) => void)[] = []
    const route = (app: Express): void =>
      void app.get('/poll', (_req, res) => void answers.push((list) => res.json(list)))
    const server = scene.closing(await startWebApp('/poll', route))
    const options: ClientOptions = {
      transports: [longPolling({ interval: 1 })],
      dialect: plain({ dataOf: ({ seq }: { seq: number }) => ({ n: seq }) }),
    }
    const { client, heard } = scene.visit(server.feedUrl, options)
    await until(() => answers.length === 1, 'the first poll')
    // Its answer is slow: a hundred intervals later there is still no other request but the message sent meanwhile.
    const from = performance.now()
    await client.ready()
    await client.send('chat', { type: 'chat' })
    await until(() => performance.now() - from > 100)
    expect(answers).toHaveLength(1)
    answers[0]!([{ seq: 1 }])
    await until(() => answers.length === 2, 'the second poll')
    answers[1]!([{ seq: 2 }])
    await until(() => answers.length === 3)
    expect(heard).toEqual([1, 2])
  })
})

describe('used wrongly', () => {
  const page = (app: Express): void =>
    void app.get(['/events', '/poll'], (_req, res) => void res.send('<!doctype html><title>Sign in</title>'))

  test.for([
    ['a stream', '/events', { transports: [eventSource()], dialect: plain() }],
    ['a poll', '/poll', longPoll],
  ] as const)(
    '%s that is answered with a web page is told once, with what to do, and tried again',
    async (given, context) => {
      const [, path, options] = given
      const scene = createScene(context)
      const server = scene.closing(await startWebApp(path, page))
      const { client, errors } = scene.visit(server.feedUrl, options)
      const told: string[] = []
      client.on('error', ({ message }) => told.push(message))
      await until(() => server.requests.length >= 3, 'more tries')
      expect([errors, client.status]).toEqual([['html-answer'], 'connecting'])
      expect(told[0]).toMatch(/answered 200 text\/html.*Is this URL the endpoint\?/)
    },
  )

  test('a message that an HTTP server finds wrong is rejected, and the next one is handled', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await startWebApp('/poll', (app) => void app.get('/poll', () => {})))
    const { client, opens } = scene.visit(server.feedUrl, {
      transports: [longPolling()],
      // Express takes objects and arrays only.
      dialect: plain(),
    })
    const sends = [client.send('chat', 'no object'), client.send('chat', { type: 'chat', payload: 2 })]
    await expect(sends[0]).rejects.toMatchObject({ code: 'refused', outcome: 'rejected' })
    expect(await sends[1]).toMatchObject({ level: 'none' })
    expect([opens(), server.inbox.handled]).toEqual([1, [{ topic: 'chat', id: undefined, data: 2 }]])
  })

  test('bytes over an event stream are refused before they are sent', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await startWebApp('/events', page))
    const { client } = scene.visit(server.feedUrl, { transports: [eventSource()], dialect: plain() })
    await expect(client.send('chat', new Uint8Array(3))).rejects.toMatchObject({
      code: 'unencodable',
      outcome: 'not-sent',
    })
    expect(server.inbox.arrivals).toEqual([])
  })
})
