// Sessions that servers share: two of them and one store, in virtual time. The store's own promises are proven by its conformance suite.
import { describe, expect, test } from 'vitest'
import { CloseCode } from '@holdfast/protocol'
import { createServer, memoryLog } from '@holdfast/server'
import type { MessageMeta, Server, ServerOptions } from '@holdfast/server'
import { createSharedSessions } from '../support/shared-sessions.ts'
import type { SharedSessions, SharedSessionsOptions } from '../support/shared-sessions.ts'
import { createClock, settled, type VirtualClock } from './support/clock.ts'
import { connectPeer } from './support/peer.ts'
import { createRandom } from './support/random.ts'

interface Node {
  readonly server: Server
  readonly name: string
}

interface Cluster {
  readonly clock: VirtualClock
  readonly store: SharedSessions
  readonly errors: unknown[]
  /** What handlers were told, on whatever node. */
  readonly calls: { node: string; data: unknown; meta: MessageMeta }[]
  readonly a: Node
  readonly b: Node
}

/** Servers hear nothing of each other. */
const untold: SharedSessionsOptions['weather'] = ({ method }) => (method === 'tell' ? { fails: 'before' } : {})

type Handler = (data: unknown, node: string) => unknown

function createCluster(
  handler: Handler = () => {},
  options: ServerOptions = {},
  of: Partial<SharedSessionsOptions> = {},
): Cluster {
  const clock = createClock()
  const store = createSharedSessions({ clock, ...of })
  const log = memoryLog({ now: clock.now })
  const errors: unknown[] = []
  const calls: Cluster['calls'] = []
  const start = (seed: number): Node => {
    const sessions = store.open()
    const onError = (error: unknown): void => void errors.push(error)
    const server = createServer({ clock, random: createRandom(seed), log, sessions, onError, ...options })
    server.onMessage('*', (data, meta) => {
      calls.push({ node: sessions.node, data, meta })
      return handler(data, sessions.node)
    })
    return { server, name: sessions.node }
  }
  return { clock, store, errors, calls, a: start(1), b: start(2) }
}

/** Handlers that finish when they are told to. */
function createGates(): { handler: Handler; finish(data: unknown): Promise<void> } {
  const waiting = new Map<unknown, () => void>()
  return {
    handler: (data) => new Promise((resolve) => waiting.set(data, () => resolve('did ' + String(data)))),
    finish(data) {
      waiting.get(data)!()
      return settled()
    },
  }
}

const dataOf = ({ calls }: Cluster): unknown[] => calls.map(({ data }) => data)

