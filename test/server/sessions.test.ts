import { describe, expect, test } from 'vitest'
import { RejectError } from '@holdfast/server'
import type { Identity } from '@holdfast/server'
import { identityName } from '../../packages/server/src/session.ts'
import { settled } from './support/clock.ts'
import { connectPeer, helloOf, openLink } from './support/peer.ts'
import { createWorld } from './support/world.ts'

describe('opening (§4.1-4.3)', () => {
  test('a new session is welcomed with everything a client has to know, and subscribed to its inbox', async () => {
    const { server, clock } = createWorld()
    const peer = connectPeer(server)
    const [welcome, ...rest] = await peer.told()
    expect(welcome).toEqual([
      'welcome',
      {
        session: expect.stringMatching(/^[\w-]{12}\.[\w-]{24}$/),
        id: expect.stringMatching(/^[\w-]{12}$/),
        resumed: false,
        serial: 0,
        identity: null,
        window: 120_000,
        beat: 15_000,
        grace: 5_000,
        retrySpread: 300,
        level: 'memory',
        limits: {
          message: 1_048_576,
          packet: 262_144,
          inFlight: 1_024,
          inFlightBytes: 4_194_304,
          subscriptions: 1_000,
        },
        time: clock.now(),
      },
    ])
    expect(rest).toEqual([
      ['subscribed', '~session', [expect.any(String), 0, 0]],
      ['caught-up', '~session', 0],
    ])
    expect(peer.packets).toHaveLength(1)
  })

  test.each([
    ['another version', [['hello', { ...helloOf(), version: 2 }]], 4002],
    ['incarnation 0', [['hello', { ...helloOf(), incarnation: 0 }]], 4202],
    ['no hello', [['send', 1, 'a', 1]], 4202],
    ['an empty packet', [], 4202],
    [
      'frames after the hello in its packet',
      [
        ['hello', helloOf()],
        ['ping', 1],
      ],
      4202,
    ],
    ['a hello without subscriptions', [['hello', { ...helloOf(), subscriptions: undefined }]], 4202],
    ['a control character in a topic', [['hello', helloOf({ subscriptions: [['a\r\ndata: x', null]] })]], 4202],
  ])('refuses %s', async (_, packet, code) => {
    const peer = openLink(createWorld().server)
    peer.raw(JSON.stringify(packet))
    expect(await peer.told()).toEqual([['bye', code, expect.any(String)]])
    expect(peer.closed).toBe(code)
  })

  test('a second hello is a protocol error that the session survives', async () => {
    const { server } = createWorld()
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    peer.say(['hello', helloOf({ session, incarnation: 2 })])
    expect(peer.closed).toBe(4202)
    expect((await connectPeer(server, { session, incarnation: 2 }).welcome()).resumed).toBe(true)
  })

  test('a link that says nothing is closed after 10 s, and one whose authentication hangs too', async () => {
    const { server, clock } = createWorld({ authenticate: () => new Promise(() => {}) })
    const mute = openLink(server)
    const hanging = connectPeer(server)
    await clock.advance(9_000)
    expect([mute.closed, hanging.closed]).toEqual([null, null])
    await clock.advance(2_000)
    expect([mute.closed, hanging.closed]).toEqual([4202, 4200])
    expect(clock.armed).toBe(0)
  })

  test('a link that is gone before its authentication is done gets no session', async () => {
    let allow = (): void => {}
    const { server } = createWorld({ authenticate: () => new Promise((resolve) => (allow = () => resolve('ann'))) })
    const peer = connectPeer(server)
    peer.drop()
    allow()
    expect(await peer.told()).toEqual([])
    expect(server.stats()).toMatchObject({ sessions: 0, links: 0, unauthenticated: 0 })
  })

  test('a ping before the hello is answered and attaches nothing', async () => {
    const { server } = createWorld()
    const peer = openLink(server)
    peer.say(['ping', 7])
    expect(await peer.told()).toEqual([['pong', 7]])
    expect(server.stats()).toMatchObject({ sessions: 0, unauthenticated: 1 })
    peer.say(['hello', helloOf()])
    expect((await peer.welcome()).resumed).toBe(false)
  })

  test('beyond the cap of links without a hello, a new one is sent away', async () => {
    const { server } = createWorld({ limits: { unauthenticated: 2 } })
    openLink(server)
    openLink(server)
    const third = openLink(server)
    expect(await third.told()).toEqual([['bye', 4200, expect.any(String), 300]])
  })
})

