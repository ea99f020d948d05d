import { describe, expect, test } from 'vitest'
import { createServer } from '@holdfast/server'
import { settled } from './support/clock.ts'
import { connectPeer, openLink } from './support/peer.ts'
import { createWorld } from './support/world.ts'

const ANY = expect.anything()

describe('heartbeats (§8, §7.4)', () => {
  test('come a fifth before they are expected, from a random phase, with the serial and the tops', async () => {
    const { server, clock } = createWorld({ random: () => 0.5 })
    server.onMessage('a', () => {})
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    peer.say(['send', 1, 'a', 1])
    await server.publish('a', 1)
    await peer.told()
    const start = clock.now()
    const beats: number[] = []
    for (let i = 0; i < 60; i++) {
      await clock.advance(1_000)
      peer.say(['ping', i])
      for (const [, time, serial, tops] of await peer.toldOf('beat')) {
        beats.push((time - start) / 1_000)
        expect(serial).toBe(1)
        expect(tops).toEqual([
          ['~session', 0],
          ['a', 1],
        ])
      }
    }
    expect(beats).toEqual([6, 18, 30, 42, 54])
  })

  test('keep within a short interval, too', async () => {
    const { server, clock } = createWorld({ beat: 100 })
    const peer = connectPeer(server)
    await peer.told()
    await clock.advance(1_000)
    expect((await peer.toldOf('beat')).length).toBeGreaterThanOrEqual(11)
  })

  test('name the tops of many subscriptions in turn', async () => {
    const { server, clock } = createWorld({ beat: 1_000 })
    const topics = Array.from({ length: 80 }, (_, i) => 't' + i)
    const peer = connectPeer(server, { subscriptions: topics.map((topic) => [topic, null]) })
    await peer.told()
    await clock.advance(3_000)
    const beats = await peer.toldOf('beat')
    expect(Math.max(...beats.map(([, , , tops]) => tops.length))).toBe(32)
    expect(new Set(beats.slice(0, 3).flatMap(([, , , tops]) => tops.map(([topic]) => topic))).size).toBe(81)
  })

  test('of many links are spread over the interval', async () => {
    const { server, clock } = createWorld()
    const peers = Array.from({ length: 200 }, () => connectPeer(server))
    await settled()
    for (const peer of peers) await peer.told()
    let most = 0
    for (let second = 0; second < 12; second++) {
      await clock.advance(1_000)
      let beats = 0
      for (const peer of peers) beats += peer.frames.filter(([type]) => type === 'beat').length
      for (const peer of peers) peer.frames.length = 0
      most = Math.max(most, beats)
    }
    expect(most).toBeLessThan(50)
  })

  test('a link on which nothing came up for a minute more than a beat is dead; its session is not', async () => {
    const { server, clock } = createWorld()
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    await clock.advance(50_000)
    peer.say(['ping', 1])
    await clock.advance(74_000)
    expect(peer.closed).toBeNull()
    await clock.advance(3_000)
    expect(peer.closed).toBe(4303)
    expect((await connectPeer(server, { session, incarnation: 2 }).welcome()).resumed).toBe(true)
  })
})

