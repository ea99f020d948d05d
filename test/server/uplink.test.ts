import { describe, expect, test } from 'vitest'
import { HoldfastError, RejectError } from '@holdfast/server'
import type { MessageMeta } from '@holdfast/server'
import { settled } from './support/clock.ts'
import { connectPeer } from './support/peer.ts'
import { createWorld } from './support/world.ts'

/** Handlers that finish when they are told to. */
function createGates(): {
  started: unknown[]
  handler: (data: unknown) => Promise<unknown>
  finish(i: number): Promise<void>
} {
  const started: unknown[] = []
  const waiting: ((reply: unknown) => void)[] = []
  return {
    started,
    handler(data) {
      started.push(data)
      return new Promise((resolve) => waiting.push(resolve))
    },
    finish(i) {
      waiting[i]!('reply ' + String(started[i]))
      return settled()
    },
  }
}

describe('taking in (§6.2, §6.3)', () => {
  test('one packet of messages gets one ack, with the replies there are', async () => {
    const { server } = createWorld()
    server.onMessage('ask', (data) => ({ you: data }))
    server.onMessage('tell', () => {})
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 1, 'ask', 'a'], ['send', 2, 'tell', 'b'], ['send', 3, 'ask', 'c'])
    expect(await peer.told()).toEqual([
      [
        'ack',
        3,
        [
          [1, { you: 'a' }],
          [3, { you: 'c' }],
        ],
      ],
    ])
    expect(server.stats()).toMatchObject({ received: 3, handled: 3 })
  })

  test('a handler is told whose message it is', async () => {
    const { server } = createWorld({ authenticate: () => ({ id: 'ann', role: 'admin' }) })
    const metas: MessageMeta[] = []
    server.onMessage('a', (_, meta) => void metas.push(meta))
    const peer = connectPeer(server, {}, { transport: 'longPolling' })
    const { id } = await peer.welcome()
    peer.say(['send', 1, 'a', 1], ['send', 2, 'a', 2, 'former.7.41'], ['volatile', 'a', 3])
    await settled()
    const identity = { id: 'ann', role: 'admin' }
    const common = { session: { id, identity }, identity, topic: 'a', transport: 'longPolling' }
    const reliable = { ...common, volatile: false }
    expect(metas).toEqual([
      { ...common, serial: 0, id: '', fence: 0, redelivered: false, volatile: true },
      { ...reliable, serial: 1, id: id + '.1', fence: 1, redelivered: false },
      { ...reliable, serial: 2, id: 'former.7.41', fence: 41, redelivered: true },
    ])
  })

  test('handlers of a session run strictly one after the other, in the order of serials', async () => {
    const { server } = createWorld()
    const { started, handler, finish } = createGates()
    server.onMessage('a', handler)
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 3, 'a', 'three'], ['send', 2, 'a', 'two'], ['send', 1, 'a', 'one'])
    await settled()
    expect(started).toEqual(['one'])
    await finish(0)
    expect(started).toEqual(['one', 'two'])
    await finish(1)
    await finish(2)
    expect(await peer.toldOf('ack')).toEqual([
      ['ack', 1, [[1, 'reply one']]],
      ['ack', 2, [[2, 'reply two']]],
      ['ack', 3, [[3, 'reply three']]],
    ])
  })

  test('concurrent handlers start in order without waiting, and tell results above the cumulative serial', async () => {
    const { server } = createWorld()
    const { started, handler, finish } = createGates()
    server.onMessage('a', handler, { concurrent: true })
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 1, 'a', 1], ['send', 2, 'a', 2], ['send', 3, 'a', 3])
    await settled()
    expect(started).toEqual([1, 2, 3])
    await finish(2)
    expect(await peer.told()).toEqual([['ack', 0, [[3, 'reply 3']]]])
    await finish(0)
    await finish(1)
    expect(await peer.told()).toEqual([
      ['ack', 1, [[1, 'reply 1']]],
      ['ack', 3, [[2, 'reply 2']]],
    ])
  })

  test('concurrent handlers keep their order of starting when authorization is slow', async () => {
    const waiting: (() => void)[] = []
    const { server } = createWorld({ authorize: () => new Promise((resolve) => waiting.push(() => resolve(true))) })
    const { started, handler } = createGates()
    server.onMessage('a', handler, { concurrent: true })
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 1, 'a', 1], ['send', 2, 'a', 2])
    await settled()
    expect(waiting).toHaveLength(1)
    waiting[0]!()
    await settled()
    waiting[1]!()
    await settled()
    expect(started).toEqual([1, 2])
  })

  test('sessions do not wait for each other', async () => {
    const { server } = createWorld()
    const { started, handler } = createGates()
    server.onMessage('a', handler)
    for (const name of ['x', 'y']) connectPeer(server).say(['send', 1, 'a', name])
    await settled()
    expect(started).toEqual(['x', 'y'])
  })

  test('a duplicate is dropped and answered from the kept result', async () => {
    const { server } = createWorld()
    let calls = 0
    server.onMessage('a', () => ++calls)
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 1, 'a', 1])
    expect(await peer.told()).toEqual([['ack', 1, [[1, 1]]]])
    peer.say(['send', 1, 'a', 1])
    expect(await peer.told()).toEqual([['ack', 1, [[1, 1]]]])
    expect(calls).toBe(1)
    expect(server.stats().duplicates).toBe(1)
  })

  test('a void uses its serial up', async () => {
    const { server } = createWorld()
    server.onMessage('a', (data) => data)
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['void', 1], ['send', 2, 'a', 'x'])
    expect(await peer.told()).toEqual([['ack', 2, [[2, 'x']]]])
  })

  test('beyond the window nothing is held, and nothing is lost by it', async () => {
    const { server } = createWorld({ limits: { inFlight: 4 } })
    const handled: unknown[] = []
    server.onMessage('a', (data) => void handled.push(data))
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 5, 'a', 5])
    peer.say(...[1, 2, 3, 4].map((n) => ['send', n, 'a', n]))
    expect(await peer.told()).toEqual([['ack', 4, []]])
    peer.say(['send', 5, 'a', 5])
    await settled()
    expect(handled).toEqual([1, 2, 3, 4, 5])
  })

  test('messages that wait for their handler are bounded in bytes, too', async () => {
    const { server } = createWorld({ limits: { inFlightBytes: 10_000 } })
    server.onMessage('a', () => new Promise(() => {}))
    const peer = connectPeer(server)
    for (let serial = 1; serial <= 50; serial++) peer.say(['send', serial, 'a', 'x'.repeat(1_000)])
    await settled()
    expect(server.stats().received).toBeLessThan(22)
    expect(server.stats().received).toBeGreaterThan(9)
  })

  test('acks whose results do not fit one packet never acknowledge a serial before its result', async () => {
    const { server } = createWorld({ limits: { packet: 1_000 } })
    server.onMessage('a', () => 'y'.repeat(200))
    const peer = connectPeer(server)
    await peer.told()
    peer.say(...Array.from({ length: 20 }, (_, i) => ['send', i + 1, 'a', 0]))
    const acks = await peer.toldOf('ack')
    expect(acks.length).toBeGreaterThan(5)
    let upTo = 0
    for (const [, serial, results] of acks) {
      expect(results.map(([at]) => at)).toEqual(Array.from({ length: serial - upTo }, (_, i) => upTo + i + 1))
      upTo = serial
    }
    expect(upTo).toBe(20)
    for (const packet of peer.packets) expect(packet.length).toBeLessThanOrEqual(1_000)
  })
})

