import {
  createOutbox,
  type Message,
  type Outbox,
  type Outcome,
  type OutboxLimits,
  type Ticket,
} from '@holdfast/protocol'
import { describe, expect, test } from 'vitest'

const NONE: OutboxLimits = { maxMessages: 1_000, maxBytes: 100_000, overflow: 'reject' }

/** An outbox in session `s` with room on the link, and what became of each message by its payload. */
function setUp(limits: Partial<OutboxLimits> = {}, inFlight = 100, inFlightBytes = 10_000) {
  const outbox: Outbox<string> = createOutbox({ ...NONE, ...limits })
  outbox.restart('s')
  outbox.limit(inFlight, inFlightBytes)
  const outcomes: Record<string, Outcome> = {}
  const add = (payload: string, more: Partial<Message<string>> = {}): Ticket =>
    outbox.add({
      topic: 't',
      payload,
      bytes: 10,
      ...more,
      settle(outcome) {
        expect(outcomes[payload]).toBeUndefined()
        outcomes[payload] = outcome
      },
    })
  const take = (maxBytes = 1_000, now = 0): string[] =>
    outbox.take(now, maxBytes).map(({ serial, payload, id }) => `${serial}:${payload ?? 'void'}${id ? ' ' + id : ''}`)
  const ends = (): Record<string, string> =>
    Object.fromEntries(
      Object.entries(outcomes).map(([name, o]) => [name, 'code' in o ? `${o.outcome} ${o.code}` : o.outcome]),
    )
  /** The link is closed by the other side, and the next one finds the server where it was. */
  const fail = (received: number, blame: boolean): string[] => {
    outbox.dropped(blame)
    expect(outbox.resume(received)).toBe(true)
    return take()
  }
  return { outbox, add, take, ends, outcomes, fail }
}

describe('limits', () => {
  test('reject: what does not fit settles at once as not-sent', () => {
    const { outbox, add, ends } = setUp({ maxMessages: 2 })
    for (const name of ['a', 'b', 'c']) add(name)
    expect(ends()).toEqual({ c: 'not-sent outbox-full' })
    expect([outbox.pending, outbox.pendingBytes]).toEqual([2, 20])
  })

  test('drop-oldest: the oldest unsent ones leave, as many as needed', () => {
    const { add, take, ends } = setUp({ maxBytes: 40, overflow: 'drop-oldest' }, 1)
    add('sent')
    take()
    for (const name of ['a', 'b', 'c']) add(name)
    add('d', { bytes: 15 })
    expect(ends()).toEqual({ a: 'not-sent outbox-full', b: 'not-sent outbox-full' })
  })

  test('drop-oldest: nobody leaves for one that would not fit even then', () => {
    const { outbox, add, take, ends } = setUp({ maxBytes: 40, overflow: 'drop-oldest' }, 1)
    add('sent', { bytes: 20 })
    take()
    add('a')
    add('big', { bytes: 41 })
    add('still big', { bytes: 25 })
    expect(ends()).toEqual({ big: 'not-sent outbox-full', 'still big': 'not-sent outbox-full' })
    expect([outbox.pending, outbox.pendingBytes]).toEqual([2, 30])
  })

  test('drop-oldest: spares what waits for redelivery, which may have been handled', () => {
    const { outbox, add, take, ends } = setUp({ maxMessages: 2, overflow: 'drop-oldest' })
    add('again')
    take()
    outbox.restart('s2')
    for (const name of ['a', 'b']) add(name)
    expect(ends()).toEqual({ a: 'not-sent outbox-full' })
    expect(take()).toEqual(['1:again s.1', '2:b'])
  })

  test('wait: accepts all the same', () => {
    const { outbox, add, ends } = setUp({ maxMessages: 1, overflow: 'wait' })
    for (const name of ['a', 'b', 'c']) add(name)
    expect(ends()).toEqual({})
    expect(outbox.pending).toBe(3)
  })

  test('a newer message with the key replaces the unsent one, and takes over its room', () => {
    const { outbox, add, take, ends } = setUp({ maxMessages: 2 })
    add('a', { key: 'k' })
    add('b')
    add('c', { key: 'k' })
    expect(ends()).toEqual({ a: 'not-sent replaced' })
    expect(take()).toEqual(['1:b', '2:c'])
    outbox.acknowledge(1, [])
    add('d', { key: 'k' })
    expect(ends()).toEqual({ a: 'not-sent replaced', b: 'acknowledged' })
  })

  test('a newer message that does not fit leaves the older one of its key in place', () => {
    const { add, take, ends } = setUp({ maxBytes: 30 })
    add('a', { key: 'k' })
    add('b', { key: 'k', bytes: 31 })
    expect(ends()).toEqual({ b: 'not-sent outbox-full' })
    expect(take()).toEqual(['1:a'])
  })

  test('a key counts only while unsent, also after the session was lost', () => {
    const { outbox, add, take, ends } = setUp()
    add('a', { key: 'k' })
    take()
    outbox.restart('s2')
    add('b', { key: 'k' })
    expect(ends()).toEqual({})
    expect(take()).toEqual(['1:a s.1', '2:b'])
  })
})

