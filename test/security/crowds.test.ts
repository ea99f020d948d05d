// A thousand who are slow or hostile at once: what they make the server hold is bounded, and those who behave are served.
import type { Socket } from 'node:net'
import type { ServerOptions } from '@holdfast/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectPeer, eventsIn, helloOf } from '../server/support/peer.ts'
import { buffersInUse, heapInUse } from '../server/support/heap.ts'
import { openSite, openSocket, openStream, post, type Site } from '../server/support/wire.ts'
import { createWorld } from '../server/support/world.ts'
import { dial, upgradeTo } from './raw.ts'
import { until } from '../support/world.ts'

const CROWD = 1_000
const MIB = 2 ** 20

let site: Site
let raw: Socket[] = []

/** A server for this test alone. */
async function openHere(options: ServerOptions = {}): Promise<void> {
  raw = []
  site = await openSite(options)
  onTestFinished(async () => {
    for (const socket of raw) socket.destroy()
    await site.close()
  })
}

function dialHere(text: string): Socket {
  const socket = dial(site.url, text)
  raw.push(socket)
  return socket
}

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))

/** One who does nothing wrong gets everything: over WebSocket, a stream and polls. */
async function expectServed(): Promise<void> {
  site.server.onMessage('echo', (data) => data)
  const socket = openSocket(site.url)
  await socket.next('welcome')
  socket.say(['send', 1, 'echo', 'hi'])
  expect(await socket.next('ack')).toEqual(['ack', 1, [[1, 'hi']]])
  socket.socket.close()
  const stream = await openStream(site.url, {})
  await stream.next('welcome')
  stream.abort()
  const { frames } = await post(site.url, [['hello', { ...helloOf(), via: 'poll' }]])
  expect(frames[1]?.[0]).toBe('welcome')
}

describe(`${CROWD} at once`, () => {
  test('bodies that are sent slowly are held up to the limit, the slowest make room, and honest ones are taken', async () => {
    await openHere({ limits: { bodies: 8 * MIB }, bodyTimeout: 60_000 })
    const part = 'x'.repeat(65_536)
    const before = buffersInUse()
    times(CROWD, () => dialHere(`POST /realtime HTTP/1.1\r\nHost: x\r\nContent-Length: ${MIB}\r\n\r\n${part}`).resume())
    // All but those that fit.
    const fit = (8 * MIB) / part.length
    await until(() => (site.server.stats().refused[503] ?? 0) >= CROWD - fit, 'the slowest to be refused', 20_000)
    await expectServed()
    await until(() => buffersInUse() - before < 32 * MIB, 'the rest to be given back')
    expect(site.errors).toEqual([])
  })

  test('requests whose body never ends are each answered 408 in time, and their sockets are free', async () => {
    await openHere({ bodyTimeout: 500 })
    times(CROWD, () => dialHere('POST /realtime HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n[').resume())
    await until(() => raw.every(({ closed }) => closed), 'every socket to be closed')
    expect(site.server.stats().refused).toEqual({ 408: CROWD })
    await expectServed()
  })

  test('upgrades that never say hello are counted, refused beyond the limit, and closed in time', async () => {
    await openHere({ limits: { unauthenticated: CROWD / 2 }, helloTimeout: 2_000 })
    times(CROWD, () => dialHere(upgradeTo(['holdfast.1'])).resume())
    await until(() => (site.server.stats().closed[4200] ?? 0) >= CROWD / 2, 'the refusals')
    expect(site.server.stats().unauthenticated).toBeLessThanOrEqual(CROWD / 2)
    await until(() => site.server.stats().closed[4202] === CROWD / 2, 'the others to be closed for their silence')
    await until(() => raw.every(({ closed }) => closed), 'every socket to be closed')
    await expectServed()
  })
})

test('1,000 links that take nothing hold their share and no more, are closed, and keep nobody waiting', async () => {
  const limits = { buffered: 65_536, replayBytes: 16_384, packet: 16_384 }
  const { server, clock } = createWorld({ limits, slowTimeout: 5_000 })
  const stuck = times(CROWD, () => {
    const link = { transport: 'webSocket' as const, buffered: 0, closed: 0 }
    // What is sent stays where it is.
    const end = server.accept({
      transport: 'webSocket',
      get buffered() {
        return link.buffered
      },
      send: (frames) => (link.buffered += frames.reduce((sum, frame) => sum + frame.length, 0)),
      close: (code) => (link.closed = code),
    })
    end.receive(JSON.stringify([['hello', helloOf({ subscriptions: [['flood', null]] })]]))
    return link
  })
  const reader = connectPeer(server, { subscriptions: [['flood', null]] })
  await reader.told()
  const before = heapInUse()
  const filler = 'x'.repeat(1_000)
  let heard = 0
  // 1 MB for each of them: 1 GB, were it all queued.
  for (let n = 0; n < 1_000; n++) {
    await server.publish('flood', filler)
    heard += eventsIn(await reader.told(), 'flood').length
  }
  expect(heard).toBe(1_000)
  expect(Math.max(...stuck.map(({ buffered }) => buffered))).toBeLessThan(limits.buffered + 2 * limits.packet)
  expect(heapInUse() - before).toBeLessThan(64 * MIB)
  await clock.advance(10_000)
  expect(stuck.every(({ closed }) => closed === 4301)).toBe(true)
  expect(reader.closed).toBe(null)
})

test('a head of headers without end is refused by the platform before it is ours', async () => {
  await openHere()
  const socket = dialHere('POST /realtime HTTP/1.1\r\nHost: x\r\n')
  let answer = ''
  socket.on('data', (data) => (answer += String(data)))
  for (let n = 0; n < 4_096 && !socket.destroyed; n++) socket.write(`X-${n}: ${'y'.repeat(64)}\r\n`)
  await until(() => socket.closed, 'the end')
  expect(answer.startsWith('HTTP/1.1 431')).toBe(true)
  await expectServed()
})
