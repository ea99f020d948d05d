/** What the suite of session stores drives them with. */
import type { Packet } from '@holdfast/protocol'
import type { Batch, Claim, Claimed, NewRecord, SessionStore } from '@holdfast/server'
import { expect } from 'vitest'

/** How long records are kept, in ms. */
export const KEEP = { window: 120_000, tombstone: 600_000 }

export interface StoreUnderTest {
  /** Another node on it, which has joined with `KEEP`. */
  open(told?: (message: Packet) => void): SessionStore
  /** So many ms go by. */
  pass(ms: number): void | Promise<void>
}

const NOTHING: Batch = { version: 1, taken: [], finished: [], released: [], settled: 0, inboxes: null }
export const FAREWELL = { code: 4002, reason: 'taken over' }

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

/** Two nodes, the first of which has made a session. */
export async function begin(
  make: () => StoreUnderTest | Promise<StoreUnderTest>,
): Promise<StoreUnderTest & { a: Driven; b: Driven }> {
  const under = await make()
  const [a, b] = [drive(under.open()), drive(under.open())]
  await a.create()
  return { ...under, a, b }
}