describe('any server takes up any session', () => {
  test('with what was taken in and handled: nothing is handled twice, and results are told again', async () => {
    const cluster = createCluster((data) => 'did ' + String(data))
    const peer = connectPeer(cluster.a.server)
    const { session, resumed, level } = await peer.welcome()
    expect({ resumed, level }).toEqual({ resumed: false, level: 'appended' })
    peer.say(['send', 1, 'do', 'a'], ['send', 2, 'do', 'b'])
    expect(await peer.toldOf('ack')).toEqual([
      [
        'ack',
        2,
        [
          [1, 'did a'],
          [2, 'did b'],
        ],
      ],
    ])

    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    expect(await next.welcome()).toMatchObject({ session, resumed: true, serial: 2 })
    expect(await next.toldOf('ack')).toEqual([
      [
        'ack',
        2,
        [
          [1, 'did a'],
          [2, 'did b'],
        ],
      ],
    ])
    next.say(['send', 2, 'do', 'b'], ['send', 3, 'do', 'c'])
    await settled()
    expect(cluster.calls.map(({ node, data }) => [node, data])).toEqual([
      [cluster.a.name, 'a'],
      [cluster.a.name, 'b'],
      [cluster.b.name, 'c'],
    ])
    expect(cluster.calls.every(({ meta }) => !meta.redelivered)).toBe(true)
  })

  test('the former link is closed, and what still comes on it changes nothing', async () => {
    const cluster = createCluster()
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    await next.welcome()
    expect(peer.closed).toBe(CloseCode.takenOver)
    expect(cluster.a.server.stats()).toMatchObject({ links: 0, sessions: 0 })
    peer.say(['send', 1, 'do', 'late'])
    await settled()
    expect(cluster.calls).toEqual([])
  })

  test('where the newer link comes to the same server, others are not told that it is gone', async () => {
    const cluster = createCluster()
    const peer = connectPeer(cluster.a.server)
    const { session, id } = await peer.welcome()
    await connectPeer(cluster.a.server, { session, incarnation: 2 }).welcome()
    expect(peer.closed).toBe(CloseCode.takenOver)
    expect(cluster.store.record(id)).toMatchObject({ incarnation: 2, farewell: null })
  })

  test('a server that has not heard of it finds out as soon as it writes', async () => {
    const cluster = createCluster(undefined, {}, { weather: untold })
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    await connectPeer(cluster.b.server, { session, incarnation: 2 }).welcome()
    expect(peer.closed).toBe(null)
    peer.say(['send', 1, 'do', 'late'])
    await settled()
    expect(peer.closed).toBe(CloseCode.takenOver)
    expect(cluster.calls).toEqual([])
  })

  test('or when it keeps its records, where nothing is written', async () => {
    const cluster = createCluster(undefined, {}, { weather: untold })
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    await connectPeer(cluster.b.server, { session, incarnation: 2 }).welcome()
    await cluster.clock.advance(45_000)
    expect(peer.closed).toBe(CloseCode.takenOver)
  })

  test('back and forth', async () => {
    const cluster = createCluster((data) => 'did ' + String(data))
    const { session } = await connectPeer(cluster.a.server).welcome()
    for (let incarnation = 2; incarnation < 8; incarnation++) {
      const { server } = incarnation % 2 ? cluster.a : cluster.b
      const peer = connectPeer(server, { session, incarnation, settled: incarnation - 2 })
      expect(await peer.welcome()).toMatchObject({ resumed: true, serial: incarnation - 2 })
      peer.say(['send', incarnation - 1, 'do', incarnation])
      expect(await peer.toldOf('ack')).toContainEqual([
        'ack',
        incarnation - 1,
        [[incarnation - 1, 'did ' + incarnation]],
      ])
    }
    expect(dataOf(cluster)).toEqual([2, 3, 4, 5, 6, 7])
  })

  test('but not for another identity, with another codec, or by an older link', async () => {
    const cluster = createCluster(undefined, { authenticate: ({ credential }) => credential as string })
    const { session } = await connectPeer(cluster.a.server, { credential: 'ann' }).welcome()
    const thief = connectPeer(cluster.b.server, { session, incarnation: 2, credential: 'bob' })
    expect(await thief.told()).toEqual([['bye', CloseCode.otherIdentity, expect.any(String)]])
    const stale = connectPeer(cluster.b.server, { session, incarnation: 1, credential: 'ann' })
    expect(await stale.told()).toEqual([['bye', CloseCode.stale, expect.any(String)]])
    const guess = connectPeer(cluster.b.server, {
      session: session.slice(0, -1) + '~',
      incarnation: 2,
      credential: 'ann',
    })
    expect(await guess.welcome()).toMatchObject({ resumed: false })
    expect(await connectPeer(cluster.b.server, { session, incarnation: 2, credential: 'ann' }).welcome()).toMatchObject(
      { resumed: true },
    )
  })

  test('where its inboxes stood goes along', async () => {
    const cluster = createCluster()
    const peer = connectPeer(cluster.a.server)
    const { session, id } = await peer.welcome()
    await peer.told()
    peer.drop()
    await cluster.b.server.sendTo({ session: id }, 'note', 'while away')
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    expect((await next.toldOf('event')).map((event) => event[3])).toEqual([['note', 'while away']])
    await expect(cluster.a.server.sendTo({ session: 'nobody' }, 'note', 1)).rejects.toMatchObject({
      code: 'unknown-session',
    })
  })
})