describe('takeover (§4.4)', () => {
  test('a higher incarnation takes over at once; nothing that still arrives on the old link counts', async () => {
    const { server } = createWorld()
    const handled: unknown[] = []
    server.onMessage('a', (data) => void handled.push(data))
    const old = connectPeer(server)
    const { session } = await old.welcome()
    await old.told()
    const fresh = connectPeer(server, { session, incarnation: 2 })
    expect(await old.told()).toEqual([['bye', 4400, 'taken over']])
    expect(old.closed).toBe(4400)
    old.say(['send', 1, 'a', 'late'], ['subscribe', 'b'], ['ping', 1], ['bye'])
    old.raw('[[')
    old.drop()
    await server.publish('b', 1)
    expect(await old.told()).toEqual([])
    expect(handled).toEqual([])
    expect(await fresh.welcome()).toMatchObject({ resumed: true, serial: 0 })
    expect(fresh.closed).toBeNull()
    expect(server.stats()).toMatchObject({ links: 1, sessions: 1, takeovers: 1, resumed: 1, topics: 1 })
  })

  test.each([2, 1])('a hello with incarnation %i after 2 is refused and changes nothing', async (incarnation) => {
    const { server } = createWorld()
    const { session } = await connectPeer(server).welcome()
    const owner = connectPeer(server, { session, incarnation: 2 })
    await owner.told()
    const stale = connectPeer(server, { session, incarnation })
    expect(await stale.told()).toEqual([['bye', 4302, expect.any(String)]])
    expect(owner.closed).toBeNull()
    owner.say(['ping', 1])
    expect(await owner.told()).toEqual([['pong', 1]])
  })

  test('of two hellos that race through authentication the higher one wins, whoever comes first', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const waiting: (() => void)[] = []
      const { server } = createWorld({
        authenticate: ({ credential }) =>
          credential === 'slow' ? new Promise((resolve) => waiting.push(() => resolve('ann'))) : 'ann',
      })
      const { session } = await connectPeer(server).welcome()
      const second = connectPeer(server, { session, incarnation: 2, credential: 'slow' })
      const third = connectPeer(server, { session, incarnation: 3, credential: 'slow' })
      await settled()
      for (const i of order) {
        waiting[i]!()
        await settled()
      }
      expect(third.closed).toBeNull()
      expect((await third.welcome()).resumed).toBe(true)
      expect(second.closed).toBe(order[0] === 0 ? 4400 : 4302)
    }
  })

  test('handlers started by the old link are acknowledged on the new one', async () => {
    const { server } = createWorld()
    let finish: (reply: string) => void = () => {}
    server.onMessage('a', () => new Promise((resolve) => (finish = resolve)))
    const old = connectPeer(server)
    const { session } = await old.welcome()
    old.say(['send', 1, 'a', 'x'])
    const fresh = connectPeer(server, { session, incarnation: 2 })
    expect(await fresh.welcome()).toMatchObject({ serial: 1 })
    await fresh.told()
    finish('done')
    expect(await fresh.told()).toEqual([['ack', 1, [[1, 'done']]]])
  })

  test('a token whose secret is wrong is no token', async () => {
    const { server } = createWorld()
    const { session } = await connectPeer(server).welcome()
    for (const token of [session.slice(0, -1) + '!', session + 'x', session.slice(0, 12), '', 'é'.repeat(18)])
      expect(await connectPeer(server, { session: token, incarnation: 9 }).welcome()).toMatchObject({ resumed: false })
  })
})