describe('the window', () => {
  test('bounds messages in flight, and opens as they settle, in any order', () => {
    const { outbox, add, take } = setUp({}, 2)
    for (const name of ['a', 'b', 'c', 'd']) add(name)
    expect(take()).toEqual(['1:a', '2:b'])
    expect(take()).toEqual([])
    outbox.acknowledge(0, [[2, null]])
    expect(take()).toEqual(['3:c'])
    expect(outbox.settled).toBe(0)
    outbox.acknowledge(1, [])
    expect(outbox.settled).toBe(2)
  })

  test('bounds bytes; one message bigger than all of it goes by itself', () => {
    const { outbox, add, take } = setUp({}, 100, 25)
    for (const name of ['a', 'b', 'c']) add(name)
    add('big', { bytes: 500 })
    add('d')
    expect(take()).toEqual(['1:a', '2:b'])
    outbox.acknowledge(2, [])
    expect(take()).toEqual(['3:c'])
    outbox.acknowledge(3, [])
    expect(take()).toEqual(['4:big'])
    outbox.acknowledge(4, [])
    expect(take()).toEqual(['5:d'])
  })

  test('spans at most four windows of serials, while the first has no outcome', () => {
    const { outbox, add, take } = setUp({}, 3)
    for (let n = 1; n <= 20; n++) add('m' + n)
    take()
    for (let serial = 2; serial <= 12; serial++) {
      outbox.acknowledge(0, [[serial, null]])
      take()
    }
    expect(take()).toEqual([])
    expect(outbox.pending).toBe(9)
    outbox.acknowledge(12, [])
    expect(take()).toEqual(['13:m13', '14:m14', '15:m15'])
  })

  test('a packet keeps to its bytes, but for a first message that is bigger', () => {
    const { add, take } = setUp()
    add('big', { bytes: 50 })
    for (const name of ['a', 'b', 'c']) add(name)
    expect(take(0)).toEqual([])
    expect(take(-1)).toEqual([])
    expect(take(25)).toEqual(['1:big'])
    expect(take(25)).toEqual(['2:a', '3:b'])
    expect(take(25)).toEqual(['4:c'])
  })

  test('resends keep to the bytes of a packet, too', () => {
    const { outbox, add, take } = setUp()
    for (const name of ['a', 'b', 'c']) add(name)
    take()
    outbox.resume(0)
    expect([take(25), take(25), take(25)]).toEqual([['1:a', '2:b'], ['3:c'], []])
  })

  test.each([
    [0, 0],
    [0, 1],
  ])('stays open for one message, whatever the limits told: %j', (...limits) => {
    const { outbox, add, take } = setUp()
    outbox.limit(...limits)
    add('a')
    add('b')
    expect(take()).toEqual(['1:a'])
  })
})

