import { describe, expect, test } from 'vitest'
import { setUp } from './outbox-fixture.ts'

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
    for (const name of ['e', 'f']) add(name)
    expect(take()).toEqual(['5:d', '6:e'])
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

test('a settled message leaves nothing behind: its payload is not held for a ticket, and counts return to zero', () => {
  const { outbox, add, take } = setUp()
  const tickets = ['a', 'b'].map((name) => add(name))
  take()
  outbox.abort(tickets[0]!)
  outbox.acknowledge(2, [])
  expect([outbox.pending, outbox.pendingBytes, outbox.settled]).toEqual([0, 0, 2])
  for (const ticket of tickets) expect(Object.values(ticket)).not.toContain('b')
})