describe('refusals', () => {
  test('each has its code, and the next message goes on', async () => {
    const { server, errors } = createWorld({
      authorize: ({ topic }) => {
        if (topic === 'broken') throw new Error('database away')
        return topic !== 'secret'
      },
    })
    const cycle: unknown[] = []
    cycle.push(cycle)
    server.onMessage('reject', () => Promise.reject(new RejectError('sold-out', 'none left')))
    server.onMessage('throw', () => {
      throw new Error('password is 123')
    })
    server.onMessage('cycle', () => cycle)
    server.onMessage('deep', () => JSON.parse('['.repeat(70) + ']'.repeat(70)))
    server.onMessage('*', (data) => data)
    server.onMessage('secret', () => 'never')
    const topics = ['reject', 'throw', 'cycle', 'deep', 'secret', '~session', 'broken', 'fine']
    const peer = connectPeer(server)
    await peer.told()
    peer.say(...topics.map((topic, i) => ['send', i + 1, topic, 'data']))
    const results = (await peer.toldOf('ack')).flatMap(([, , results]) => results)
    expect(results.map(([serial, , code]) => [serial, code])).toEqual([
      [1, 'sold-out'],
      [2, 'handler-failed'],
      [3, 'handler-failed'],
      [4, 'handler-failed'],
      [5, 'forbidden'],
      [6, 'forbidden'],
      [7, 'handler-failed'],
      [8, undefined],
    ])
    expect(results[0]).toEqual([1, null, 'sold-out', 'none left'])
    expect(JSON.stringify(results)).not.toContain('123')
    expect(errors).toHaveLength(4)
  })

  test('onError is told whose function threw', async () => {
    const reports: string[] = []
    const { server } = createWorld({
      authorize: ({ topic }) => {
        if (topic === 'broken') throw new Error('database away')
        if (topic === 'closed') throw new RejectError('closed-today')
        return true
      },
      onError: (_error, where) => reports.push(where),
    })
    server.onMessage('chat/*', () => Promise.reject(new Error('oops')))
    server.onMessage('deep', () => JSON.parse('['.repeat(70) + ']'.repeat(70)))
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 1, 'broken', 1], ['send', 2, 'chat/1', 1], ['send', 3, 'deep', 1], ['send', 4, 'closed', 1])
    expect((await peer.toldOf('ack')).flatMap(([, , results]) => results.map(([, , code]) => code))).toEqual([
      'handler-failed',
      'handler-failed',
      'handler-failed',
      'closed-today',
    ])
    expect(reports).toEqual(['authorize', 'onMessage chat/*', 'onMessage deep'])
    reports.length = 0
    peer.say(['volatile', 'broken', 1], ['volatile', 'chat/1', 1], ['volatile', 'closed', 1])
    await settled()
    expect(reports).toEqual(['authorize', 'onMessage chat/*'])
  })

  test('a message nobody handles is refused, and the longest prefix handles it where there is one', async () => {
    const { server } = createWorld()
    server.onMessage('chat/*', () => 'chat')
    const undo = server.onMessage('chat/room/*', () => 'room')
    server.onMessage('chat/room/1', () => 'one')
    const peer = connectPeer(server)
    await peer.told()
    const topics = ['chat', 'chat/', 'chat/room/2', 'chat/room/1']
    peer.say(...topics.map((topic, i) => ['send', i + 1, topic, 0]))
    const [[, , results] = []] = await peer.toldOf('ack')
    expect(results).toEqual([
      [1, null, 'no-handler', expect.any(String)],
      [2, 'chat'],
      [3, 'room'],
      [4, 'one'],
    ])
    undo()
    peer.say(['send', 5, 'chat/room/2', 0])
    expect(await peer.told()).toEqual([['ack', 5, [[5, 'chat']]]])
  })

  test('two handlers for one pattern, or one for a reserved topic, are an error at the call', () => {
    const { server } = createWorld()
    server.onMessage('a', () => {})
    expect(() => server.onMessage('a', () => {})).toThrow(HoldfastError)
    expect(() => server.onMessage('~session', () => {})).toThrow(expect.objectContaining({ code: 'bad-topic' }))
  })

  test('errors are shown to clients where that is asked for', async () => {
    const { server } = createWorld({ exposeErrors: true })
    server.onMessage('a', () => {
      throw new Error('out of cheese')
    })
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 1, 'a', 1])
    expect(await peer.told()).toEqual([['ack', 1, [[1, null, 'handler-failed', 'out of cheese']]]])
  })

  test('volatile messages are refused in silence, and their errors reported', async () => {
    const { server, errors } = createWorld({ authorize: ({ topic }) => topic !== 'secret' })
    const handled: unknown[] = []
    server.onMessage('secret', (data) => void handled.push(data))
    server.onMessage('a', (data) => {
      handled.push(data)
      throw new Error('oops')
    })
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['volatile', 'secret', 1], ['volatile', 'none', 2], ['volatile', '~session', 3], ['volatile', 'a', 4])
    expect(await peer.told()).toEqual([])
    expect(handled).toEqual([4])
    expect(errors).toHaveLength(1)
  })

  test('at-most-once never starts a redelivered message: its outcome is in doubt', async () => {
    const { server } = createWorld({ intake: 'at-most-once' })
    const handled: unknown[] = []
    server.onMessage('a', (data) => void handled.push(data))
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 1, 'a', 'again', 'old.9'], ['send', 2, 'a', 'new'])
    expect(await peer.told()).toEqual([['ack', 2, [[1, null, 'in-doubt', expect.any(String)]]]])
    expect(handled).toEqual(['new'])
  })
})

