// The client in front of the WebSocket servers that people have: each mapping gives what docs/plain.md says of it, through ten cuts.
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket as NodeWebSocket } from 'ws'
import { plain, type ClientOptions } from '@holdfast/client/plain'
import { numbers } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import {
  accounted,
  createScene,
  expectAllDown,
  expectAllUp,
  hasty,
  isAscending,
  throughCuts,
  type Scene,
} from './client-kit.ts'
import { options as acks } from './recipes/acks.ts'
import { options as acksAndSequence } from './recipes/acks-and-sequence.ts'
import { options as dispatch } from './recipes/dispatch.ts'
import { options as sequence } from './recipes/sequence.ts'
import { options as text } from './recipes/text.ts'
import type { RoomOptions } from './servers/room.ts'
import { startWebSocketNodeServer } from './servers/websocket-node-server.ts'
import { startWsServer } from './servers/ws-server.ts'

beforeAll(() => {
  // Node 20 has none of its own.
  vi.stubGlobal('WebSocket', NodeWebSocket)
})

interface Down {
  seq?: number
  payload?: unknown
}
type Start = typeof startWsServer

async function throughTenCuts(
  scene: Scene,
  start: Start,
  room: RoomOptions,
  options: ClientOptions,
  [topic, data]: [topic: string, data: (n: number) => unknown] = ['chat', (n) => n],
) {
  const server = scene.closing(await start(room))
  const proxy = await scene.proxy(server)
  const visitor = scene.visit(proxy.socketUrl, options)
  const send = (n: number) => visitor.client.send(topic, data(n))
  const told = await throughCuts(visitor, server, { proxy, send })
  return { ...told, server, opens: visitor.opens() }
}

describe.concurrent.each([
  ['ws', startWsServer],
  ['WebSocket-Node', startWebSocketNodeServer],
] as const)('%s', (_name, start: Start) => {
  test('acks and sequence mapped: every message both ways, once and in order', async (context) => {
    const scene = createScene(context)
    const told = await throughTenCuts(scene, start, { shape: 'ack-and-sequence' }, acksAndSequence)
    expect(told.opens).toBe(11)
    expectAllDown(told)
    expectAllUp(told)
  })

  test('acks alone: every message up, once and in order; down what comes while it is there, and no gap is made up', async (context) => {
    const scene = createScene(context)
    const told = await throughTenCuts(scene, start, { shape: 'ack' }, acks)
    expect(told.opens).toBe(11)
    expectAllUp(told)
    expect(isAscending(told.heard)).toBe(true)
  })

  test('a sequence alone: every message down, once and in order; up at most once, which the receipt does not hide', async (context) => {
    const scene = createScene(context)
    const told = await throughTenCuts(scene, start, { shape: 'sequence' }, sequence)
    expect(told.opens).toBe(11)
    expectAllDown(told)
    expect(told.outcomes).toEqual({ none: told.count })
    expect(isAscending(told.arrivals)).toBe(true)
  })

  test('bare text: nothing twice, nothing out of order, nothing promised', async (context) => {
    const scene = createScene(context)
    const told = await throughTenCuts(scene, start, { shape: 'text' }, text, ['said', String])
    expect(told.opens).toBe(11)
    expect(told.outcomes).toEqual({ none: told.count })
    expect(isAscending(told.heard)).toBe(true)
    expect(isAscending(told.arrivals.map(Number))).toBe(true)
  })

  test('dispatch: as bare text, and each to those who subscribed', async (context) => {
    const scene = createScene(context)
    const told = await throughTenCuts(scene, start, { shape: 'dispatch' }, dispatch, ['chat/send', (n) => n])
    expect(told.opens).toBe(11)
    expect(told.outcomes).toEqual({ none: told.count })
    expect(isAscending(told.heard)).toBe(true)
    expect(isAscending(told.arrivals)).toBe(true)
    expect(told.server.inbox.arrivals[0]).toEqual({ topic: 'chat', data: 1 })
  })

  test('numbers that the server cannot be asked for: each hole is told once, before what is newer', async (context) => {
    const scene = createScene(context)
    const dialect = plain({
      dataOf: ({ payload }: Down) => payload,
      positionOf: ({ seq }: Down) => seq,
    })
    const told = await throughTenCuts(scene, start, { shape: 'sequence' }, { ...sequence, dialect })
    expect(told.opens).toBe(11)
    expectAllDown({ ...told, heard: accounted(told.heard) })
    expect(told.heard.length).toBeLessThan(told.latest)
  })

  test('a server that tells nothing until it is asked is asked for all of it, and tells nothing twice', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await start({ shape: 'sequence', live: 'after resync' }))
    const proxy = await scene.proxy(server)
    const dialect = plain({
      dataOf: ({ payload }: Down) => payload,
      positionOf: ({ seq }: Down) => seq,
      subscribe: () => ({ type: 'resync', from: 1 }),
    })
    server.feed.publish(20)
    const { client, heard } = scene.visit(proxy.socketUrl, { ...sequence, dialect })
    client.subscribe('prices')
    for (let times = 1; times <= 3; times++) {
      await until(() => heard.length === 20 * times)
      proxy.cut({ how: 'reset' })
      server.feed.publish(20)
    }
    await until(() => heard.length === 80)
    expect(heard).toEqual(numbers(80, 1))
  })

  test.for<[kind: string, ticks: number]>([
    ['is silent', 0],
    ['talks all the time', 60],
  ])('a server that %s, and closes who says nothing, hears a bare ping', async ([, ticks], context) => {
    const scene = createScene(context)
    const server = scene.closing(await start({ shape: 'text', idleLimit: 2_000 }))
    const over = { ...hasty, heartbeat: { interval: 200, grace: 5_000 } }
    const { client, others, opens } = scene.visit(server.socketUrl, text, over)
    await client.ready()
    const from = performance.now()
    await server.feed.pour(ticks, 20)
    await until(() => performance.now() - from > 3_000)
    expect([server.handshakes.length, opens(), client.status]).toEqual([1, 1, 'open'])
    expect(client.snapshot.roundTrip).toBeGreaterThan(0)
    expect([others, server.inbox.arrivals]).toEqual([[], []])
  })

  test('what relies on an answer is refused where no answer is mapped, and nothing goes up', async (context) => {
    const scene = createScene(context)
    const server = scene.closing(await start({ shape: 'sequence' }))
    const { client } = scene.visit(server.socketUrl, sequence)
    await client.ready()
    for (const asked of [client.send('chat', 1, { once: true }), client.request('chat', 2)])
      await expect(asked).rejects.toMatchObject({
        code: 'unmapped',
        outcome: 'not-sent',
        message: expect.stringContaining('ackOf') as string,
      })
    await client.send('chat', 3)
    await until(() => server.inbox.arrivals.length === 1)
    expect(server.inbox.arrivals).toMatchObject([{ data: 3 }])
  })
})
