import { describe, expect, test } from 'vitest'
import { memoryLog, RejectError } from '@holdfast/server'
import type { Log, Server } from '@holdfast/server'
import type { Packet, Position } from '@holdfast/protocol'
import { settled } from './support/clock.ts'
import { connectPeer, eventsIn, positionIn } from './support/peer.ts'
import { createWorld } from './support/world.ts'

const ANY = expect.anything()

describe('subscribing (§7.2, §7.3)', () => {
  test('all subscriptions of hello are answered in order, then replayed, in the packet of the welcome', async () => {
    const { server } = createWorld()
    for (const data of ['one', 'two', 'three']) await server.publish('a', data)
    const peer = connectPeer(server, {
      subscriptions: [
        ['b', null],
        ['a', ['', 0, 0]],
        ['a', null],
      ],
    })
    const [, ...rest] = await peer.told()
    expect(rest).toMatchObject([
      ['subscribed', '~session', ANY],
      ['subscribed', 'b', [ANY, 0, 0]],
      ['subscribed', 'a', [ANY, 3, ANY]],
      ['caught-up', '~session', 0],
      ['caught-up', 'b', 0],
      ['caught-up', 'a', 3],
    ])
    expect(peer.packets).toHaveLength(1)
  })

  test('the answers keep their order when authorization is slow', async () => {
    const { server } = createWorld({
      authorize: ({ topic }) => (topic === 'slow' ? new Promise((resolve) => setImmediate(resolve, true)) : true),
    })
    const peer = connectPeer(server, {
      subscriptions: [
        ['slow', null],
        ['fast', null],
      ],
    })
    await settled()
    await settled()
    expect((await peer.toldOf('subscribed')).map(([, topic]) => topic)).toEqual(['~session', 'slow', 'fast'])
  })

  test('events come live, in one packet per tick, each once', async () => {
    const { server } = createWorld()
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    await peer.told()
    const before = peer.packets.length
    void server.publish('a', 1)
    void server.publish('a', 2)
    void server.publish('other', 3)
    const frames = await peer.told()
    expect(eventsIn(frames)).toEqual([
      [1, 1],
      [2, 2],
    ])
    // The check is told when it changes, and only then.
    expect(frames.map((frame) => frame.length)).toEqual([5, 4])
    expect(peer.packets).toHaveLength(before + 1)
  })

  test('a client that comes back gets exactly what it missed', async () => {
    const { server } = createWorld()
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    const { session } = await peer.welcome()
    await server.publish('a', 'seen')
    const frames = await peer.told()
    const [epoch] = positionIn(frames, 'a')
    const [, , offset, , check] = frames.find((frame) => frame[0] === 'event')! as unknown as [
      string,
      string,
      number,
      unknown,
      number,
    ]
    peer.drop()
    await server.publish('a', 'missed')
    const position: Position = [epoch, offset, check]
    const back = connectPeer(server, { session, incarnation: 2, subscriptions: [['a', position]] })
    await back.welcome()
    void server.publish('a', 'live')
    const told = await back.told()
    expect(positionIn(told, 'a')).toEqual(position)
    expect(told.filter((frame) => frame[1] === 'a').slice(1)).toEqual([
      ['event', 'a', 2, 'missed'],
      ['caught-up', 'a', 2],
      ['event', 'a', 3, 'live'],
    ])
  })

  test('a position older than the log goes on from the oldest that is kept', async () => {
    const { server } = createWorld({ log: memoryLog({ maxMessages: 100, epoch: 'e' }) })
    const start = positionIn(await connectPeer(server, { subscriptions: [['feed', null]] }).told(), 'feed')
    for (let i = 1; i <= 700; i++) await server.publish('feed', i)
    const peer = connectPeer(server, { subscriptions: [['feed', start]] })
    const told = await peer.told()
    expect(positionIn(told, 'feed')).toEqual([start[0], 600, ANY])
    expect(eventsIn(told).map(([offset]) => offset)).toEqual(Array.from({ length: 100 }, (_, i) => 601 + i))
    expect(told.at(-1)).toEqual(['caught-up', 'feed', 700])
    expect(server.stats().gaps).toBe(1)
  })

  test('a position of another epoch goes on from the oldest under the new one', async () => {
    const { server } = createWorld()
    await server.publish('a', 1)
    const told = await connectPeer(server, { subscriptions: [['a', ['former', 44, 7]]] }).told()
    expect(positionIn(told, 'a')).toEqual([expect.not.stringMatching('former'), 0, 0])
    expect(eventsIn(told)).toEqual([[1, 1]])
  })

  test('unsubscribing ends the events, and asking again begins from the given position', async () => {
    const { server } = createWorld()
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    const start = positionIn(await peer.told(), 'a')
    peer.say(['unsubscribe', 'a'], ['unsubscribe', 'never'], ['unsubscribe', '~session'])
    await server.publish('a', 1)
    expect(await peer.told()).toEqual([])
    peer.say(['subscribe', 'a', start])
    expect(await peer.told()).toEqual([
      ['subscribed', 'a', start],
      ['event', 'a', 1, 1, ANY],
      ['caught-up', 'a', 1],
    ])
    peer.say(['subscribe', 'a', start])
    expect(eventsIn(await peer.told())).toEqual([[1, 1]])
    await server.publish('a', 2)
    expect(eventsIn(await peer.told())).toEqual([[2, 2]])
  })

  test('unsubscribing while authorization is pending wins', async () => {
    let allow = (): void => {}
    const { server } = createWorld({ authorize: () => new Promise((resolve) => (allow = () => resolve(true))) })
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['subscribe', 'a'])
    peer.say(['unsubscribe', 'a'])
    allow()
    expect(await peer.told()).toEqual([])
    expect(server.stats().topics).toBe(1)
  })

  test('a subscription is denied with a reason, and stays so', async () => {
    const { server } = createWorld({
      limits: { subscriptions: 2 },
      authorize: ({ topic }) => {
        if (topic === 'reasons') throw new RejectError('paid-only', 'buy it')
        return topic !== 'secret'
      },
    })
    const peer = connectPeer(server, {
      subscriptions: ['secret', 'reasons', '~other', '~identity', 'a', 'b', 'c'].map((name) => [name, null]),
    })
    const denied = await peer.toldOf('denied')
    expect(denied.find(([, topic]) => topic === 'reasons')).toEqual(['denied', 'reasons', 'paid-only', 'buy it'])
    expect(denied.map(([, topic, code]) => [topic, code])).toEqual([
      ['secret', 'forbidden'],
      ['reasons', 'paid-only'],
      ['~other', 'forbidden'],
      ['~identity', 'forbidden'],
      ['c', 'too-many-subscriptions'],
    ])
    await server.publish('secret', 1)
    expect(await peer.told()).toEqual([])
  })

  describe('an authorize that crashes', () => {
    const crash = (): never => {
      throw new Error('database away')
    }
    interface Faulty {
      server: Server
      reports: unknown[]
      /** What becomes of the next questions. */
      answer: () => boolean | Promise<boolean>
    }
    function createFaulty(): Faulty {
      const reports: unknown[] = []
      const onError = (error: unknown, where: string): void => void reports.push([(error as Error).message, where])
      const { server } = createWorld({ authorize: () => faulty.answer(), onError })
      const faulty: Faulty = { server, reports, answer: crash }
      return faulty
    }

    test.each([
      ['at once', crash],
      ['later', () => Promise.resolve().then(crash)],
    ])('%s permits nothing and denies nothing: the link is closed, and the client asks again', async (_, broken) => {
      const faulty = createFaulty()
      const { server, reports } = faulty
      faulty.answer = () => true
      const peer = connectPeer(server)
      const { session } = await peer.welcome()
      await server.publish('a', 1)
      faulty.answer = broken
      await peer.told()
      peer.say(['subscribe', 'a', ['', 0, 0]])
      expect(await peer.told()).toEqual([['bye', 4200, 'server error', expect.any(Number)]])
      expect(peer.closed).toBe(4200)
      expect(reports).toEqual([['database away', 'authorize']])
      faulty.answer = () => true
      const again = connectPeer(server, { session, incarnation: 2, subscriptions: [['a', ['', 0, 0]]] })
      expect(await again.welcome()).toMatchObject({ resumed: true })
      expect(eventsIn(await again.told())).toEqual([[1, 1]])
    })

    test('in a hello is asked once, and leaves no session that nobody knows of', async () => {
      const { server, reports } = createFaulty()
      const peer = connectPeer(server, { subscriptions: ['a', 'b', 'c'].map((name) => [name, null]) })
      expect(await peer.told()).toEqual([['bye', 4200, 'server error', expect.any(Number)]])
      expect(reports).toHaveLength(1)
      expect(server.stats()).toMatchObject({ links: 0, sessions: 0, topics: 0 })
    })

    test('about what was given up meanwhile is reported, and the link goes on', async () => {
      const faulty = createFaulty()
      let fail = (): void => {}
      faulty.answer = () => new Promise((_, reject) => (fail = () => reject(new Error('late'))))
      const peer = connectPeer(faulty.server)
      await peer.told()
      peer.say(['subscribe', 'a'])
      peer.say(['unsubscribe', 'a'])
      fail()
      expect(await peer.told()).toEqual([])
      expect(peer.closed).toBeNull()
      expect(faulty.reports).toEqual([['late', 'authorize']])
    })
  })

  test('a topic that nobody receives any more is let go', async () => {
    const { server } = createWorld()
    const peers = [1, 2, 3].map(() => connectPeer(server, { subscriptions: [['a', null]] }))
    await settled()
    expect(server.stats().topics).toBe(4)
    for (const peer of peers) peer.drop()
    expect(server.stats().topics).toBe(0)
  })
})

