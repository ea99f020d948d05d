// What a `send()` settles as: one truthful outcome each, seen from the handle.
import { describe, expect, it } from 'vitest'
import type { HoldfastError } from '../../packages/client/src/errors.ts'
import type { Receipt } from '../../packages/client/src/types.ts'
import { createRig, type Rig } from '../support/client-rig.ts'
import { settled } from '../support/virtual-clock.ts'

/** What has become of a promise; null while it is open. */
function watched(promise: Promise<unknown>) {
  const told: { now: unknown } = { now: null }
  promise.then(
    (value) => (told.now = value),
    (error: HoldfastError) => (told.now = [error.outcome, error.code]),
  )
  return told
}
const send = (rig: Rig, data: unknown, options = {}) => watched(rig.client.send('chat', data, options))
const sends = (rig: Rig) => rig.link.sent.filter(([type]) => type === 'send')

describe('a message', () => {
  it('resolves with its name and with what the acknowledgement stands for', async () => {
    const rig = createRig()
    await rig.welcome({ level: 'appended', id: 's9' })
    const told = send(rig, 'hi')
    await settled()
    expect(sends(rig)).toEqual([['send', 1, 'chat', 'hi']])
    expect(told.now).toBeNull()
    rig.link.down(['ack', 1, []])
    await settled()
    expect(told.now).toEqual({ id: 's9.1', serial: 1, level: 'appended' } satisfies Receipt)
  })

  it('is rejected with the code and the words of the server', async () => {
    const rig = createRig()
    await rig.welcome()
    const sent = rig.client.send('chat', 'hi')
    const told = watched(sent)
    await settled()
    rig.link.down(['ack', 1, [[1, null, 'not-funny', 'try again']]])
    await settled()
    expect(told.now).toEqual(['rejected', 'not-funny'])
    await expect(sent).rejects.toThrow(/try again/)
  })

  it('sent in one tick with others shares a packet', async () => {
    const rig = createRig()
    await rig.welcome()
    for (let i = 0; i < 4; i++) send(rig, i)
    await settled()
    expect(rig.link.packets).toHaveLength(1)
    expect(sends(rig)).toHaveLength(4)
  })

  it('waits while there is no link, and goes out in order on the next', async () => {
    const rig = createRig()
    send(rig, 'a')
    send(rig, 'b')
    await settled()
    expect(rig.client.snapshot.pending).toBe(2)
    await rig.welcome()
    expect(sends(rig).map((frame) => frame[3])).toEqual(['a', 'b'])
  })

  it('is sent again only above what the server has', async () => {
    const rig = createRig()
    await rig.welcome()
    for (const data of ['a', 'b', 'c']) send(rig, data)
    await settled()
    rig.link.dropped()
    await rig.clock.advance(1000)
    await rig.welcome({ resumed: true, serial: 2 })
    expect(sends(rig)).toEqual([['send', 3, 'chat', 'c']])
  })

  it('goes again under its name when the session is gone; with `once` it is in doubt', async () => {
    const rig = createRig()
    await rig.welcome()
    const again = send(rig, 'again')
    const once = send(rig, 'once', { once: true })
    await settled()
    rig.link.dropped()
    const unsent = send(rig, 'unsent', { once: true })
    await rig.clock.advance(1000)
    await rig.welcome({ session: 'other', id: 's2' })
    expect(once.now).toEqual(['in-doubt', 'session-lost'])
    expect(sends(rig)).toEqual([
      ['send', 1, 'chat', 'again', 's1.1'],
      ['send', 2, 'chat', 'unsent', ''],
    ])
    rig.link.down(['ack', 2, []])
    await settled()
    expect([again.now, unsent.now]).toMatchObject([{ id: 's1.1', serial: 1 }, { id: 's2.2' }])
  })

  it('is settled by what the former session left behind', async () => {
    const rig = createRig()
    await rig.welcome()
    const told = [send(rig, 'a'), send(rig, 'b')]
    await settled()
    rig.link.dropped()
    await rig.clock.advance(1000)
    await rig.welcome({ session: 'other', id: 's2', former: [1, []] })
    expect(told[0]!.now).toMatchObject({ id: 's1.1' })
    expect(sends(rig)).toEqual([['send', 1, 'chat', 'b', 's1.2']])
  })

  it('is never sent on as another user', async () => {
    const rig = createRig()
    await rig.welcome({ identity: 'ann' })
    const onLink = send(rig, 'a')
    await settled()
    rig.link.dropped()
    const unsent = send(rig, 'b')
    await rig.clock.advance(1000)
    await rig.welcome({ session: 'other', identity: 'bob' })
    expect([onLink.now, unsent.now]).toEqual([
      ['in-doubt', 'identity-changed'],
      ['not-sent', 'identity-changed'],
    ])
    expect(sends(rig)).toEqual([])
  })
})

