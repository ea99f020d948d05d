// The store that simulations share keeps the contract, and everything that it makes happen is what it says.
import type { Packet } from '@holdfast/protocol'
import type { SessionStore } from '@holdfast/server'
import { describe, expect, test } from 'vitest'
import { createSharedSessions, type SharedSessions, type SharedSessionsOptions } from '../support/shared-sessions.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'
import { testStore } from './store-conformance.ts'
import { drive, KEEP, type Driven } from './store-driver.ts'

interface Made {
  clock: VirtualClock
  shared: SharedSessions
  open(told?: (message: Packet) => void): SessionStore
}
function make(weather?: SharedSessionsOptions['weather']): Made {
  const clock = createVirtualClock()
  const shared = createSharedSessions({ clock, ...(weather && { weather }) })
  return {
    clock,
    shared,
    open(told = () => {}) {
      const store = shared.open()
      store.join({ told }, KEEP)
      return store
    },
  }
}

describe('keeps the contract of every store', () => {
  testStore(() => {
    const { clock, open } = make()
    return { open, pass: (ms) => clock.advance(ms) }
  })
})

/** Two nodes, the first of which has made a session and taken in two messages. */
async function begin(weather?: SharedSessionsOptions['weather']): Promise<Made & { a: Driven; b: Driven }> {
  const made = make(weather)
  const [a, b] = [drive(made.open()), drive(made.open())]
  const done = (async () => {
    await a.create()
    await a.write(a.first, {
      taken: [
        [1, '1'],
        [2, '2'],
      ],
    })
  })()
  await made.clock.until(done)
  return { ...made, a, b }
}

test('a store that goes back in time answers with what it has, and nobody goes on with a session from before', async () => {
  const { shared, a, b } = await begin()
  const before = shared.snapshot()
  await a.write(a.first, { version: 2, finished: [[1, 'one']] })
  const { calls } = shared
  shared.restore(before)
  expect(await a.write(a.first, { version: 3, finished: [[2, 'two']] })).toEqual({ state: 'lost' })
  expect(await a.store.seize('s', a.first, [])).toEqual({ state: 'lost' })
  expect(await a.store.touch([['s', a.first]])).toEqual(['s'])
  expect(await b.claim()).toEqual({ state: 'gone', handled: 0, results: [[2, 'two']] })
  await drive(b.store, 'new').create()
  expect(await drive(a.store, 'new').claim()).toMatchObject({ state: 'claimed' })
  expect(shared.calls - calls).toBe(6)
})

test('a record that is not as far as its holder is gone, though the store knows of nothing', async () => {
  const { a, b } = await begin()
  expect(await a.write(a.first, { version: 4 })).toEqual({ state: 'lost' })
  expect(await b.claim()).toEqual({ state: 'gone', handled: 0, results: [] })
})

test('a call that fails before has had no effect; one that fails after, all of it', async () => {
  let fails: 'before' | 'after' | undefined
  const { a } = await begin(() => fails && { fails })
  fails = 'before'
  await expect(a.write(a.first, { version: 2, taken: [[3, '3']] })).rejects.toThrow('had no effect')
  fails = 'after'
  await expect(a.write(a.first, { version: 2, taken: [[3, '3']] })).rejects.toThrow('having had its effect')
  fails = undefined
  expect(await a.write(a.first, { version: 2, taken: [[3, '3']] })).toEqual({ state: 'written' })
  expect(await a.claimed({ mine: a.first })).toMatchObject({ received: 3, version: 3 })
})

test('calls take their time, those of one session one after another and those of others meanwhile', async () => {
  const { clock, a, b } = await begin(({ method }) => ({ before: method === 'write' ? 100 : 10, after: 5 }))
  const order: string[] = []
  const start = clock.now()
  const note = (what: string) => () => void order.push(`${what} ${clock.now() - start}`)
  const all = Promise.all([
    a.write(a.first, { version: 2, finished: [[1, null]] }).then(note('write')),
    a.claim({ mine: a.first }).then(note('claim')),
    b.store.find('s', null).then(note('find')),
    a.store.find('other', null).then(note('other')),
  ])
  await clock.until(all)
  expect(order).toEqual(['find 15', 'other 15', 'write 105', 'claim 120'])
})

test('a node that dies has no more effect, gets no answer, and is alive for others until its lease is over', async () => {
  const told: Packet[] = []
  const { clock, shared, open, a, b } = await begin(({ method }) => ({ before: method === 'write' ? 100 : 0 }))
  const c = open((message) => told.push(message))
  let answered = 0
  void a.write(a.first, { version: 2, taken: [[3, '3']] }).then(() => answered++)
  await clock.advance(50)
  shared.kill(a.store.node)
  shared.kill(c.node)
  await clock.advance(1_000)
  expect(answered).toBe(0)
  expect(shared.record('s')).toMatchObject({ received: 2 })
  expect(await b.store.tell(c.node, 'x')).toBe(false)
  expect(told).toEqual([])
  expect(await b.store.isAlive(a.store.node)).toBe(true)
  await clock.advance(10_000)
  expect(await b.store.isAlive(a.store.node)).toBe(false)
  await b.claim()
  expect(await b.store.seize('s', b.second, [a.first])).toMatchObject({ pending: [{ again: true }, { again: true }] })
})

test('a node that has left is refused everything', async () => {
  const { a } = await begin()
  await a.store.close()
  await expect(a.claim()).rejects.toThrow('closed')
})