describe('identities (§4.4, §4.5)', () => {
  const authenticate = ({ credential }: { credential: unknown }): Identity | null => {
    if (credential === 'bad') throw new RejectError('unauthenticated', 'wrong password')
    if (credential === 'never') throw new RejectError('forbidden', 'not you')
    if (credential === 'later') throw new RejectError('overloaded', 'not now')
    return credential === undefined ? null : (credential as Identity)
  }

  test.each([
    ['bad', 4100],
    ['never', 4001],
    ['later', 4200],
  ])('a credential refused as %s closes with %i', async (credential, code) => {
    const { server } = createWorld({ authenticate })
    const peer = connectPeer(server, { credential })
    await settled()
    expect(peer.closed).toBe(code)
    expect(server.stats().sessions).toBe(0)
  })

  describe('an authenticate that crashes', () => {
    const crash = (): never => {
      throw new Error('password of the database is 123')
    }
    test.each([
      ['at once', crash],
      ['later', () => Promise.resolve().then(crash)],
    ])('%s is reported, lets nobody in, and asks the client to come back', async (_, broken) => {
      const reports: unknown[] = []
      const { server } = createWorld({
        authenticate: broken,
        onError: (error, where) => reports.push([(error as Error).message, where]),
      })
      const peer = connectPeer(server, { credential: 'ann' })
      expect(await peer.told()).toEqual([['bye', 4200, 'server error', expect.any(Number)]])
      expect(reports).toEqual([['password of the database is 123', 'authenticate']])
      expect(server.stats()).toMatchObject({ sessions: 0, links: 0, unauthenticated: 0 })
    })

    test('on the live link is reported and closes it, and the session can be resumed', async () => {
      const reports: string[] = []
      let authenticating = (credential: unknown): Identity => ({ id: String(credential) })
      const { server } = createWorld({
        authenticate: ({ credential }) => authenticating(credential),
        onError: (_error, where) => reports.push(where),
      })
      const peer = connectPeer(server, { credential: 'ann' })
      const { session } = await peer.welcome()
      const healthy = authenticating
      authenticating = crash
      peer.say(['auth', 'ann'])
      await settled()
      expect(peer.closed).toBe(4200)
      expect(reports).toEqual(['authenticate'])
      authenticating = healthy
      const again = connectPeer(server, { session, incarnation: 2, credential: 'ann' })
      expect(await again.welcome()).toMatchObject({ resumed: true, identity: 'ann' })
    })

    test('what the error of authenticate says stays here', async () => {
      const { server } = createWorld({ authenticate: crash })
      expect(JSON.stringify(await connectPeer(server).told())).not.toContain('password')
    })

    test('is reported even when the link has left meanwhile', async () => {
      const reports: string[] = []
      let fail = (): void => {}
      const { server } = createWorld({
        authenticate: () => new Promise((_resolve, reject) => (fail = () => reject(new Error('late')))),
        onError: (_error, where) => reports.push(where),
      })
      const peer = connectPeer(server, { credential: 'ann' })
      await settled()
      peer.drop()
      fail()
      await settled()
      expect(reports).toEqual(['authenticate'])
    })
  })

  test('a refusal is the words of its RejectError, and nothing to report', async () => {
    const { server, errors } = createWorld({ authenticate })
    expect(await connectPeer(server, { credential: 'bad' }).told()).toEqual([['bye', 4100, 'wrong password']])
    expect(errors).toEqual([])
  })

  test('a resume under another identity is refused, and the session is untouched', async () => {
    const { server } = createWorld({ authenticate })
    const ann = connectPeer(server, { credential: 'ann' })
    const { session, identity } = await ann.welcome()
    expect(identity).toBe('ann')
    for (const credential of ['bob', undefined]) {
      const thief = connectPeer(server, { session, incarnation: 99, credential })
      expect(await thief.told()).toEqual([['bye', 4401, expect.any(String)]])
    }
    expect(ann.closed).toBeNull()
    const again = await connectPeer(server, { session, incarnation: 2, credential: 'ann' }).welcome()
    expect(again.resumed).toBe(true)
  })

  test('a tombstone says nothing to another identity', async () => {
    const { server, clock } = createWorld({ authenticate })
    server.onMessage('a', () => {})
    const ann = connectPeer(server, { credential: 'ann' })
    const { session } = await ann.welcome()
    ann.say(['send', 1, 'a', 1])
    ann.drop()
    await clock.advance(125_000)
    expect(await connectPeer(server, { session, incarnation: 2, credential: 'bob' }).welcome()).not.toHaveProperty(
      'former',
    )
    expect(await connectPeer(server, { session, incarnation: 2, credential: 'ann' }).welcome()).toHaveProperty('former')
  })

  test('a fresh credential on a live link renews the identity; another identity is refused', async () => {
    const { server } = createWorld({ authenticate })
    const ann = connectPeer(server, { credential: 'ann' })
    await ann.told()
    ann.say(['auth', 'ann'])
    expect(await ann.told()).toEqual([['authenticated']])
    ann.say(['auth', 'bob'])
    expect(ann.closed).toBe(4401)
    const bob = connectPeer(server, { credential: 'bob' })
    await bob.told()
    bob.say(['auth', 'bad'])
    expect(bob.closed).toBe(4100)
  })

  test('an identity that expires is asked to renew, kept when it does, and closed when it does not', async () => {
    const { server, clock } = createWorld({ authenticate, beat: 600_000 })
    const expiring = (ms: number): Identity => ({ id: 'ann', expiresAt: clock.now() + ms })
    const peer = connectPeer(server, { credential: expiring(100_000) })
    await peer.told()
    await clock.advance(69_000)
    expect(await peer.toldOf('renew')).toEqual([])
    await clock.advance(2_000)
    expect(await peer.toldOf('renew')).toEqual([['renew', expect.closeTo(30_000, -4)]])
    await clock.advance(10_000)
    expect(await peer.toldOf('renew')).toEqual([])
    peer.say(['auth', expiring(100_000)])
    expect(await peer.toldOf('authenticated')).toHaveLength(1)
    await clock.advance(60_000)
    expect(peer.closed).toBeNull()
    await clock.advance(46_000)
    expect((await peer.told()).filter(([type]) => type !== 'beat')).toEqual([
      ['renew', expect.any(Number)],
      ['bye', 4101, 'credential expired'],
    ])
  })
})