describe('what is not sent', () => {
  it.each([
    ['a topic that is none', 'bad-topic', '', 'x', 'not-sent'],
    ['a reserved topic', 'bad-topic', '~session', 'x', 'not-sent'],
    ['a topic with control characters', 'bad-topic', 'a\nb', 'x', 'not-sent'],
    ['what the codec cannot carry', 'unencodable', 'chat', 1n, 'not-sent'],
    ['undefined', 'unencodable', 'chat', undefined, 'not-sent'],
    ['more than the server takes', 'too-large', 'chat', 'x'.repeat(5000), 'rejected'],
  ])('%s', async (_what, code, topic, data, outcome) => {
    const rig = createRig()
    await rig.welcome()
    const told = watched(rig.client.send(topic, data))
    await settled()
    expect(told.now).toEqual([outcome, code])
    expect([rig.client.snapshot.pending, rig.link.sent]).toEqual([0, []])
  })

  it('what was aborted before; after it was on a link its fate is unknown', async () => {
    const rig = createRig()
    const early = new AbortController()
    early.abort()
    const late = new AbortController()
    const told = [send(rig, 'a', { signal: early.signal }), send(rig, 'b', { signal: late.signal })]
    await settled()
    expect(told[0]!.now).toEqual(['not-sent', 'aborted'])
    late.abort()
    await settled()
    expect(told[1]!.now).toEqual(['not-sent', 'aborted'])
    await rig.welcome()
    const sent = new AbortController()
    told.push(send(rig, 'c', { signal: sent.signal }))
    await settled()
    sent.abort()
    await settled()
    expect(told[2]!.now).toEqual(['in-doubt', 'aborted'])
  })

  it('what is too old: offline, at its instant, without a link', async () => {
    const rig = createRig()
    const told = send(rig, 'a', { ttl: 3000 })
    await rig.clock.advance(2999)
    expect(told.now).toBeNull()
    await rig.clock.advance(1)
    expect(told.now).toEqual(['not-sent', 'expired'])
    await rig.welcome()
    expect(sends(rig)).toEqual([])
  })

  it('what a newer message with the same key replaces', async () => {
    const rig = createRig()
    const told = [1, 2, 3].map((n) => send(rig, n, { key: 'cursor' }))
    await settled()
    expect(told.map(({ now }) => now)).toEqual([['not-sent', 'replaced'], ['not-sent', 'replaced'], null])
    await rig.welcome()
    expect(sends(rig)).toEqual([['send', 1, 'chat', 3]])
  })

  it.each([
    ['reject', [null, null, ['not-sent', 'outbox-full']], 2],
    ['drop-oldest', [['not-sent', 'outbox-full'], null, null], 2],
    ['wait', [null, null, null], 3],
  ] as const)('what overflows, by %s', async (overflow, expected, pending) => {
    const rig = createRig({ outbox: { maxMessages: 2, overflow } })
    const told = [1, 2, 3].map((n) => send(rig, n))
    await settled()
    expect(told.map(({ now }) => now)).toEqual(expected)
    expect(rig.client.snapshot.pending).toBe(pending)
  })

  it('leaves no listener on the signal of what was refused', async () => {
    const rig = createRig({ outbox: { maxMessages: 0 } })
    const { signal } = new AbortController()
    const listeners = new Set<unknown>()
    const counted = Object.assign(signal, {
      addEventListener: (_type: string, fn: unknown) => void listeners.add(fn),
      removeEventListener: (_type: string, fn: unknown) => void listeners.delete(fn),
    })
    const told = send(rig, 1, { signal: counted })
    await settled()
    expect([told.now, listeners.size]).toEqual([['not-sent', 'outbox-full'], 0])
  })

  it('what is offered to a closed handle', async () => {
    const rig = createRig()
    await rig.client.close()
    const told = [send(rig, 1), watched(rig.client.request('chat', 1)), send(rig, 1, { volatile: true })]
    await settled()
    expect(told.map(({ now }) => now)).toEqual(Array.from({ length: 3 }, () => ['not-sent', 'closed']))
  })
})