describe('holes (§6.4)', () => {
  test('a hole is answered once, again at most once a second, and without progress the link ends', async () => {
    const { server, clock } = createWorld()
    server.onMessage('a', () => {})
    const peer = connectPeer(server)
    await peer.told()
    peer.say(['send', 2, 'a', 2])
    peer.say(['send', 3, 'a', 3])
    expect(await peer.told()).toEqual([['nack', 0]])
    peer.say(['send', 1, 'a', 1], ['send', 5, 'a', 5])
    expect(await peer.told()).toEqual([
      ['nack', 3],
      ['ack', 3, []],
    ])
    await clock.advance(2_100)
    expect(await peer.toldOf('nack')).toEqual([
      ['nack', 3],
      ['nack', 3],
    ])
    await clock.advance(1_100)
    expect(await peer.told()).toEqual([['bye', 4402, expect.any(String)]])
  })

  test('a hole that is filled in time is forgotten', async () => {
    const { server, clock } = createWorld()
    server.onMessage('a', () => {})
    const peer = connectPeer(server)
    for (let serial = 2; serial < 12; serial += 2) {
      peer.say(['send', serial, 'a', 0])
      await clock.advance(1_500)
      peer.say(['send', serial - 1, 'a', 0])
      await clock.advance(500)
    }
    expect(peer.closed).toBeNull()
    expect(await peer.toldOf('nack')).toHaveLength(10)
  })
})