describe('how long sessions are kept (§1, §6.5)', () => {
  test('a session resumes until its window is over; then a tombstone tells what was handled; then nothing does', async () => {
    const { server, clock } = createWorld()
    server.onMessage('a', (data) => data)
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'a', 'one'], ['send', 2, 'nowhere', 'two'], ['send', 4, 'a', 'held'])
    peer.drop()
    await clock.advance(119_000)
    const back = connectPeer(server, { session, incarnation: 2 })
    expect(await back.told()).toMatchObject([
      ['welcome', { resumed: true, serial: 2 }],
      [
        'ack',
        2,
        [
          [1, 'one'],
          [2, null, 'no-handler', expect.any(String)],
        ],
      ],
      ['subscribed', '~session', expect.anything()],
      ['caught-up', '~session', 0],
    ])
    back.drop()
    await clock.advance(121_000)
    expect(server.stats().sessions).toBe(0)
    const late = await connectPeer(server, { session, incarnation: 3 }).welcome()
    expect(late).toMatchObject({ resumed: false, serial: 0 })
    expect(late.former).toEqual([
      2,
      [
        [1, 'one'],
        [2, null, 'no-handler', expect.any(String)],
      ],
    ])
    await clock.advance(600_000)
    expect(await connectPeer(server, { session, incarnation: 4 }).welcome()).not.toHaveProperty('former')
  })

  test('what the client has settled is not told again', async () => {
    const { server } = createWorld()
    server.onMessage('a', (data) => data)
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'a', 'one'], ['send', 2, 'a', 'two'], ['send', 3, 'a', 'three'])
    await settled()
    peer.say(['settled', 1])
    const back = connectPeer(server, { session, incarnation: 2, settled: 2 })
    expect(await back.toldOf('ack')).toEqual([['ack', 3, [[3, 'three']]]])
  })

  test('settling what was not acknowledged is a protocol error, in a frame and in hello', async () => {
    const { server } = createWorld()
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    const wrong = connectPeer(server, { session, incarnation: 2, settled: 1 })
    await settled()
    expect(wrong.closed).toBe(4202)
    expect(peer.closed).toBeNull()
    peer.say(['settled', 1])
    expect(peer.closed).toBe(4202)
  })

  test('a session whose handler runs is kept until it is done, so that nothing is started twice', async () => {
    const { server, clock } = createWorld()
    let finish = (): void => {}
    server.onMessage('a', () => new Promise<void>((resolve) => (finish = resolve)))
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'a', 1])
    peer.drop()
    await clock.advance(300_000)
    expect(server.stats().sessions).toBe(1)
    finish()
    await clock.advance(1_000)
    expect(server.stats().sessions).toBe(0)
    expect((await connectPeer(server, { session, incarnation: 2 }).welcome()).former).toEqual([1, []])
  })

  test('a tombstone never starts what still waits: the client sends it again', async () => {
    const { server, clock } = createWorld({ resumeWindow: 1_000, tombstoneWindow: 2_000 })
    const started: unknown[] = []
    let finish = (): void => {}
    server.onMessage('a', (data) => {
      started.push(data)
      return new Promise<void>((resolve) => (finish = resolve))
    })
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'a', 1], ['send', 2, 'a', 2])
    peer.drop()
    await clock.advance(4_000)
    expect((await connectPeer(server, { session, incarnation: 2 }).welcome()).former).toEqual([0, []])
    finish()
    await settled()
    expect(started).toEqual([1])
    expect((await connectPeer(server, { session, incarnation: 2 }).welcome()).former).toEqual([1, []])
  })

  test('bye ends the session; what came before it is handled', async () => {
    const { server } = createWorld()
    const handled: unknown[] = []
    server.onMessage('a', (data) => void handled.push(data))
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    await peer.told()
    peer.say(['send', 1, 'a', 1], ['bye'], ['send', 2, 'a', 2])
    expect(peer.closed).toBe(1000)
    expect(handled).toEqual([1])
    const next = await connectPeer(server, { session, incarnation: 2 }).welcome()
    expect(next).toMatchObject({ resumed: false })
    expect(next).not.toHaveProperty('former')
  })

  test('the longest detached session of an identity makes room for a new one; links never do', async () => {
    const { server } = createWorld({ authenticate: () => 'ann', limits: { sessionsPerIdentity: 2 } })
    const first = connectPeer(server)
    const second = connectPeer(server)
    await settled()
    const third = connectPeer(server)
    expect(await third.told()).toEqual([['bye', 4200, 'too many sessions', 300]])
    first.drop()
    expect((await connectPeer(server).welcome()).resumed).toBe(false)
    expect(second.closed).toBeNull()
    expect(server.stats().sessions).toBe(2)
  })

  test('a session whose handler runs makes no room for a new one, so that nothing is started twice', async () => {
    const { server } = createWorld({ authenticate: () => 'ann', limits: { sessionsPerIdentity: 1 } })
    let finish = (): void => {}
    server.onMessage('a', () => new Promise<void>((resolve) => (finish = resolve)))
    const peer = connectPeer(server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'a', 1])
    peer.drop()
    expect(await connectPeer(server).told()).toEqual([['bye', 4200, 'too many sessions', 300]])
    const back = connectPeer(server, { session, incarnation: 2 })
    expect(await back.welcome()).toMatchObject({ resumed: true, serial: 1 })
    back.drop()
    finish()
    await settled()
    expect((await connectPeer(server).welcome()).resumed).toBe(false)
  })

  test('sessions are bounded', async () => {
    const { server } = createWorld({ limits: { sessions: 3 } })
    const peers = [connectPeer(server), connectPeer(server), connectPeer(server)]
    await settled()
    expect(await connectPeer(server).toldOf('bye')).toHaveLength(1)
    peers[1]!.drop()
    await connectPeer(server).welcome()
    expect(server.stats().sessions).toBe(3)
  })

  test('each session that cannot be resumed any more is told of once, whatever has ended it', async () => {
    const { server, clock } = createWorld({
      authenticate: ({ credential }) => (credential as string) ?? null,
      limits: { sessions: 4 },
    })
    const ended: string[] = []
    server.onSessionEnd(() => {
      throw new Error('a bug')
    })
    const undo = server.onSessionEnd(({ identity }) => ended.push(identityName(identity)!))
    const [left, disconnected, lost, stays] = ['left', 'disconnected', 'lost', 'stays'].map((credential) =>
      connectPeer(server, { credential }),
    )
    await settled()
    left!.say(['bye'])
    await settled()
    expect(ended).toEqual(['left'])
    const named = (identity: string): string => server.sessions().find((session) => session.identity === identity)!.id
    server.disconnect(named('stays'), { code: 4201 })
    server.disconnect(named('disconnected'))
    expect(disconnected!.closed).toBe(4000)
    await settled()
    expect(ended).toEqual(['left', 'disconnected'])
    lost!.drop()
    stays!.drop()
    await clock.advance(125_000)
    expect(ended).toEqual(['left', 'disconnected', 'stays', 'lost'])
    const [, evicted] = [connectPeer(server, { credential: 'closed' }), connectPeer(server, { credential: 'evicted' })]
    evicted.drop()
    for (const _ of [1, 2, 3]) connectPeer(server, { credential: 'closed' })
    await settled()
    expect(ended.slice(4)).toEqual(['evicted'])
    await server.close()
    expect(ended.slice(5)).toEqual(['closed', 'closed', 'closed', 'closed'])
    undo()
  })

  test('dead sessions leave nothing behind, and no timer', async () => {
    const { server, clock } = createWorld()
    for (let i = 0; i < 2_000; i++) {
      const peer = connectPeer(server)
      peer.drop()
    }
    await clock.advance(125_000)
    expect(server.stats().sessions).toBe(0)
    await clock.advance(602_000)
    expect(clock.armed).toBe(0)
  })
})