describe('draining and closing (§9.3)', () => {
  test('drain asks everybody to move, takes nobody new, and closes who is left when the time is over', async () => {
    const { server, clock } = createWorld()
    const [gone, left] = [connectPeer(server), connectPeer(server)]
    await settled()
    let state = 'draining'
    const drained = server.drain({ within: 5_000 }).then(() => (state = 'drained'))
    expect(await left.toldOf('drain')).toEqual([['drain', 5_000]])
    const late = connectPeer(server)
    expect(await late.told()).toEqual([['bye', 4300, 'draining', 5_000]])
    left.say(['ping', 1])
    expect(await left.toldOf('pong')).toHaveLength(1)
    gone.drop()
    await clock.advance(4_900)
    expect([state, left.closed]).toEqual(['draining', null])
    await clock.advance(200)
    expect(left.closed).toBe(4300)
    await drained
  })

  test('drain is over as soon as all have left', async () => {
    const { server } = createWorld()
    const peer = connectPeer(server)
    await settled()
    const drained = server.drain({ within: 60_000 })
    peer.drop()
    await drained
    expect(server.stats().links).toBe(0)
  })

  test('close ends every link at once and leaves no timer', async () => {
    const { server, clock } = createWorld()
    const peer = connectPeer(server)
    const unwelcome = openLink(server)
    await peer.told()
    await server.close()
    expect(await peer.told()).toEqual([['bye', 4201, 'server stopping', 300]])
    expect(unwelcome.closed).toBe(4201)
    expect(clock.armed).toBe(0)
    expect(await connectPeer(server).toldOf('bye')).toEqual([['bye', 4201, ANY, ANY]])
    await expect(server.publish('a', 1)).rejects.toMatchObject({ code: 'closed' })
    await server.close()
  })
})

describe('looking after it', () => {
  test('sessions() tells who is there', async () => {
    const { server, clock } = createWorld({ authenticate: ({ credential }) => credential as string })
    const ann = connectPeer(server, { credential: 'ann', subscriptions: [['a', null]] }, { transport: 'eventSource' })
    const { id } = await ann.welcome()
    const bob = connectPeer(server, { credential: 'bob' })
    await settled()
    bob.drop()
    expect(server.sessions()).toEqual([
      {
        id,
        identity: 'ann',
        transport: 'eventSource',
        createdAt: clock.now(),
        connectedAt: clock.now(),
        subscriptions: ['~session', '~identity', 'a'],
      },
      { id: ANY, identity: 'bob', transport: null, createdAt: clock.now(), connectedAt: null, subscriptions: [] },
    ])
  })

  test('disconnect stops a client for good, or sends it away with a code that brings it back', async () => {
    const { server } = createWorld()
    const [one, two] = [connectPeer(server), connectPeer(server)]
    const { id, session } = await one.welcome()
    const other = await two.welcome()
    await Promise.all([one.told(), two.told()])
    server.disconnect(id, { reason: 'banned' })
    expect(await one.told()).toEqual([['bye', 4000, 'banned']])
    expect((await connectPeer(server, { session, incarnation: 2 }).welcome()).resumed).toBe(false)
    server.disconnect(other.id, { code: 4300 })
    expect(two.closed).toBe(4300)
    expect((await connectPeer(server, { session: other.session, incarnation: 2 }).welcome()).resumed).toBe(true)
    expect(() => server.disconnect(id)).toThrow(expect.objectContaining({ code: 'unknown-session' }))
    expect(server.stats().closed).toMatchObject({ 4000: 1, 4300: 1 })
  })

  test('the spread of retries grows with the number of clients', async () => {
    const { server } = createWorld({ retrySpread: (clients) => clients * 7 })
    for (let i = 1; i < 4; i++) expect((await connectPeer(server).welcome()).retrySpread).toBe(i * 7)
  })

  test('options that cannot mean anything are refused by name', () => {
    expect(() => createServer({ beat: -1 })).toThrow(/beat/)
    expect(() => createServer({ limits: { packet: Number.NaN } })).toThrow(/packet/)
  })

  test('a frame, a packet, or a message above its limit ends the link with 4203', async () => {
    const { server } = createWorld({ limits: { message: 1_000, received: 2_000 } })
    const big = connectPeer(server)
    await settled()
    big.say(['send', 1, 'a', 'x'.repeat(1_500)])
    expect(big.closed).toBe(4203)
    const bigger = connectPeer(server)
    await settled()
    bigger.raw(' '.repeat(2_001))
    expect(bigger.closed).toBe(4203)
    const many = connectPeer(server)
    await settled()
    many.say(['volatile', 'a', 'x'.repeat(900)], ['volatile', 'a', 'x'.repeat(900)])
    expect(many.closed).toBeNull()
  })
})
