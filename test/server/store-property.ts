/** Two nodes do whatever nodes may do to one session, in any order: every answer is that of the model. */
import type { Batch, SessionStore } from '@holdfast/server'
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { createModel, type Model } from './store-model.ts'

/** Numbers pick among what is there when the step is made. */
type Step =
  | { do: 'claim'; who: number; isFresh: boolean; isStale: boolean; settled: number }
  | {
      do: 'write'
      who: number
      copy: number
      isAgain: boolean
      age: number
      taken: boolean[]
      finished: number[]
      released: number[]
      settled: number
      inboxes: string | null
    }
  | { do: 'seize'; who: number; copy: number; from: number[] }
  | { do: 'bury'; who: number; copy: number }

const who = fc.nat({ max: 1 })
const pick = fc.nat({ max: 50 })
const picks = fc.array(pick, { maxLength: 6 })
const rarely = fc.nat({ max: 9 }).map((n) => n === 0)

const claim = fc.record({
  do: fc.constant('claim' as const),
  who,
  isFresh: fc.boolean(),
  isStale: rarely,
  settled: pick,
})
const write = fc.record({
  do: fc.constant('write' as const),
  who,
  copy: pick,
  isAgain: rarely,
  age: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -3, max: 1 }) }),
  taken: fc.array(fc.boolean(), { maxLength: 4 }),
  finished: picks,
  released: fc.array(pick, { maxLength: 2 }),
  settled: pick,
  inboxes: fc.option(fc.string(), { freq: 5 }),
})
const seize = fc.record({ do: fc.constant('seize' as const), who, copy: pick, from: picks })
const bury = fc.record({ do: fc.constant('bury' as const), who, copy: pick })
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: claim },
    { weight: 12, arbitrary: write },
    { weight: 3, arbitrary: seize },
    { weight: 1, arbitrary: bury },
  ),
  { minLength: 1, maxLength: 40 },
)

const text = (serial: number): string => `"${serial}"`

interface Node {
  readonly store: SessionStore
  /** Its working copies, the newest last, and what each wrote last. */
  readonly copies: { holder: string; version: number; last: Batch | null }[]
}

/** What a holder writes that keeps to the contract, but for what the step says. */
function batchOf(step: Step & { do: 'write' }, copy: Node['copies'][number], { messages }: Model): Batch {
  if (step.isAgain && copy.last) return copy.last
  const all = messages.length + step.taken.length
  const chosen = (from: readonly number[]): number[] => (all ? [...new Set(from.map((each) => 1 + (each % all)))] : [])
  const finished = chosen(step.finished)
  return {
    version: copy.version + step.age,
    taken: step.taken.map((isVoid, i) => {
      const serial = messages.length + 1 + i
      return [serial, isVoid ? null : text(serial)]
    }),
    finished: finished.map((serial) => [serial, serial % 3 ? `r${serial}` : null]),
    released: chosen(step.released).filter((serial) => !finished.includes(serial)),
    settled: all ? step.settled % (all + 1) : 0,
    inboxes: step.inboxes,
  }
}

async function take(step: Step, id: string, node: Node, model: Model): Promise<void> {
  const { store, copies } = node
  const newest = copies.at(-1)
  if (step.do === 'claim') {
    const asked = {
      id,
      proof: 'proof',
      identity: null,
      codec: '',
      incarnation: model.incarnation + (step.isStale ? 0 : 1),
      // Rarely above what is handled.
      settled: step.settled % (model.messages.length + 1),
      mine: step.isFresh || !newest ? null : newest.holder,
      fresh: `${store.node}/${copies.length + 1}`,
    }
    const claimed = await store.claim(asked)
    expect(claimed).toEqual(model.claim(asked))
    if (claimed.state !== 'claimed') return
    if (claimed.holder === asked.fresh) copies.push({ holder: asked.fresh, version: claimed.version, last: null })
    else newest!.version = claimed.version
    return
  }
  const copy = copies[Math.max(0, copies.length - 1 - (step.copy % 5 ? 0 : step.copy % 3))]
  if (!copy) return
  if (step.do === 'bury') return expect(await store.bury(id, copy.holder, null)).toBe(model.bury(copy.holder))
  if (step.do === 'seize') {
    const known = [null, model.holder, ...model.messages.map(({ holder }) => holder)]
    const from = step.from.map((each) => known[each % known.length]!)
    return expect(await store.seize(id, copy.holder, from)).toEqual(model.seize(copy.holder, from))
  }
  const batch = batchOf(step, copy, model)
  const written = await store.write(id, copy.holder, batch)
  expect(written).toEqual(model.write(copy.holder, batch))
  if (written.state === 'written' && batch.version === copy.version) copy.version++
  copy.last = batch
}

/** Makes the session on the first node, and takes the steps. */
export async function follow(stores: readonly SessionStore[], id: string, all: readonly Step[]): Promise<void> {
  const nodes: Node[] = stores.map((store) => ({ store, copies: [] }))
  const holder = `${stores[0]!.node}/1`
  const createdAt = 1_700_000_000_000
  const model = createModel({ holder, createdAt }, text)
  await stores[0]!.create({ id, proof: 'proof', identity: null, codec: '', createdAt, incarnation: 1, holder })
  nodes[0]!.copies.push({ holder, version: 1, last: null })
  for (const step of all) await take(step, id, nodes[step.who]!, model)
}