describe('the message of an error', () => {
  const said = (promise: Promise<unknown>): Promise<string> =>
    promise.then(String, ({ message }: HoldfastError) => message)

  it('says what became of it, why, and what that means or what to do', async () => {
    const { client, clock, link, welcome } = createRig()
    const expired = said(client.send('chat', 1, { ttl: 5 }))
    const replaced = said(client.send('chat', 2, { key: 'k' }))
    const newer = client.send('chat', 3, { key: 'k' })
    const gone = said(client.send('chat', 4, { signal: AbortSignal.abort(new Error('The page was left.')) }))
    await clock.advance(5)
    expect(await Promise.all([expired, replaced, gone])).toEqual([
      'chat: not-sent, expired. It may be sent again.',
      'chat: not-sent, replaced. It may be sent again.',
      'chat: not-sent, aborted. The page was left.',
    ])
    await welcome()
    link.down(['ack', 1, []])
    await newer
    const late = said(client.request('chat', 5, { timeout: 10 }))
    const refused = said(client.send('chat', 6))
    await settled()
    link.down(['ack', 1, [[3, null, 'full', 'The room is full.']]])
    await clock.advance(10)
    expect(await Promise.all([late, refused])).toEqual([
      'chat: in-doubt, timeout. Sent again, it may be handled twice.',
      'chat: rejected, full. The room is full.',
    ])
    const ended = [said(client.send('chat', 7)), client.subscribe('chat')] as const
    await settled()
    link.down(['bye', 4001, 'forbidden'])
    await settled()
    expect(await ended[0]).toBe('chat: in-doubt, connection-closed. Sent again, it may be handled twice.')
    expect(await said(client.send('chat', 8))).toBe('chat: not-sent, connection-closed. See snapshot.cause.')
    ended[1].unsubscribe()
    expect(await said(ended[1].ready)).toBe('chat: ended. Subscribe again.')
  })
})

describe('closing', () => {
  it('settles truthfully: in doubt what was on a link, not sent what was not', async () => {
    const rig = createRig()
    await rig.welcome({ limits: { message: 4096, packet: 2048, inFlight: 1, inFlightBytes: 9000, subscriptions: 1 } })
    const told = [send(rig, 1), send(rig, 2)]
    await settled()
    await rig.client.close()
    await settled()
    expect(told.map(({ now }) => now)).toEqual([
      ['in-doubt', 'closed'],
      ['not-sent', 'closed'],
    ])
  })

  it('for a cause settles, too, and refuses until it is connected again', async () => {
    const rig = createRig()
    await rig.welcome()
    const told = send(rig, 1)
    await settled()
    rig.link.down(['bye', 4000, 'over'])
    const late = send(rig, 2)
    await settled()
    expect([told.now, late.now]).toEqual([
      ['in-doubt', 'connection-closed'],
      ['not-sent', 'connection-closed'],
    ])
    rig.client.connect()
    const fresh = send(rig, 3)
    await settled()
    expect(fresh.now).toBeNull()
  })

  it('with flush waits for everything pending', async () => {
    const rig = createRig()
    await rig.welcome()
    const told = send(rig, 1)
    const closed = watched(rig.client.close({ flush: true }))
    await settled()
    expect([closed.now, rig.client.status]).toEqual([null, 'open'])
    rig.link.down(['ack', 1, []])
    await settled()
    expect(closed.now).toBeUndefined()
    expect(told.now).toMatchObject({ serial: 1 })
    expect(rig.client.status).toBe('closed')
    expect(rig.clock.armed).toBe(0)
  })
})