describe('a peer that tells what cannot be', () => {
  test.each([3, 1e9, Number.MAX_SAFE_INTEGER])('serial %d, of which only 2 were sent, changes nothing', (serial) => {
    const { outbox, add, take, ends } = setUp()
    for (const name of ['a', 'b']) add(name)
    take()
    outbox.resume(0)
    expect(outbox.resume(serial)).toBe(false)
    expect(outbox.acknowledge(serial, [])).toBe(false)
    expect(outbox.acknowledge(1, [[serial, 'x']])).toBe(false)
    expect(outbox.rewind(serial)).toBe(false)
    expect(outbox.beat(serial)).toBe(false)
    expect(outbox.beat(serial)).toBe(false)
    expect(ends()).toEqual({})
    expect([outbox.pending, outbox.settled]).toEqual([2, 0])
    expect(take()).toEqual(['1:a', '2:b'])
    expect(outbox.acknowledge(2, [])).toBe(true)
    expect(ends()).toEqual({ a: 'acknowledged', b: 'acknowledged' })
  })

  test('a false tombstone is ignored as a whole', () => {
    const { outbox, add, take, ends } = setUp()
    for (const name of ['a', 'b']) add(name)
    take()
    expect(outbox.restart('s2', [9, [[1, 'x']]])).toBe(false)
    expect(ends()).toEqual({})
    expect(outbox.restart('s3', [0, [[1, 'x']]])).toBe(false)
    expect(take()).toEqual(['1:a s.1', '2:b s.2'])
  })

  test('going back below what is settled sends nothing that is gone', () => {
    const { outbox, add, take } = setUp()
    for (const name of ['a', 'b', 'c']) add(name)
    take()
    outbox.acknowledge(2, [])
    for (const back of [() => outbox.rewind(0), () => outbox.resume(0)]) {
      expect(back()).toBe(true)
      expect(take()).toEqual(['3:c'])
    }
  })

  test('results told twice, for voids, or for serial 0 settle nothing twice', () => {
    const { outbox, add, take, ends } = setUp()
    const a = add('a')
    add('b')
    take()
    outbox.abort(a)
    const refused = [1, null, 'no', 'not you'] as const
    expect(outbox.acknowledge(1, [refused, [1, 'v'], [0, 'v']])).toBe(true)
    expect(outbox.acknowledge(2, [refused, [2, 'v'], [2, null, 'no', '']])).toBe(true)
    expect(ends()).toEqual({ a: 'in-doubt aborted', b: 'acknowledged' })
  })
})

describe('a new link', () => {
  test('is sent only what the server lacks, under the same serials', () => {
    const { outbox, add, take, outcomes } = setUp()
    for (const name of ['a', 'b', 'c']) add(name)
    take()
    add('d')
    outbox.resume(1)
    expect(take()).toEqual(['2:b', '3:c', '4:d'])
    outbox.acknowledge(3, [[3, { n: 1 }]])
    expect(outcomes.c).toEqual({ outcome: 'acknowledged', id: 's.3', serial: 3, value: { n: 1 } })
  })

  test('may acknowledge what was on an earlier link before it is sent again; then it is not', () => {
    const { outbox, add, take, ends } = setUp()
    for (const name of ['a', 'b']) add(name)
    take()
    outbox.resume(0)
    expect(outbox.acknowledge(1, [])).toBe(true)
    expect(take()).toEqual(['2:b'])
    expect(ends()).toEqual({ a: 'acknowledged' })
  })

  test('skips what was settled above the cumulative serial', () => {
    const { outbox, add, take } = setUp()
    for (const name of ['a', 'b', 'c']) add(name)
    take()
    outbox.acknowledge(0, [[2, 'v']])
    outbox.resume(0)
    expect(take()).toEqual(['1:a', '3:c'])
  })
})