describe('nothing is started before it is recorded, and nothing acknowledged', () => {
  test('each waits for the store', async () => {
    const cluster = createCluster(
      () => 'done',
      {},
      { weather: ({ method }) => (method === 'write' ? { before: 50, after: 50 } : {}) },
    )
    const peer = connectPeer(cluster.a.server)
    await peer.told()
    await cluster.clock.advance(500)
    await peer.told()
    peer.say(['send', 1, 'do', 'a'])
    await cluster.clock.advance(99)
    expect(cluster.calls).toEqual([])
    await cluster.clock.advance(1)
    expect(dataOf(cluster)).toEqual(['a'])
    await cluster.clock.advance(99)
    expect(await peer.toldOf('ack')).toEqual([])
    await cluster.clock.advance(1)
    expect(await peer.toldOf('ack')).toEqual([['ack', 1, [[1, 'done']]]])
  })

  test.each(['before', 'after'] as const)(
    'a write that fails %s its effect is made again, and has it once',
    async (fails) => {
      let failures = 0
      const weather: SharedSessionsOptions['weather'] = ({ method }) =>
        method === 'write' && failures++ % 2 === 0 ? { fails } : {}
      const cluster = createCluster((data) => data, {}, { weather })
      const peer = connectPeer(cluster.a.server)
      await peer.welcome()
      peer.say(['send', 1, 'do', 'a'], ['void', 2], ['send', 3, 'do', 'c'])
      await cluster.clock.advance(5_000)
      expect(dataOf(cluster)).toEqual(['a', 'c'])
      expect((await peer.toldOf('ack')).at(-1)?.[1]).toBe(3)
      expect(cluster.errors.length).toBeGreaterThan(0)
    },
  )

  test('messages of the same tick are written together', async () => {
    const cluster = createCluster(() => 'done')
    const peer = connectPeer(cluster.a.server)
    await peer.told()
    const before = cluster.store.calls
    for (let i = 1; i <= 100; i++) peer.say(['send', i, 'do', i])
    await settled()
    expect(cluster.calls.length).toBe(100)
    expect(cluster.store.calls - before).toBeLessThanOrEqual(4)
  })

  test('a server without the store lets nobody in, for now', async () => {
    const cluster = createCluster(
      undefined,
      {},
      { weather: ({ method }) => (method === 'create' ? { fails: 'before' } : {}) },
    )
    const peer = connectPeer(cluster.a.server)
    expect(await peer.told()).toEqual([['bye', 4200, expect.any(String), expect.any(Number)]])
    expect(cluster.a.server.stats().sessions).toBe(0)
    expect(cluster.errors.length).toBe(1)
  })
})