describe('a volatile message', () => {
  it('goes without a serial, and not at all without a link', async () => {
    const rig = createRig()
    const early = send(rig, 1, { volatile: true })
    await rig.welcome()
    const told = send(rig, 2, { volatile: true })
    await settled()
    expect(early.now).toEqual(['not-sent', 'no-link'])
    expect(told.now).toEqual({ id: '', serial: 0, level: 'none' })
    expect(rig.link.sent).toEqual([['volatile', 'chat', 2]])
  })

  it('that finds no link may be left alone: its rejection counts as handled', async () => {
    const unhandled: unknown[] = []
    const listen = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', listen)
    try {
      const { client } = createRig()
      void client.send('chat', 1, { volatile: true })
      const reliable = client.send('~chat', 1)
      // Rejections are judged once the microtasks are through.
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).toEqual([expect.objectContaining({ code: 'bad-topic' })])
      await expect(reliable).rejects.toThrow('bad-topic')
    } finally {
      process.off('unhandledRejection', listen)
    }
  })

  it('shares packets, and no packet is beyond the limit that the server told', async () => {
    const rig = createRig()
    await rig.welcome()
    for (let i = 0; i < 40; i++) send(rig, String(i).repeat(200), { volatile: true })
    for (let i = 0; i < 8; i++) send(rig, String(i).repeat(500))
    await settled()
    expect(rig.link.sent).toHaveLength(48)
    const shared = rig.link.packets.filter((packet) => packet.length > 1)
    expect(Math.max(...shared.map((packet) => JSON.stringify(packet).length))).toBeLessThanOrEqual(2048)
  })
})

describe('a request', () => {
  it('resolves with what the handler returned', async () => {
    const rig = createRig()
    await rig.welcome()
    const told = watched(rig.client.request('sum', [1, 2]))
    await settled()
    rig.link.down(['ack', 1, [[1, 3]]])
    await settled()
    expect(told.now).toBe(3)
  })

  it('gives up at its timeout: in doubt if it was sent, and no timer stays', async () => {
    const rig = createRig()
    const unsent = watched(rig.client.request('sum', 1, { timeout: 1000 }))
    await rig.clock.advance(1000)
    expect(unsent.now).toEqual(['not-sent', 'timeout'])
    await rig.welcome()
    const sent = watched(rig.client.request('sum', 1, { timeout: 1000 }))
    await rig.clock.advance(999)
    expect(sent.now).toBeNull()
    await rig.clock.advance(1)
    expect(sent.now).toEqual(['in-doubt', 'timeout'])
    const answered = watched(rig.client.request('sum', 1, { timeout: 1000 }))
    await settled()
    rig.link.down(['ack', 2, [[2, 'yes']]])
    await settled()
    expect([answered.now, rig.clock.armed]).toEqual(['yes', 1])
  })
})

describe('flush', () => {
  it('resolves when nothing is pending, at once if nothing is', async () => {
    const rig = createRig()
    await rig.welcome()
    await rig.client.flush()
    send(rig, 1)
    const told = watched(rig.client.flush())
    await settled()
    expect(told.now).toBeNull()
    rig.link.down(['ack', 1, []])
    await settled()
    expect(told.now).toBeUndefined()
  })

  it('ends with its signal and with its handle', async () => {
    const rig = createRig()
    send(rig, 1)
    const stop = new AbortController()
    const aborted = rig.client.flush({ signal: stop.signal })
    const closed = rig.client.flush()
    stop.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    void rig.client.close()
    await expect(closed).rejects.toMatchObject({ code: 'closed' })
  })
})