describe('a new session', () => {
  test('settles by the tombstone, sends the rest first and under the old ids, and never what was to be sent once', () => {
    const { outbox, add, take, ends, outcomes } = setUp()
    for (const name of ['a', 'b', 'c']) add(name)
    add('once', { once: true })
    take()
    add('new', { once: true })
    expect(outbox.restart('s2', [1, [[2, null, 'no', 'not you']]])).toBe(true)
    expect(ends()).toEqual({ a: 'acknowledged', b: 'rejected no', once: 'in-doubt session-lost' })
    expect(take()).toEqual(['1:c s.3', '2:new'])
    outbox.restart('s3')
    expect(take()).toEqual(['1:c s.3'])
    outbox.acknowledge(1, [])
    expect(outcomes.c).toEqual({ outcome: 'acknowledged', id: 's.3', serial: 1, value: undefined })
  })

  test('keeps the order when it is lost in turn, half way', () => {
    const { outbox, add, take } = setUp({}, 2)
    for (const name of ['a', 'b']) add(name)
    take()
    for (const name of ['c', 'd']) add(name)
    outbox.restart('s2')
    expect(take(10)).toEqual(['1:a s.1'])
    outbox.restart('s3')
    outbox.limit(9, 999)
    expect(take()).toEqual(['1:a s.1', '2:b s.2', '3:c', '4:d'])
  })

  test('a server that does not start again what may have been started leaves it in doubt', () => {
    const { outbox, add, take, ends } = setUp()
    add('a')
    take()
    outbox.restart('s2')
    expect(take()).toEqual(['1:a s.1'])
    expect(outbox.acknowledge(1, [[1, null, 'in-doubt', 'not handled twice']])).toBe(true)
    expect(ends()).toEqual({ a: 'in-doubt in-doubt' })
  })

  test('what waits for redelivery is in-doubt when it is aborted, and does not expire', () => {
    const { outbox, add, take, ends } = setUp()
    const a = add('a')
    add('b', { expiresAt: 5 })
    take()
    outbox.restart('s2')
    outbox.abort(a)
    outbox.expire(99)
    expect(ends()).toEqual({ a: 'in-doubt aborted' })
    expect(take(1_000, 99)).toEqual(['1:b s.2'])
  })
})

describe('time to live', () => {
  test('counts until the message is on a link', () => {
    const { outbox, add, take, ends } = setUp({}, 1)
    expect(outbox.expiresAt).toBe(Infinity)
    for (const [name, expiresAt] of [
      ['a', 10],
      ['b', 30],
      ['c', 20],
    ] as const)
      add(name, { expiresAt })
    add('d')
    expect(outbox.expiresAt).toBe(10)
    expect(take(1_000, 9)).toEqual(['1:a'])
    outbox.expire(19)
    expect(outbox.expiresAt).toBe(20)
    outbox.expire(20)
    expect(outbox.expiresAt).toBe(30)
    outbox.acknowledge(1, [])
    expect(take(1_000, 30)).toEqual(['2:d'])
    expect(ends()).toEqual({ c: 'not-sent expired', a: 'acknowledged', b: 'not-sent expired' })
    expect(outbox.expiresAt).toBe(Infinity)
  })
})