describe('a slow link', () => {
  const BIG = 'x'.repeat(100_000)

  test('gets a long replay in pages, and the next one only when it has drained', async () => {
    const { server } = createWorld({ limits: { replayEvents: 10 } })
    for (let i = 1; i <= 95; i++) await server.publish('a', i)
    const peer = connectPeer(server)
    await peer.told()
    peer.hold(1_000_000)
    peer.say(['subscribe', 'a', ['', 0, 0]])
    expect(eventsIn(await peer.told())).toEqual([])
    peer.drain()
    expect(eventsIn(await peer.told())).toHaveLength(95)
  })

  test('never holds more than a few pages, and loses nothing', async () => {
    const { server, clock } = createWorld({ limits: { replayBytes: 100_000, buffered: 300_000 } })
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    const seen = eventsIn(await peer.told()).map(([offset]) => offset)
    let published = 0
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 5; i++) void server.publish('a', { n: ++published, pad: 'x'.repeat(10_000) })
      const frames = await peer.told()
      const bytes = JSON.stringify(frames).length
      expect(bytes).toBeLessThan(420_000)
      seen.push(...eventsIn(frames).map(([offset]) => offset))
      // Takes about half of what comes.
      if (round % 4 === 3) peer.drain()
      else peer.hold(round % 4 === 2 ? 400_000 : 150_000)
    }
    peer.drain()
    for (let i = 0; i < 200 && seen.length < published; i++) {
      await clock.advance(1)
      seen.push(...eventsIn(await peer.told()).map(([offset]) => offset))
    }
    expect(seen).toEqual(Array.from({ length: published }, (_, i) => i + 1))
    expect(peer.closed).toBeNull()
  })

  test('is told of no gap by the server as long as the log has it, and of one when it has not', async () => {
    const { server, clock } = createWorld({ log: memoryLog({ maxMessages: 50 }), limits: { buffered: 1_000 } })
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    await peer.told()
    peer.hold(1_000_000)
    for (let i = 1; i <= 200; i++) await server.publish('a', i)
    expect(await peer.told()).toEqual([])
    peer.drain()
    await clock.advance(10)
    const told = await peer.told()
    expect(told[0]).toEqual(['subscribed', 'a', [ANY, 150, ANY]])
    expect(eventsIn(told).map(([offset]) => offset)).toEqual(Array.from({ length: 50 }, (_, i) => 151 + i))
    expect(told.at(-1)).toEqual(['caught-up', 'a', 200])
  })

  test('catches up in silence when it had been live', async () => {
    const { server } = createWorld({ limits: { buffered: 1_000 } })
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    await peer.told()
    peer.hold(1_000_000)
    await server.publish('a', 1)
    peer.drain()
    expect(await peer.told()).toEqual([['event', 'a', 1, 1, ANY]])
    await server.publish('a', 2)
    expect(await peer.told()).toEqual([['event', 'a', 2, 2]])
  })

  test('gets volatile messages only when it can take them', async () => {
    const { server } = createWorld({ limits: { buffered: 1_000 } })
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    await peer.told()
    await server.publish('a', 'now', { volatile: true })
    expect(await peer.told()).toEqual([['volatile', 'a', 'now']])
    peer.hold(2_000)
    await server.publish('a', 'lost', { volatile: true })
    peer.drain()
    expect(await peer.told()).toEqual([])
  })

  test('that takes nothing for 30 s while events wait is closed, and resumes from the log', async () => {
    const { server, clock } = createWorld({ limits: { buffered: 1_000 } })
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    const { session } = await peer.welcome()
    const position = positionIn(await peer.told(), 'a')
    peer.hold(1_000_000)
    await server.publish('a', BIG)
    await clock.advance(28_000)
    expect(peer.closed).toBeNull()
    await clock.advance(4_000)
    expect(peer.closed).toBe(4301)
    const back = connectPeer(server, { session, incarnation: 2, subscriptions: [['a', position]] })
    expect(eventsIn(await back.told())).toHaveLength(1)
  })

  test('that asks without reading gets no answers that could fill memory', async () => {
    const { server } = createWorld({ limits: { buffered: 10_000 } })
    server.onMessage('big', () => 'x'.repeat(5_000))
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 1, 'big', 0])
    await peer.told()
    peer.hold(21_000)
    for (let i = 0; i < 100; i++) peer.say(['ping', i], ['send', 1, 'big', 0])
    expect(await peer.told()).toEqual([])
    peer.drain()
    expect(await peer.told()).toEqual([['ack', 1, [[1, 'x'.repeat(5_000)]]]])
    peer.hold(21_000)
    peer.say(['subscribe', 'a'])
    expect(peer.closed).toBe(4301)
  })
})