describe('a server that dies', () => {
  test('between starting a message and recording it: it is started again, marked', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler)
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'do', 'a'], ['send', 2, 'do', 'b'])
    await settled()
    cluster.store.kill(cluster.a.name)
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    expect(await next.welcome()).toMatchObject({ resumed: true, serial: 2 })
    expect(dataOf(cluster)).toEqual(['a'])
    await cluster.clock.advance(12_000)
    expect(cluster.calls.map(({ data, meta }) => [data, meta.redelivered])).toEqual([
      ['a', false],
      ['a', true],
    ])
    expect(cluster.calls[1]!.meta).toMatchObject({ id: cluster.calls[0]!.meta.id, fence: cluster.calls[0]!.meta.fence })
    await next.told()
    await gates.finish('a')
    await gates.finish('b')
    expect((await next.toldOf('ack')).at(-1)).toEqual(['ack', 2, [[2, 'did b']]])
  })

  test('or is not, and its sender learns that it is in doubt', async () => {
    const cluster = createCluster(createGates().handler, { intake: 'at-most-once' })
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'do', 'a'])
    await settled()
    cluster.store.kill(cluster.a.name)
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    await cluster.clock.advance(12_000)
    expect(cluster.calls.length).toBe(1)
    expect(await next.toldOf('ack')).toContainEqual(['ack', 1, [[1, null, 'in-doubt', expect.any(String)]]])
  })

  test('nor is one whose sender wanted it once at most', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler)
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'do', 'a', ''], ['send', 2, 'do', 'b'])
    await settled()
    expect(cluster.calls[0]!.meta).toMatchObject({ redelivered: false, id: expect.stringMatching(/\.1$/) })
    cluster.store.kill(cluster.a.name)
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    await cluster.clock.advance(12_000)
    expect(dataOf(cluster)).toEqual(['a', 'b'])
    expect(await next.toldOf('ack')).toContainEqual(['ack', 1, [[1, null, 'in-doubt', expect.any(String)]]])
  })
})

describe('a server that has given a session up', () => {
  test('finishes what it has started, and the other one tells its result and goes on', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler)
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'do', 'a'], ['send', 2, 'do', 'b'])
    await settled()
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    await next.told()
    next.say(['send', 3, 'do', 'c'])
    await cluster.clock.advance(30_000)
    expect(dataOf(cluster)).toEqual(['a'])
    await gates.finish('a')
    expect(await next.toldOf('ack')).toEqual([['ack', 1, [[1, 'did a']]]])
    await gates.finish('b')
    await gates.finish('c')
    expect((await next.toldOf('ack')).map((ack) => ack[1])).toEqual([2, 3])
    expect(cluster.calls.map(({ node, data, meta }) => [node, data, meta.redelivered])).toEqual([
      [cluster.a.name, 'a', false],
      [cluster.b.name, 'b', false],
      [cluster.b.name, 'c', false],
    ])
  })

  test('that nobody told so: goes on until it has something to record', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler, {}, { weather: untold })
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'do', 'a'], ['send', 2, 'do', 'b'])
    await settled()
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    await settled()
    await gates.finish('a')
    await cluster.clock.advance(2_000)
    await gates.finish('b')
    await cluster.clock.advance(2_000)
    expect((await next.toldOf('ack')).at(-1)).toEqual(['ack', 2, [[2, 'did b']]])
    expect(cluster.calls.map(({ node, data }) => [node, data])).toEqual([
      [cluster.a.name, 'a'],
      [cluster.a.name, 'b'],
    ])
  })

  test('drains until its handlers have finished', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler)
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'do', 'a'])
    await settled()
    let drained = false
    const drain = cluster.a.server.drain({ within: 10_000 }).then(() => (drained = true))
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    await cluster.clock.advance(1_000)
    expect(drained).toBe(false)
    await gates.finish('a')
    await drain
    await cluster.a.server.close()
    expect(await next.toldOf('ack')).toContainEqual(['ack', 1, [[1, 'did a']]])
    expect(cluster.calls.length).toBe(1)
  })

  test('drains as long again for what came last', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler)
    const peer = connectPeer(cluster.a.server)
    await peer.welcome()
    let drained = false
    const drain = cluster.a.server.drain({ within: 1_000 }).then(() => (drained = true))
    await cluster.clock.advance(900)
    peer.say(['send', 1, 'do', 'a'])
    await settled()
    await cluster.clock.advance(900)
    expect({ drained, closed: peer.closed }).toEqual({ drained: false, closed: CloseCode.drain })
    await gates.finish('a')
    expect(await drain).toBe(true)
  })
})

