/** What every store of sessions must do; each store's test calls this with a way to make one, and nodes on it. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { begin as beginOn, drive, FAREWELL, messages, type Driven, type StoreUnderTest } from './store-driver.ts'
import { testLife } from './store-life.ts'
import { follow, steps } from './store-property.ts'

export function testStore(make: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  const begin = (): ReturnType<typeof beginOn> => beginOn(make)

  describe('a claim', () => {
    test('gives the session to the node that asks, as it is, and leaves the former holder nothing to write', async () => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 2), inboxes: '{"~session":["e",0,0]}' })
      expect(await b.claim()).toEqual({
        state: 'claimed',
        holder: b.second,
        former: a.first,
        version: 2,
        createdAt: 1_700_000_000_000,
        received: 2,
        handled: 0,
        settled: 0,
        pending: [
          { serial: 1, holder: a.first, again: false, message: '"1"' },
          { serial: 2, holder: a.first, again: false, message: '"2"' },
        ],
        results: [],
        inboxes: '{"~session":["e",0,0]}',
      })
      expect(await a.write(a.first, { version: 2, taken: messages(3, 3) })).toEqual({
        state: 'fenced',
        holder: b.second,
      })
      expect((await b.claimed({ incarnation: 3, mine: b.second })).received).toBe(2)
    })

    test('leaves a node its working copy only while the record names it', async () => {
      const { a, b } = await begin()
      const kept = await a.claimed({ mine: a.first })
      expect([kept.holder, kept.former]).toEqual([a.first, a.first])
      const moved = await b.claimed({ incarnation: 3 })
      expect([moved.holder, moved.former]).toEqual([b.second, a.first])
      const back = await a.claimed({ incarnation: 4, mine: a.first })
      expect([back.holder, back.former]).toEqual([a.second, b.second])
    })

    test.each([
      ['of a session that never was', { id: 'other' }, 'unknown'],
      ['with another proof', { proof: 'guessed' }, 'unknown'],
      ['by another identity', { identity: 'eve' }, 'other-identity'],
      ['by nobody, of a session of somebody', { identity: null }, 'other-identity'],
      ['in another codec', { codec: 'msgpack' }, 'other-codec'],
      ['by the incarnation that has it', { incarnation: 1 }, 'stale'],
      ['by an older incarnation', { incarnation: 0 }, 'stale'],
      ['that has settled more than was handled, so that something was lost', { settled: 1 }, 'unknown'],
    ] as const)('%s is refused, and changes nothing', async (_, given, state) => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 1) })
      expect(await b.claim(given)).toEqual({ state })
      expect(await a.write(a.first, { version: 2, finished: [[1, '"done"']] })).toEqual({ state: 'written' })
      expect(await a.claimed({ mine: a.first })).toMatchObject({ holder: a.first, handled: 1 })
    })

    test('tells nobody from somebody whose name is empty', async () => {
      const { a, b } = await begin()
      const anonymous = drive(a.store, 'anonymous')
      await anonymous.create({ identity: null })
      expect(await drive(b.store, 'anonymous').claim({ identity: '' })).toEqual({ state: 'other-identity' })
      expect(await drive(b.store, 'anonymous').claim({ identity: null })).toMatchObject({ state: 'claimed' })
    })

    test('forgets the results that the client has', async () => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 3) })
      const finished = messages(1, 3)
      await a.write(a.first, { version: 2, finished })
      expect(await b.claimed({ settled: 2 })).toMatchObject({ settled: 2, handled: 3, results: [[3, '"3"']] })
      expect(await b.claimed({ incarnation: 3, mine: b.second })).toMatchObject({ settled: 2, results: [[3, '"3"']] })
    })

    test('by many at once holds for exactly one of each incarnation', async () => {
      const { open, a } = await begin()
      const nodes = [a, ...Array.from({ length: 4 }, () => drive(open()))]
      for (const incarnation of [2, 3, 4]) {
        const states = await Promise.all(nodes.map(async (node) => (await node.claim({ incarnation })).state))
        expect(states.toSorted()).toEqual(['claimed', 'stale', 'stale', 'stale', 'stale'])
      }
    })
  })

  describe('a write', () => {
    test('takes effect once, however often it is made', async () => {
      const { a } = await begin()
      const batch = { taken: messages(1, 2), inboxes: 'x' }
      expect(await a.write(a.first, batch)).toEqual({ state: 'written' })
      expect(await a.write(a.first, batch)).toEqual({ state: 'written' })
      expect(await a.claimed({ mine: a.first })).toMatchObject({ version: 2, received: 2, inboxes: 'x' })
      expect(await a.write(a.first, { version: 2, taken: messages(3, 3) })).toEqual({ state: 'written' })
      expect(await a.claimed({ mine: a.first, incarnation: 3 })).toMatchObject({ version: 3, received: 3 })
    })

    test('is lost with a version from before, and has no effect', async () => {
      const { a } = await begin()
      for (const version of [1, 2]) await a.write(a.first, { version, taken: messages(version, version) })
      expect(await a.write(a.first, { version: 1, taken: messages(3, 3) })).toEqual({ state: 'lost' })
      expect(await a.claimed({ mine: a.first })).toMatchObject({ version: 3, received: 2 })
    })

    test('is lost with a version that the record has not reached', async () => {
      const { a } = await begin()
      expect(await a.write(a.first, { version: 2, taken: messages(1, 1) })).toEqual({ state: 'lost' })
    })

    test.each([
      ['leaves one out', messages(3, 3)],
      ['takes one in again', messages(1, 2)],
      ['has a hole', [...messages(2, 2), ...messages(4, 4)]],
    ])('is lost if it %s, and has no effect', async (_, taken) => {
      const { a } = await begin()
      await a.write(a.first, { taken: messages(1, 1) })
      expect(await a.write(a.first, { version: 2, taken, finished: messages(1, 1) })).toEqual({ state: 'lost' })
      expect(await a.claimed({ mine: a.first })).toMatchObject({ version: 2, received: 1, handled: 0 })
    })

    test.each([
      ['to a session that never was', async () => {}],
      ['to one that has ended', ({ a }: { a: Driven }) => a.store.end('s', 1)],
      ['to one that was buried', ({ a }: { a: Driven }) => a.store.bury('s', a.first, null)],
    ])('%s is lost', async (what, end) => {
      const { a } = await begin()
      await end({ a })
      const id = what.includes('never') ? 'other' : 's'
      expect(await drive(a.store, id).write(a.first, { taken: messages(1, 1) })).toEqual({ state: 'lost' })
    })

    test('hands out text as text and bytes as bytes', async () => {
      const { a, b } = await begin()
      const packets = ['"text"', new Uint8Array([0, 0x5b, 0xff, 0x20]), '', 'ü 漢 |'] as const
      const taken = packets.map((packet, i) => [i + 1, packet] as const)
      await a.write(a.first, { taken })
      expect((await b.claimed()).pending.map(({ message }) => message)).toEqual(packets)
      await a.write(a.first, { finished: taken })
      expect((await b.claimed({ incarnation: 3, mine: b.second })).results).toEqual(taken)
    })

    test('counts what uses its serial up as handled at once, in its place', async () => {
      const { a } = await begin()
      await a.write(a.first, { taken: [[1, null], ...messages(2, 2), [3, null]] })
      expect(await a.claimed({ mine: a.first })).toMatchObject({ received: 3, handled: 1, pending: [{ serial: 2 }] })
      await a.write(a.first, { version: 2, finished: [[2, null]] })
      expect(await a.claimed({ mine: a.first, incarnation: 3 })).toMatchObject({ handled: 3, pending: [] })
      await a.write(a.first, { version: 3, taken: [[4, null]] })
      expect(await a.claimed({ mine: a.first, incarnation: 4 })).toMatchObject({ received: 4, handled: 4 })
    })

    test('takes in and finishes in one step', async () => {
      const { a } = await begin()
      await a.write(a.first, {
        taken: messages(1, 3),
        finished: [
          [1, '"1"'],
          [3, null],
        ],
      })
      const { handled, pending, results } = await a.claimed({ mine: a.first })
      expect([handled, pending.map(({ serial }) => serial), results]).toEqual([1, [2], [[1, '"1"']]])
    })

    test('moves on what is handled only without a hole; results of what is finished above it are kept', async () => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 4) })
      await a.write(a.first, {
        version: 2,
        finished: [
          [4, '"four"'],
          [2, '"two"'],
        ],
      })
      expect(await b.claimed()).toMatchObject({
        handled: 0,
        results: [
          [2, '"two"'],
          [4, '"four"'],
        ],
      })
      await a.write(a.first, { finished: [[1, '"one"']] })
      expect(await b.claimed({ incarnation: 3, mine: b.second })).toMatchObject({ handled: 2 })
      await a.write(a.first, { finished: [[3, null]] })
      expect(await b.claimed({ incarnation: 4, mine: b.second })).toMatchObject({
        handled: 4,
        pending: [],
        results: [
          [1, '"one"'],
          [2, '"two"'],
          [4, '"four"'],
        ],
      })
    })

    test('keeps results in the order of their serials, until they are settled', async () => {
      const { a } = await begin()
      const many = messages(1, 25)
      await a.write(a.first, { taken: many })
      await a.write(a.first, { version: 2, finished: many.toReversed() })
      expect((await a.claimed({ mine: a.first })).results).toEqual(many)
      await a.write(a.first, { version: 3, settled: 24 })
      expect(await a.claimed({ mine: a.first, incarnation: 3 })).toMatchObject({ settled: 24, results: many.slice(24) })
    })

    test('keeps the inboxes that were written last', async () => {
      const { a } = await begin()
      await a.write(a.first, { inboxes: 'x' })
      await a.write(a.first, { version: 2, inboxes: null })
      expect((await a.claimed({ mine: a.first })).inboxes).toBe('x')
    })
  })

  describe('a holder that was fenced off', () => {
    test('takes nothing in and settles nothing, yet what it finishes is recorded, and it learns who has the session', async () => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 3) })
      await b.claim()
      const late = { version: 2, taken: messages(4, 4), finished: messages(1, 2), settled: 1, inboxes: 'x' }
      expect(await a.write(a.first, late)).toEqual({ state: 'fenced', holder: b.second })
      expect(await b.claimed({ incarnation: 3, mine: b.second })).toMatchObject({
        version: 2,
        received: 3,
        handled: 2,
        settled: 0,
        inboxes: null,
        pending: [{ serial: 3, holder: a.first }],
        results: messages(1, 2),
      })
    })

    test('releases what it has not started; the next claim gives it to the holder', async () => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 3) })
      await b.claim()
      await a.write(a.first, { version: 2, released: [2, 3] })
      const { pending } = await b.claimed({ incarnation: 3, mine: b.second })
      expect(pending).toEqual([
        { serial: 1, holder: a.first, again: false, message: '"1"' },
        { serial: 2, holder: b.second, again: false, message: '"2"' },
        { serial: 3, holder: b.second, again: false, message: '"3"' },
      ])
    })

    test('has a write made again that took effect before: what it took in is nobody’s, since it was told that it is not taken in', async () => {
      const { a, b } = await begin()
      const batch = { taken: messages(1, 2) }
      await a.write(a.first, batch)
      await b.claim()
      expect(await a.write(a.first, batch)).toEqual({ state: 'fenced', holder: b.second })
      const { received, pending } = await b.claimed({ incarnation: 3, mine: b.second })
      expect(received).toBe(2)
      expect(pending.map(({ holder, again }) => [holder, again])).toEqual([
        [b.second, false],
        [b.second, false],
      ])
    })

    test('finishes nothing that another one has taken over, or has released before', async () => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 2) })
      await b.claim()
      await a.write(a.first, { released: [2] })
      await b.store.seize('s', b.second, [a.first, null])
      await a.write(a.first, { finished: messages(1, 2), released: [1, 2] })
      const { handled, pending } = await b.claimed({ incarnation: 3, mine: b.second })
      expect(handled).toBe(0)
      expect(pending.map(({ holder }) => holder)).toEqual([b.second, b.second])
    })
  })

  describe('seizing', () => {
    test('takes over what a holder had pending, marked, and what nobody had, as it was', async () => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 4) })
      await b.claim()
      await a.write(a.first, { released: [3], finished: [[2, '"two"']] })
      expect(await b.store.seize('s', b.second, [a.first, null])).toEqual({
        state: 'seized',
        pending: [
          { serial: 1, holder: b.second, again: true },
          { serial: 3, holder: b.second, again: false },
          { serial: 4, holder: b.second, again: true },
        ],
        results: [[2, '"two"']],
      })
      await b.write(b.second, { version: 2, finished: [[1, null]], released: [4] })
      const { pending } = await a.claimed({ incarnation: 3 })
      expect(pending).toEqual([
        { serial: 3, holder: b.second, again: false, message: '"3"' },
        { serial: 4, holder: a.second, again: true, message: '"4"' },
      ])
    })

    test('takes from those named only; from none, it tells', async () => {
      const { open, a, b } = await begin()
      const c = drive(open())
      await a.write(a.first, { taken: messages(1, 1) })
      await b.claim()
      await b.write(b.second, { version: 2, taken: messages(2, 2) })
      await c.claim({ incarnation: 3 })
      const both = [
        { serial: 1, holder: a.first, again: false },
        { serial: 2, holder: b.second, again: false },
      ]
      expect(await c.store.seize('s', c.second, [])).toEqual({ state: 'seized', pending: both, results: [] })
      expect(await c.store.seize('s', c.second, [null, 'nobody/1'])).toMatchObject({ pending: both })
      expect(await c.store.seize('s', c.second, [b.second])).toMatchObject({
        pending: [both[0], { serial: 2, holder: c.second, again: true }],
      })
    })

    test('is for the holder of a session that is there', async () => {
      const { a, b } = await begin()
      await b.claim()
      expect(await a.store.seize('s', a.first, [])).toEqual({ state: 'fenced', holder: b.second })
      expect(await a.store.seize('other', a.first, [])).toEqual({ state: 'lost' })
      await b.store.bury('s', b.second, null)
      expect(await b.store.seize('s', b.second, [])).toEqual({ state: 'lost' })
    })
  })

  testLife(make)

  test('calls of one node for one session take effect in their order, without being waited for', async () => {
    const under = await make()
    const a = drive(under.open())
    const calls = [
      a.create(),
      a.write(a.first, { taken: messages(1, 2) }),
      a.write(a.first, { version: 2, finished: messages(1, 1) }),
      a.claim({ mine: a.first }),
      a.write(a.first, { version: 3, finished: messages(2, 2) }),
      a.store.detach('s', a.first, FAREWELL),
      a.store.find('s', 'proof'),
      a.store.bury('s', a.first, null),
      a.claim({ incarnation: 3 }),
    ]
    const [, first, second, claimed, third, , found, buried, gone] = await Promise.all(calls)
    expect([first, second, third]).toEqual(Array.from({ length: 3 }, () => ({ state: 'written' })))
    expect(claimed).toMatchObject({ state: 'claimed', handled: 1 })
    expect(found).toMatchObject({ farewell: FAREWELL })
    expect(buried).toBe(true)
    expect(gone).toMatchObject({ state: 'gone', handled: 2 })
  })

  test('whatever two nodes do to a session, in any order, the answers are those of the model', async () => {
    const under = await make()
    const nodes = [under.open(), under.open()]
    let made = 0
    const property = fc.asyncProperty(steps, (all) => follow(nodes, `s${made++}`, all))
    await expect(fc.assert(property, { numRuns: 200 })).resolves.toBeUndefined()
  }, 60_000)
}
