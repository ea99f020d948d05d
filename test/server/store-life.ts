/** What every store must do about time, the end of sessions, where they are, and nodes: a part of `store-conformance.ts`. */
import type { Packet } from '@holdfast/protocol'
import { describe, expect, test } from 'vitest'
import { drive, FAREWELL, KEEP, messages, begin as beginOn, type StoreUnderTest } from './store-driver.ts'

export function testLife(make: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  const begin = (): ReturnType<typeof beginOn> => beginOn(make)

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
}