describe('abort', () => {
  test('before transmission: not-sent, and no serial is used', () => {
    const { outbox, add, take, ends } = setUp()
    const a = add('a')
    add('b')
    outbox.abort(a, 'timeout')
    outbox.abort(a)
    expect(take()).toEqual(['1:b'])
    expect(ends()).toEqual({ a: 'not-sent timeout' })
  })

  test('after transmission: in-doubt; if it must be sent again its serial goes as a void', () => {
    const { outbox, add, take, ends } = setUp()
    const a = add('a')
    add('b')
    take()
    outbox.abort(a)
    expect([outbox.pending, outbox.pendingBytes, outbox.settled]).toEqual([1, 10, 0])
    outbox.resume(0)
    expect(take()).toEqual(['1:void', '2:b'])
    outbox.acknowledge(2, [])
    outbox.abort(a)
    expect(ends()).toEqual({ a: 'in-doubt aborted', b: 'acknowledged' })
    expect(outbox.settled).toBe(2)
  })

  test('what was aborted does not come back in a new session', () => {
    const { outbox, add, take } = setUp()
    const a = add('a')
    take()
    outbox.abort(a)
    outbox.restart('s2')
    expect(take()).toEqual([])
  })

  test('clear settles all; serials in use stay owed, so that the session can go on', () => {
    const { outbox, add, take, ends } = setUp({}, 2)
    for (const name of ['a', 'b', 'c']) add(name)
    take()
    outbox.clear('closed')
    expect(ends()).toEqual({ a: 'in-doubt closed', b: 'in-doubt closed', c: 'not-sent closed' })
    expect([outbox.pending, outbox.pendingBytes, outbox.settled]).toEqual([0, 0, 0])
    outbox.resume(1)
    expect(take()).toEqual(['2:void'])
    outbox.acknowledge(2, [])
    for (const name of ['d', 'e', 'f']) add(name)
    expect(take()).toEqual(['3:d', '4:e'])
  })
})

describe('holes and lost tails', () => {
  test('a nack is obeyed; one for what is just being sent again only when repeated', () => {
    const { outbox, add, take } = setUp()
    for (const name of ['a', 'b', 'c', 'd']) add(name)
    take()
    expect(outbox.rewind(0)).toBe(true)
    expect(outbox.rewind(0)).toBe(true)
    expect(take()).toEqual(['1:a', '2:b', '3:c', '4:d'])
    outbox.rewind(2)
    expect(take()).toEqual([])
    outbox.rewind(2)
    expect(take()).toEqual(['3:c', '4:d'])
  })

  test('a nack for everything that was sent sends nothing', () => {
    const { outbox, add, take } = setUp()
    add('a')
    take()
    outbox.rewind(1)
    expect(take()).toEqual([])
  })

  test('a later hole, above what was sent again, is obeyed at once', () => {
    const { outbox, add, take } = setUp()
    for (const name of ['a', 'b']) add(name)
    take()
    outbox.rewind(0)
    take()
    for (const name of ['c', 'd']) add(name)
    take()
    outbox.rewind(2)
    expect(take()).toEqual(['3:c', '4:d'])
  })

  test('two beats that lack the same tail send it again, a slow link does not', () => {
    const { outbox, add, take } = setUp()
    for (const name of ['a', 'b', 'c']) add(name)
    take()
    outbox.beat(0)
    expect(take()).toEqual([])
    outbox.beat(1)
    expect(take()).toEqual([])
    outbox.beat(1)
    expect(take()).toEqual(['2:b', '3:c'])
    outbox.beat(1)
    expect(take()).toEqual([])
    outbox.beat(1)
    expect(take()).toEqual(['2:b', '3:c'])
    outbox.beat(3)
    outbox.beat(3)
    expect(take()).toEqual([])
  })

  test('what was sent after the beat before is not late yet', () => {
    const { outbox, add, take } = setUp()
    outbox.beat(0)
    add('a')
    take()
    outbox.beat(0)
    expect(take()).toEqual([])
  })

  test('beats of an earlier link prove nothing about a new one', () => {
    const { outbox, add, take } = setUp()
    add('a')
    take()
    outbox.beat(0)
    outbox.resume(0)
    take()
    outbox.beat(0)
    expect(take()).toEqual([])
  })
})

