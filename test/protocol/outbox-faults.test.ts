import { describe, expect, test } from 'vitest'
import { setUp } from './outbox-fixture.ts'

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

  test('a new link knows no earlier nacks, and one above what it was sent takes nothing back', () => {
    const { outbox, add, take } = setUp()
    for (const name of ['a', 'b', 'c']) add(name)
    take()
    outbox.rewind(0)
    take()
    outbox.resume(0)
    take()
    outbox.rewind(1)
    expect(take()).toEqual(['2:b', '3:c'])
    outbox.resume(0)
    expect(take(10)).toEqual(['1:a'])
    outbox.rewind(2)
    expect(take()).toEqual(['2:b', '3:c'])
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

  test('a close that points at no message counts a fifth: cuts of the network look the same', () => {
    const { fail, ends } = queue()
    for (let n = 0; n < 9; n++) expect(fail(1, false)).toHaveLength(2)
    for (let n = 0; n < 15; n++) expect(fail(1, false)).toEqual(['2:poison'])
    expect(ends()).toEqual({})
    expect(fail(1, false)).toEqual(['2:void', '3:later'])
    expect(ends()).toEqual({ poison: 'rejected poison' })
  })

  test('twenty cuts in a row, each while the same message is on its way, reject nothing', () => {
    const { outbox, fail, ends } = queue()
    for (let n = 0; n < 20; n++) fail(1, false)
    outbox.acknowledge(3, [])
    expect(new Set(Object.values(ends()))).toEqual(new Set(['acknowledged']))
  })

  test('of a redelivered message nobody can say that it was refused: the former session may have handled it', () => {
    const { outbox, fail, ends } = queue()
    outbox.acknowledge(1, [])
    outbox.restart('again')
    expect(outbox.take(0, 1_000)).toHaveLength(2)
    for (let n = 0; n < 5; n++) fail(0, true)
    expect(ends()).toEqual({ ok: 'acknowledged', poison: 'in-doubt poison' })
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
