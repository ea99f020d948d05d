/** What every store of sessions must do; each store's test calls this with a way to make one, and nodes on it. */
import type { Packet } from '@holdfast/protocol'
import type { Batch, Claim, Claimed, NewRecord, SessionStore } from '@holdfast/server'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { follow, steps } from './store-property.ts'

/** How long records are kept, in ms. */
export const KEEP = { window: 120_000, tombstone: 600_000 }

export interface StoreUnderTest {
  /** Another node on it, which has joined with `KEEP`. */
  open(told?: (message: Packet) => void): SessionStore
  /** So many ms go by. */
  pass(ms: number): void | Promise<void>
}

const NOTHING: Batch = { version: 1, taken: [], finished: [], released: [], settled: 0, inboxes: null }
const FAREWELL = { code: 4002, reason: 'taken over' }

/** A node with the names of its working copies, and calls with everything that a test does not care about. */
export interface Driven {
  store: SessionStore
  /** Of its first, and of its second working copy. */
  first: string
  second: string
  create(given?: Partial<NewRecord>): Promise<void>
  claim(given?: Partial<Claim>): ReturnType<SessionStore['claim']>
  claimed(given?: Partial<Claim>): Promise<Claimed>
  write(holder: string, given: Partial<Batch>): ReturnType<SessionStore['write']>
}

export function drive(store: SessionStore, id = 's'): Driven {
  const record: NewRecord = {
    id,
    proof: 'proof',
    identity: 'ann',
    codec: '',
    createdAt: 1_700_000_000_000,
    incarnation: 1,
    holder: `${store.node}/1`,
  }
  const asked: Claim = { ...record, incarnation: 2, settled: 0, mine: null, fresh: `${store.node}/2` }
  return {
    store,
    first: record.holder,
    second: asked.fresh,
    create: (given: Partial<NewRecord> = {}) => store.create({ ...record, ...given }),
    claim: (given: Partial<Claim> = {}) => store.claim({ ...asked, ...given }),
    claimed: async (given: Partial<Claim> = {}) => {
      const claimed = await store.claim({ ...asked, ...given })
      expect(claimed.state).toBe('claimed')
      return claimed as Claimed
    },
    write: (holder: string, given: Partial<Batch>) => store.write(id, holder, { ...NOTHING, ...given }),
  }
}

export const messages = (from: number, to: number): [number, Packet][] =>
  Array.from({ length: to - from + 1 }, (_, i) => [from + i, `"${from + i}"`])