describe('the end of a session', () => {
  test('that its client ends is the end of it on every server', async () => {
    const cluster = createCluster()
    const ended: string[] = []
    for (const { server } of [cluster.a, cluster.b]) server.onSessionEnd(({ id }) => ended.push(id))
    const peer = connectPeer(cluster.a.server)
    const { session, id } = await peer.welcome()
    peer.say(['send', 1, 'do', 'last'], ['bye'])
    await settled()
    expect(dataOf(cluster)).toEqual(['last'])
    expect(ended).toEqual([id])
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    expect(await next.welcome()).toMatchObject({ resumed: false })
    expect((await next.welcome()).former).toBeUndefined()
    expect(cluster.store.record(id)).toBeUndefined()
  })

  test('by time leaves what was handled, and is told once', async () => {
    const cluster = createCluster((data) => 'did ' + String(data))
    const ended: string[] = []
    for (const { server } of [cluster.a, cluster.b]) server.onSessionEnd(({ id }) => ended.push(id))
    const peer = connectPeer(cluster.a.server)
    const { session, id } = await peer.welcome()
    peer.say(['send', 1, 'do', 'a'])
    await settled()
    await connectPeer(cluster.b.server, { session, incarnation: 2 }).welcome()
    const last = connectPeer(cluster.a.server, { session, incarnation: 3 })
    await last.welcome()
    last.drop()
    await cluster.clock.advance(122_000)
    expect(ended).toEqual([id])
    const next = connectPeer(cluster.b.server, { session, incarnation: 4 })
    expect(await next.welcome()).toMatchObject({ resumed: false, former: [1, [[1, 'did a']]] })
  })

  test('does not come while it has a link', async () => {
    const cluster = createCluster()
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    for (let i = 0; i < 30; i++) {
      peer.say(['ping', i])
      await cluster.clock.advance(10_000)
    }
    expect(peer.closed).toBe(null)
    expect(await connectPeer(cluster.b.server, { session, incarnation: 2 }).welcome()).toMatchObject({ resumed: true })
  })

  test('may be asked for on another server', async () => {
    const cluster = createCluster()
    const peer = connectPeer(cluster.a.server)
    const { session, id } = await peer.welcome()
    cluster.b.server.disconnect(id, { reason: 'banned' })
    await settled()
    expect(peer.closed).toBe(4000)
    expect(await connectPeer(cluster.b.server, { session, incarnation: 2 }).welcome()).toMatchObject({ resumed: false })
    cluster.b.server.disconnect('nobody')
    await settled()
    expect(cluster.errors).toEqual([expect.objectContaining({ code: 'unknown-session' })])
  })

  test('a closed server leaves its sessions to others', async () => {
    const cluster = createCluster()
    const ended: string[] = []
    cluster.a.server.onSessionEnd(({ id }) => ended.push(id))
    const { session } = await connectPeer(cluster.a.server).welcome()
    await cluster.a.server.close()
    expect(await connectPeer(cluster.b.server, { session, incarnation: 2 }).welcome()).toMatchObject({ resumed: true })
    expect(ended).toEqual([])
  })
})

describe('a store that goes back in time', () => {
  test('ends sessions, and what was handled is told by the server that knows', async () => {
    const cluster = createCluster((data) => 'did ' + String(data))
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    const snapshot = cluster.store.snapshot()
    peer.say(['send', 1, 'do', 'a'])
    await peer.told()
    cluster.store.restore(snapshot)
    peer.say(['send', 2, 'do', 'b'])
    await settled()
    expect(peer.closed).toBe(4200)
    expect(dataOf(cluster)).toEqual(['a'])
    const next = connectPeer(cluster.b.server, { session, incarnation: 2 })
    expect(await next.welcome()).toMatchObject({ resumed: false, former: [0, []] })
  })
})

test('a store that goes back in time while nothing is written is noticed as well, and nobody is told of a newer link', async () => {
  const cluster = createCluster()
  const peer = connectPeer(cluster.a.server)
  const { session } = await peer.welcome()
  peer.say(['send', 1, 'do', 'a'])
  await settled()
  cluster.store.restore(cluster.store.snapshot())
  await cluster.clock.advance(45_000)
  expect(peer.closed).toBe(CloseCode.overloaded)
  const next = connectPeer(cluster.a.server, { session, incarnation: 2 })
  expect(await next.welcome()).toMatchObject({ resumed: false, former: [1, []] })
})