describe('rollback (§7.2)', () => {
  /** A log whose tail can be lost, as when a replica without it takes over: offsets come again, with other checks. */
  function createLossyLog(): { log: Log; loseAfter(offset: number): void } {
    const entries: { offset: number; check: number; data: Packet }[] = []
    const watchers = new Set<Parameters<Log['watch']>[1]>()
    let run = 1
    const isOn = ([epoch, offset, check]: Position): boolean =>
      epoch === 'e' && offset <= entries.length && check === (entries[offset - 1]?.check ?? 0)
    return {
      loseAfter(offset) {
        entries.length = offset
        run++
      },
      log: {
        append(_, data) {
          const entry = { offset: entries.length + 1, check: run, data }
          entries.push(entry)
          for (const told of watchers) told({ epoch: 'e', ...entry })
          return Promise.resolve({ epoch: 'e', offset: entry.offset, check: run })
        },
        read: (topic, after, { events }) =>
          Promise.resolve(
            topic === 'a' && isOn(after)
              ? { entries: entries.slice(after[1], after[1] + events), top: entries.length }
              : topic === 'a'
                ? null
                : { entries: [], top: 0 },
          ),
        locate(topic, position) {
          if (topic !== 'a') return Promise.resolve({ position: ['i', 0, 0] as const, rolledBack: false })
          if (position && isOn(position)) return Promise.resolve({ position, rolledBack: false })
          const top: Position = ['e', entries.length, entries.at(-1)?.check ?? 0]
          return Promise.resolve(
            position
              ? { position: ['e', 0, 0] as const, rolledBack: position[0] === 'e' }
              : { position: top, rolledBack: false },
          )
        },
        watch(topic, told) {
          if (topic === 'a') watchers.add(told)
          return () => watchers.delete(told)
        },
      },
    }
  }
  const append = async (log: Log, ...data: string[]): Promise<void> => {
    for (const item of data) await log.append('a', JSON.stringify(item))
  }

  test('a client ahead of a log that lost its tail is shown another epoch, which it can come back with', async () => {
    const { log, loseAfter } = createLossyLog()
    const { server } = createWorld({ log })
    await append(log, 'a', 'b', 'c')
    loseAfter(2)
    const peer = connectPeer(server, { subscriptions: [['a', ['e', 3, 1]]] })
    const told = await peer.told()
    const [shown, offset] = positionIn(told, 'a')
    expect(shown).toMatch(/^e!.{8}$/)
    expect(offset).toBe(0)
    expect(eventsIn(told)).toEqual([
      [1, 'a'],
      [2, 'b'],
    ])
    await append(log, 'd')
    const live = await peer.told()
    expect(live).toEqual([['event', 'a', 3, 'd', 2]])
    const back = connectPeer(server, { subscriptions: [['a', [shown, 3, 2]]] })
    expect(positionIn(await back.told(), 'a')).toEqual([shown, 3, 2])
  })

  test('the same offset under another check is another entry', async () => {
    const { log, loseAfter } = createLossyLog()
    const { server } = createWorld({ log })
    await append(log, 'a', 'b', 'c')
    loseAfter(2)
    await append(log, 'other c', 'd')
    const told = await connectPeer(server, { subscriptions: [['a', ['e', 3, 1]]] }).told()
    expect(positionIn(told, 'a')[0]).toMatch(/^e!/)
    expect(eventsIn(told).map(([, data]) => data)).toEqual(['a', 'b', 'other c', 'd'])
  })

  test('a live subscription notices when offsets come again', async () => {
    const { log, loseAfter } = createLossyLog()
    const { server, clock } = createWorld({ log })
    await append(log, 'a', 'b', 'c')
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    expect(positionIn(await peer.told(), 'a')).toEqual(['e', 3, 1])
    loseAfter(1)
    await append(log, 'other b')
    await clock.advance(10)
    const told = await peer.told()
    expect(positionIn(told, 'a')[0]).toMatch(/^e!/)
    expect(eventsIn(told)).toEqual([
      [1, 'a'],
      [2, 'other b'],
    ])
  })

  test('a log that fails closes the link, which comes back later and has lost nothing', async () => {
    const { log } = createLossyLog()
    const failing: Log = { ...log, locate: () => Promise.reject(new Error('no connection')) }
    const { server, errors } = createWorld({ log: failing })
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    expect(await peer.toldOf('bye')).toEqual([['bye', 4200, expect.any(String), 300]])
    expect(errors.length).toBeGreaterThan(0)
  })

  test('nothing is missed between a page and the entries appended while it was read', async () => {
    const { log } = createLossyLog()
    let release = (): void => {}
    const slow: Log = {
      ...log,
      read: async (topic, after, limit) => {
        const page = await log.read(topic, after, limit)
        if (topic === 'a') await new Promise<void>((resolve) => (release = resolve))
        return page
      },
    }
    const { server } = createWorld({ log: slow })
    await append(log, 'a')
    const peer = connectPeer(server, { subscriptions: [['a', ['', 0, 0]]] })
    await settled()
    await append(log, 'b', 'c')
    const seen: unknown[] = []
    for (let i = 0; i < 3; i++) {
      release()
      seen.push(...eventsIn(await peer.told()).map(([, data]) => data))
    }
    await append(log, 'd')
    seen.push(...eventsIn(await peer.told()).map(([, data]) => data))
    expect(seen).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('inboxes (§7.5)', () => {
  const authenticate = ({ credential }: { credential: unknown }): string | null => (credential as string) ?? null

  test('a session and an identity are sent to like topics, and what they missed is replayed', async () => {
    const { server } = createWorld({ authenticate })
    const peer = connectPeer(server, { credential: 'ann' })
    const { session, id } = await peer.welcome()
    const told = await peer.told()
    const positions = ['~session', '~identity'].map((name) => [name, positionIn(told, name)] as const)
    await server.sendTo({ session: id }, 'note', 'to you')
    await server.sendTo({ identity: 'ann' }, 'note', 'to all of you')
    expect((await peer.told()).map((frame) => frame.slice(0, 4))).toEqual([
      ['event', '~session', 1, ['note', 'to you']],
      ['event', '~identity', 1, ['note', 'to all of you']],
    ])
    peer.drop()
    await server.sendTo({ session: id }, 'note', 'while away')
    const back = connectPeer(server, {
      session,
      incarnation: 2,
      credential: 'ann',
      subscriptions: positions.map(([n, p]) => [n, p]),
    })
    expect(eventsIn(await back.told(), '~session')).toEqual([
      [1, ['note', 'to you']],
      [2, ['note', 'while away']],
    ])
  })

  test('nobody else receives them', async () => {
    const { server } = createWorld({ authenticate })
    const ann = connectPeer(server, { credential: 'ann' })
    const bob = connectPeer(server, { credential: 'bob' })
    const anonymous = connectPeer(server)
    const { id } = await ann.welcome()
    for (const peer of [bob, anonymous])
      peer.say(['subscribe', '~session:' + id, ['', 0, 0]], ['subscribe', '~identity:ann', ['', 0, 0]])
    await settled()
    await server.sendTo({ session: id }, 'note', 1)
    await server.sendTo({ identity: 'ann' }, 'note', 2)
    expect(eventsIn(await bob.told())).toEqual([])
    expect(eventsIn(await anonymous.told())).toEqual([])
    expect(eventsIn(await ann.told())).toHaveLength(2)
  })

  test('a client whose first welcome was lost still gets everything', async () => {
    const { server } = createWorld({ authenticate })
    const lost = connectPeer(server, { credential: 'ann' })
    const { session, id } = await lost.welcome()
    await server.sendTo({ session: id }, 'note', 1)
    await server.sendTo({ identity: 'ann' }, 'note', 2)
    const back = connectPeer(server, { session, incarnation: 2, credential: 'ann' })
    expect(eventsIn(await back.told())).toEqual([
      [1, ['note', 1]],
      [1, ['note', 2]],
    ])
  })

  test('misuse is an error at the call', async () => {
    const { server } = createWorld()
    const { id } = await connectPeer(server).welcome()
    await expect(server.sendTo({ session: 'nobody' }, 'a', 1)).rejects.toMatchObject({ code: 'unknown-session' })
    await expect(server.sendTo({ session: id }, '', 1)).rejects.toMatchObject({ code: 'bad-topic' })
    await expect(server.publish('~session:' + id, 1)).rejects.toMatchObject({ code: 'bad-topic' })
    await expect(server.publish('a\nb', 1)).rejects.toMatchObject({ code: 'bad-topic' })
    await expect(server.publish('a', 1n)).rejects.toMatchObject({ code: 'bad-data' })
    await expect(server.publish('a', 'x'.repeat(1_048_577))).rejects.toMatchObject({ code: 'bad-data' })
  })

  test('publishing with an id is done once', async () => {
    const { server } = createWorld()
    const peer = connectPeer(server, { subscriptions: [['a', null]] })
    await peer.told()
    const first = await server.publish('a', 1, { id: 'x' })
    expect(await server.publish('a', 1, { id: 'x' })).toEqual(first)
    expect(eventsIn(await peer.told())).toHaveLength(1)
  })
})