export function testStore(make: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  /** Two nodes, the first of which has made a session. */
  async function begin(): Promise<StoreUnderTest & { a: Driven; b: Driven }> {
    const under = await make()
    const [a, b] = [drive(under.open()), drive(under.open())]
    await a.create()
    return { ...under, a, b }
  }

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

  describe('time', () => {
    test('a session that nobody touches is gone after the window, and unknown after the tombstone', async () => {
      const { a, b, pass } = await begin()
      await a.write(a.first, { taken: messages(1, 3), finished: messages(1, 3) })
      await a.write(a.first, { version: 2, settled: 1 })
      await pass(KEEP.window - 30_000)
      expect(await a.store.touch([['s', a.first]])).toEqual([])
      await pass(KEEP.window - 30_000)
      expect(await b.claim({ settled: 2 })).toMatchObject({ state: 'claimed', handled: 3 })
      await pass(KEEP.window)
      const gone = { state: 'gone', handled: 3, results: [[3, '"3"']] }
      expect(await a.claim({ incarnation: 3 })).toEqual(gone)
      expect(await a.claim({ incarnation: 1 })).toEqual(gone)
      expect(await a.claim({ settled: 3 })).toMatchObject({ state: 'gone', results: [] })
      expect(await a.claim({ proof: 'guessed' })).toEqual({ state: 'unknown' })
      expect(await a.claim({ identity: 'eve' })).toEqual({ state: 'unknown' })
      expect(await b.write(b.second, { version: 3, taken: messages(4, 4) })).toEqual({ state: 'lost' })
      expect(await b.store.touch([['s', b.second]])).toEqual(['s'])
      await pass(KEEP.tombstone)
      expect(await a.claim()).toEqual({ state: 'unknown' })
      expect(await a.store.find('s', 'proof')).toBeNull()
    })

    test('the window runs from when the link was lost', async () => {
      const { a, b, pass } = await begin()
      await pass(KEEP.window - 30_000)
      await a.store.detach('s', a.first, FAREWELL)
      await pass(KEEP.window - 30_000)
      expect(await b.claim()).toMatchObject({ state: 'claimed' })
    })

    test('a session whose messages are being handled can be claimed while the tombstone is kept, and is gone when they are handled', async () => {
      const { a, b, pass } = await begin()
      await a.write(a.first, { taken: messages(1, 2) })
      await pass(KEEP.window + 60_000)
      expect(await a.write(a.first, { version: 2, finished: messages(1, 1) })).toEqual({ state: 'written' })
      expect(await b.claim({ incarnation: 2 })).toMatchObject({ state: 'claimed', handled: 1 })
      await pass(KEEP.window)
      await a.write(a.first, { finished: messages(2, 2) })
      expect(await a.claim({ incarnation: 3 })).toEqual({ state: 'gone', handled: 2, results: messages(1, 2) })
    })

    test('what a handler has finished after its session was buried is in the tombstone', async () => {
      const { a } = await begin()
      await a.write(a.first, { taken: messages(1, 2) })
      await a.store.bury('s', a.first, null)
      expect(await a.write(a.first, { version: 2, finished: messages(1, 1) })).toEqual({ state: 'lost' })
      expect(await a.claim()).toEqual({ state: 'gone', handled: 1, results: messages(1, 1) })
    })
  })

  describe('the end of a session', () => {
    test('a holder buries it once, with what is kept of it', async () => {
      const { a, b } = await begin()
      await a.write(a.first, { taken: messages(1, 1), finished: messages(1, 1) })
      expect(await a.store.bury('s', b.second, null)).toBe(false)
      expect(await a.store.bury('s', a.first, FAREWELL)).toBe(true)
      expect(await a.store.bury('s', a.first, null)).toBe(false)
      expect(await a.store.bury('other', a.first, null)).toBe(false)
      expect(await b.claim()).toEqual({ state: 'gone', handled: 1, results: messages(1, 1) })
    })

    test('a tombstone tells the farewell to who has the proof; for others there is no session', async () => {
      const { a, b } = await begin()
      await a.store.bury('s', a.first, FAREWELL)
      expect(await b.store.find('s', 'proof')).toEqual({ holder: a.first, incarnation: 1, farewell: FAREWELL })
      expect(await b.store.find('s', null)).toBeNull()
    })

    test('a session that is out of time can still be buried, once, which is not kept longer for it', async () => {
      const { a, b, pass } = await begin()
      await pass(KEEP.window + 60_000)
      expect(await a.store.bury('s', a.first, FAREWELL)).toBe(true)
      expect(await a.store.bury('s', a.first, FAREWELL)).toBe(false)
      expect(await b.claim()).toMatchObject({ state: 'gone' })
      await pass(KEEP.tombstone - 60_000)
      expect(await b.claim()).toEqual({ state: 'unknown' })
    })

    test('one that has ended is forgotten, unless a newer link has it', async () => {
      const { a, b } = await begin()
      await b.claim({ incarnation: 5 })
      expect(await a.store.end('s', 4)).toBe(false)
      expect(await a.store.end('other', 9)).toBe(false)
      expect(await a.store.end('s', 5)).toBe(true)
      expect(await a.store.end('s', 5)).toBe(false)
      expect(await a.claim({ incarnation: 6 })).toEqual({ state: 'unknown' })
    })

    test('touching tells of those that the holder has not any more', async () => {
      const { a, b } = await begin()
      for (const id of ['moved', 'ended', 'kept']) await drive(a.store, id).create()
      await drive(b.store, 'moved').claim()
      await a.store.end('ended', 1)
      const lost = await a.store.touch(['moved', 'ended', 'kept', 'never'].map((id) => [id, a.first] as const))
      expect(lost.toSorted()).toEqual(['ended', 'moved', 'never'])
      expect(await a.store.touch([])).toEqual([])
    })
  })

  describe('whereabouts', () => {
    test('are those of the newest link, with what the last one was closed with', async () => {
      const { a, b } = await begin()
      expect(await b.store.find('s', null)).toEqual({ holder: a.first, incarnation: 1, farewell: null })
      await a.store.detach('s', a.first, { code: 4200, reason: 'come  back ' })
      expect((await b.store.find('s', 'proof'))?.farewell).toEqual({ code: 4200, reason: 'come  back ' })
      await b.claim({ incarnation: 7 })
      expect(await a.store.find('s', 'proof')).toEqual({ holder: b.second, incarnation: 7, farewell: null })
      await a.store.detach('s', a.first, FAREWELL)
      expect((await a.store.find('s', 'proof'))?.farewell).toBeNull()
      expect(await a.store.find('s', 'guessed')).toBeNull()
      expect(await a.store.find('other', null)).toBeNull()
    })
  })

  describe('nodes', () => {
    test('are told what others have for them, in order, each once', async () => {
      const under = await make()
      const told: Packet[] = []
      const [a, b] = [under.open(), under.open((message) => told.push(message))]
      // Having made a session, it is there.
      await drive(b).create()
      const all = ['"text"', new Uint8Array([1, 0xff, 0]), '', ...messages(1, 50).map(([, message]) => message)]
      const heard = await Promise.all(all.map((message) => a.tell(b.node, message)))
      expect(new Set(heard)).toEqual(new Set([true]))
      expect(await b.tell(b.node, 'own')).toBe(true)
      await expect.poll(() => told).toEqual([...all, 'own'])
    })

    test('that are not there are not told, and not alive', async () => {
      const { open, a, b } = await begin()
      expect(await a.store.isAlive('nobody')).toBe(false)
      expect(await a.store.tell('nobody', 'x')).toBe(false)
      const c = open()
      await drive(c, 'another').create()
      expect(await a.store.isAlive(c.node)).toBe(true)
      await c.close()
      expect(await a.store.isAlive(c.node)).toBe(false)
      expect(await a.store.tell(c.node, 'x')).toBe(false)
      expect(await b.store.isAlive(a.store.node)).toBe(true)
    })

    test('have names of their own, and no slash in them', async () => {
      const under = await make()
      const names = Array.from({ length: 5 }, () => under.open().node)
      expect(new Set(names).size).toBe(5)
      for (const name of names) expect(name).toMatch(/^[^/\s]+$/)
    })

    test('give each other what one has put, once, and not for ever', async () => {
      const { a, b, pass } = await begin()
      await a.store.put('x', '"text"', 1_000)
      await a.store.put('y', new Uint8Array([0, 255]), 1_000)
      await a.store.put('z{}', '', 1_000)
      expect(await b.store.take('x')).toBe('"text"')
      expect(await b.store.take('x')).toBeNull()
      const taken = await Promise.all([a, b, a, b].map(({ store }) => store.take('y')))
      expect(taken.filter((each) => each !== null)).toEqual([new Uint8Array([0, 255])])
      await pass(1_000)
      expect(await b.store.take('z{}')).toBeNull()
    })
  })

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