describe('poison', () => {
  const queue = (): ReturnType<typeof setUp> => {
    const peers = setUp()
    for (const name of ['ok', 'poison', 'later']) peers.add(name)
    peers.take()
    peers.outbox.beat(1)
    return peers
  }

  test('after two blamed closes it travels alone, after three more it is rejected, its serial void, and the next go on', () => {
    const { fail, ends, take } = queue()
    expect(fail(1, true)).toEqual(['2:poison', '3:later'])
    for (let n = 0; n < 3; n++) expect(fail(1, true)).toEqual(['2:poison'])
    expect(take()).toEqual([])
    expect(fail(1, true)).toEqual(['2:void', '3:later'])
    expect(ends()).toEqual({ poison: 'rejected poison' })
  })

  test('a close that points at no message counts half', () => {
    const { fail, ends } = queue()
    for (let n = 0; n < 3; n++) expect(fail(1, false)).toHaveLength(2)
    for (let n = 0; n < 6; n++) expect(fail(1, false)).toEqual(['2:poison'])
    expect(ends()).toEqual({})
    expect(fail(1, false)).toEqual(['2:void', '3:later'])
  })

  test('is not rejected when the welcome shows that it was received', () => {
    const { fail, ends } = queue()
    for (let n = 0; n < 4; n++) fail(1, true)
    expect(fail(2, true)).toEqual(['3:later'])
    expect(ends()).toEqual({})
  })

  test('any number of cuts harm nobody while there is progress', () => {
    const { outbox, add, take, fail, ends } = setUp({}, 1)
    for (let n = 1; n <= 50; n++) {
      add('m' + n)
      take()
      fail(n - 1, false)
      fail(n - 1, false)
      fail(n, false)
      outbox.acknowledge(n, [])
    }
    expect(new Set(Object.values(ends()))).toEqual(new Set(['acknowledged']))
  })

  test('links that fail before anything was on them accuse nobody', () => {
    const { outbox, fail, ends, take } = queue()
    outbox.dropped(true)
    for (let n = 0; n < 20; n++) outbox.dropped(true)
    outbox.resume(1)
    for (let n = 0; n < 20; n++) {
      outbox.dropped(true)
      outbox.resume(1)
    }
    expect(take()).toEqual(['2:poison', '3:later'])
    expect(fail(1, false)).toHaveLength(2)
    expect(ends()).toEqual({})
  })

  test('an aborted message at the head does not hide it', () => {
    const { outbox, add, take, fail, ends } = setUp()
    const first = add('aborted')
    add('poison')
    add('later')
    take()
    outbox.abort(first)
    for (let n = 0; n < 5; n++) fail(0, true)
    expect(ends()).toEqual({ aborted: 'in-doubt aborted', poison: 'rejected poison' })
  })

  test('an aborted suspect no longer holds up the others', () => {
    const { outbox, add, take, fail } = setUp()
    const poison = add('poison')
    for (const name of ['b', 'c']) add(name)
    take()
    fail(0, true)
    fail(0, true)
    outbox.abort(poison)
    outbox.resume(0)
    expect(take()).toEqual(['1:void', '2:b', '3:c'])
  })

  test('a result above the cumulative serial acquits', () => {
    const { outbox, fail, take } = queue()
    fail(1, true)
    expect(fail(1, true)).toEqual(['2:poison'])
    outbox.acknowledge(0, [[2, null]])
    expect(take()).toEqual(['3:later'])
  })

  test('one that ends sessions is found as well, and is in-doubt, since nobody can know', () => {
    const { outbox, take, ends } = queue()
    for (let n = 1; n <= 5; n++) {
      if (n === 1) outbox.acknowledge(1, [])
      outbox.dropped(true)
      outbox.restart('s' + n)
      expect(take()).toEqual(n < 2 ? ['1:poison s.2', '2:later s.3'] : n < 5 ? ['1:poison s.2'] : ['1:later s.3'])
    }
    expect(ends()).toEqual({ ok: 'acknowledged', poison: 'in-doubt poison' })
  })
})

test('a settled message leaves nothing behind: its payload is not held for a ticket, and counts return to zero', () => {
  const { outbox, add, take } = setUp()
  const tickets = ['a', 'b'].map((name) => add(name))
  take()
  outbox.abort(tickets[0]!)
  outbox.acknowledge(2, [])
  expect([outbox.pending, outbox.pendingBytes, outbox.settled]).toEqual([0, 0, 2])
  for (const ticket of tickets) expect(Object.values(ticket)).not.toContain('b')
})
