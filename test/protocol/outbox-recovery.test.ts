import { describe, expect, test } from 'vitest'
import { setUp } from './outbox-fixture.ts'

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
