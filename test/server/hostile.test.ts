import { describe, expect, test } from 'vitest'
import type { Server } from '@holdfast/server'
import { settled } from './support/clock.ts'
import { heapInUse } from './support/heap.ts'
import { connectPeer, helloOf, openLink } from './support/peer.ts'
import type { Peer } from './support/peer.ts'
import { createRandom } from './support/random.ts'
import { openSite, openSocket, post } from './support/wire.ts'
import { createWorld } from './support/world.ts'
import { mutateText, mutateValue, pick } from '../security/mutate.ts'

const SEEDS = (token: string): unknown[] => [
  ['hello', helloOf({ session: token, incarnation: 2, subscriptions: [['a', ['e', 1, 1]]] })],
  ['send', 1, 'a', { text: 'hi', list: [1, 2, { deep: null }] }],
  ['send', 2, 'a', 'again', 'former.1'],
  ['void', 3],
  ['volatile', 'a', [1.5, 'x']],
  ['settled', 0],
  ['subscribe', 'b', ['e', 4, 2]],
  ['subscribe', 'c'],
  ['unsubscribe', 'b'],
  ['ping', 7],
  ['auth', 'secret'],
  ['post', token, 1, 1],
  ['poll', token, 1, 1],
]
function mutatedPacket(token: string, random: () => number): string {
  const frames = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, SEEDS(token)))
  const text = JSON.stringify(random() < 0.7 ? mutateValue(frames, random) : frames)
  return random() < 0.5 ? mutateText(text, random) : text
}

describe('hostile input', () => {
  test('100,000 mutated packets throw nothing, break nothing, and leave nothing behind', async () => {
    const { server, errors, clock } = createWorld({ limits: { sessions: 500 } })
    const handled: string[] = []
    server.onMessage('*', (data, { topic }) => {
      if (handled.length < 10) handled.push(topic)
      return data
    })
    const random = createRandom(20_250_615)
    const token = await connectPeer(server)
      .welcome()
      .then((welcome) => welcome.session)
    let peer: Peer | null = null
    let halfway = 0
    for (let i = 0; i < 100_000; i++) {
      if (!peer || peer.closed !== null || i % 64 === 0) {
        peer?.drop()
        peer = random() < 0.8 ? connectPeer(server) : openLink(server)
        await settled()
      }
      peer.raw(mutatedPacket(token, random))
      if (i === 50_000) halfway = heapInUse()
    }
    expect(errors).toEqual([])
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(heapInUse() - halfway).toBeLessThan(10_000_000)
    // Those who behave are served as ever.
    const fine = connectPeer(server)
    await fine.told()
    fine.say(['send', 1, 'fine', { ok: true }])
    expect(await fine.told()).toEqual([['ack', 1, [[1, { ok: true }]]]])
    fine.say(['bye'])
    peer?.drop()
    await clock.advance(800_000)
    expect(server.stats()).toMatchObject({ sessions: 0, links: 0, unauthenticated: 0, topics: 0 })
    expect(clock.armed).toBe(0)
  }, 120_000)

  test.each(['not text', undefined, null, 42, {}, [], Buffer.from('[]'), Symbol('x')])(
    'a packet that is no text (%s) is malformed and nothing more',
    async (packet) => {
      const { server } = createWorld()
      const peer = connectPeer(server)
      await settled()
      peer.raw(packet)
      expect(peer.closed).toBe(4202)
    },
  )

  test('one bad frame keeps every other frame of its packet from acting', async () => {
    const { server } = createWorld()
    const handled: unknown[] = []
    server.onMessage('a', (data) => void handled.push(data))
    for (const bad of [['send', 2, 'a\r\n', 1], ['send', 2], ['nope'], ['settled', 9], ['hello', helloOf()]]) {
      const peer = connectPeer(server)
      await settled()
      peer.say(['send', 1, 'a', 1], bad)
      expect(peer.closed).toBe(4202)
    }
    expect(handled).toEqual([])
  })

  test('keys of prototypes in data are only data', async () => {
    const { server } = createWorld()
    server.onMessage('a', (data) => data)
    const peer = connectPeer(server)
    await peer.told()
    peer.raw('[["send",1,"a",{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]]')
    await settled()
    expect(peer.packets.at(-1)).toContain('{"__proto__":{"polluted":1}')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('nesting of any depth is refused, not recursed into', async () => {
    const { server } = createWorld()
    const peer = connectPeer(server)
    await settled()
    peer.raw('[["volatile","a",' + '['.repeat(400_000) + ']'.repeat(400_000) + ']]')
    expect(peer.closed).toBe(4202)
  })
})

describe('what the application gets wrong', () => {
  const broken = (): never => {
    throw new Error('broken')
  }

  test.each([
    ['authenticate', { authenticate: broken }],
    ['authorize', { authorize: broken }],
    ['onError', { authorize: broken, onError: broken }],
    ['retrySpread', { retrySpread: broken }],
  ])('%s that throws harms one link at most', async (_, options) => {
    const { server } = createWorld(options)
    server.onMessage('a', broken)
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    peer.say(['send', 1, 'a', 1], ['volatile', 'a', 1], ['subscribe', 'b'])
    await settled()
    expect(server.stats().unauthenticated).toBe(0)
  })
})

describe('over real sockets', () => {
  /** What the server answers afterwards proves that it is well. */
  async function expectWell(url: string, server: Server): Promise<void> {
    const socket = openSocket(url)
    await socket.next('welcome')
    socket.socket.close()
    await expect.poll(() => server.stats().links).toBe(0)
  }

  test('requests with hostile bodies are answered, each, and nothing is left', async () => {
    const site = await openSite()
    const random = createRandom(7)
    for (let round = 0; round < 20; round++) {
      const bodies = Array.from({ length: 25 }, () => mutatedPacket('x.y', random))
      // A stream is an answer too: only its status is waited for.
      const statuses = await Promise.all(
        bodies.map(async (body) => {
          const controller = new AbortController()
          const { status } = await fetch(site.url, { method: 'POST', body, signal: controller.signal })
          controller.abort()
          return status
        }),
      )
      expect(statuses.filter((status) => ![200, 400, 409].includes(status))).toEqual([])
    }
    expect(site.errors).toEqual([])
    await expect.poll(() => site.server.stats().links).toBe(0)
    await expectWell(site.url, site.server)
    await site.close()
  })

  test('after close nothing is left that would keep the process alive', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate').length
    const site = await openSite()
    const sockets = Array.from({ length: 20 }, () => openSocket(site.url))
    await Promise.all(sockets.map((socket) => socket.next('welcome')))
    const { frames } = await post(site.url, [['hello', { ...helloOf(), via: 'poll' }]])
    expect(frames[1]?.[0]).toBe('welcome')
    await site.close()
    expect(await Promise.all(sockets.map((socket) => socket.closed))).toEqual(sockets.map(() => 4201))
    expect(site.http.listenerCount('upgrade')).toBe(0)
    await expect
      .poll(() => process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate').length)
      .toBeLessThanOrEqual(before + 1)
  })
})