describe('a server without room', () => {
  test('leaves the session and its messages to others', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler, { limits: { sessionsPerIdentity: 1 }, authenticate: () => 'ann' })
    await connectPeer(cluster.b.server).welcome()
    const peer = connectPeer(cluster.a.server)
    const { session } = await peer.welcome()
    peer.say(['send', 1, 'do', 'a'], ['send', 2, 'do', 'b'])
    await settled()
    const refused = connectPeer(cluster.b.server, { session, incarnation: 2 })
    expect((await refused.toldOf('bye'))[0]?.[1]).toBe(4200)
    const back = connectPeer(cluster.a.server, { session, incarnation: 3 })
    await back.welcome()
    await gates.finish('a')
    await gates.finish('b')
    await cluster.clock.advance(2_000)
    expect((await back.toldOf('ack')).at(-1)?.[1]).toBe(2)
    expect(cluster.calls.map(({ data, meta }) => [data, meta.redelivered])).toEqual([
      ['a', false],
      ['b', false],
    ])
  })
})

describe('a claim whose answer is lost', () => {
  /** Claims fail so, one after another: undefined does not. */
  const failing = (...claims: ('after' | undefined)[]): Partial<SharedSessionsOptions> => ({
    weather: ({ method }) => (method === 'claim' ? { fails: claims.shift() } : {}),
  })

  test('does not leave messages with a server that waits for what it will not be told', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler, {}, failing(undefined, 'after'))
    const { a, b } = cluster
    const first = connectPeer(a.server)
    const { session } = await first.welcome()
    first.say(['send', 1, 'do', 'a'], ['send', 2, 'do', 'b'])
    await settled()
    const second = connectPeer(b.server, { session, incarnation: 2 })
    await second.welcome()
    await cluster.clock.advance(2_000)
    second.drop()
    expect((await connectPeer(a.server, { session, incarnation: 3 }).toldOf('bye'))[0]![1]).toBe(CloseCode.overloaded)
    const last = connectPeer(a.server, { session, incarnation: 4 })
    await last.welcome()
    await gates.finish('a')
    await cluster.clock.advance(2_000)
    await gates.finish('b')
    expect((await last.toldOf('ack')).at(-1)).toEqual(['ack', 2, [[2, 'did b']]])
    expect(cluster.calls.map(({ data, meta }) => [data, meta.redelivered])).toEqual([
      ['a', false],
      ['b', false],
    ])
  })

  test('does not leave them with nobody', async () => {
    const gates = createGates()
    const cluster = createCluster(gates.handler, {}, failing('after', 'after'))
    const { a, b } = cluster
    const first = connectPeer(a.server)
    const { session } = await first.welcome()
    first.say(['send', 1, 'do', 'a'], ['send', 2, 'do', 'b'])
    await settled()
    await connectPeer(b.server, { session, incarnation: 2 }).told()
    // Finds out that it is fenced, and gives back what it has not started; the second claim gets that.
    first.say(['send', 3, 'do', 'c'])
    await settled()
    expect(first.closed).toBe(CloseCode.takenOver)
    await connectPeer(b.server, { session, incarnation: 3 }).told()
    const last = connectPeer(a.server, { session, incarnation: 4 })
    await last.welcome()
    await gates.finish('a')
    await cluster.clock.advance(2_000)
    await gates.finish('b')
    expect((await last.toldOf('ack')).at(-1)).toEqual(['ack', 2, [[2, 'did b']]])
    expect(cluster.calls.map(({ data, meta }) => [data, meta.redelivered])).toEqual([
      ['a', false],
      ['b', false],
    ])
  })
})
