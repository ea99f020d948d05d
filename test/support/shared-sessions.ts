/**
 * A store of sessions for several servers of one process: as deterministic as its clock and its weather. What the contract allows can be made
 * to happen: calls that take their time, or that are rejected before or after they took effect; nodes that die; a store that goes back in time.
 */
import type { Packet } from '@holdfast/protocol'
import type { Clock, SessionStore, StoreNode } from '@holdfast/server'
import {
  claimRecord,
  createRecord,
  isForgotten,
  isGone,
  seizeFrom,
  writeRecord,
  type Moment,
  type SessionRecord,
} from './session-records.ts'

/** A call that a node makes. */
export interface StoreCall {
  readonly node: string
  readonly method: string
  /** Of the session; of the node or the thing that the call is about; empty if about none. */
  readonly about: string
}

/** What befalls a call. */
export interface Fate {
  /** Ms before it takes effect. */
  before?: number
  /** Ms from then until it is answered. */
  after?: number
  /** Rejected, having had no effect or all of it. */
  fails?: 'before' | 'after'
}

export interface SharedSessionsOptions {
  clock: Pick<Clock, 'now' | 'after'>
  /** For how long a node that died is regarded as alive, in ms. @default 10_000 */
  lease?: number
  /** Asked for each call, in the order in which calls are made. @default nothing befalls */
  weather?: (call: StoreCall) => Fate | undefined
}

export interface SharedSessions {
  /** Another node. */
  open(): SessionStore
  /** It dies: nothing that it is waiting for is answered, what it has just asked for is not done, and nobody can tell it anything. */
  kill(node: string): void
  /** All that is kept, as it is now. */
  snapshot(): Snapshot
  /** The store goes back to that, and knows that it has. */
  restore(snapshot: Snapshot): void
  /** What is kept of this session now. */
  record(id: string): SessionRecord | undefined
  /** Calls so far. */
  readonly calls: number
}

export type Snapshot = Map<string, SessionRecord>

interface Node {
  readonly name: string
  state: 'new' | 'joined' | 'closed' | 'dead'
  told: StoreNode['told']
  diedAt: number
  keep: { window: number; tombstone: number }
  /** The last call about each thing. */
  readonly last: Map<string, Promise<unknown>>
}

const wait = (clock: Pick<Clock, 'after'>, ms = 0): Promise<void> | void =>
  ms ? new Promise((resolve) => clock.after(ms, resolve)) : undefined

const NEVER: Promise<never> = new Promise(() => {})

export function createSharedSessions(options: SharedSessionsOptions): SharedSessions {
  const { clock, lease = 10_000, weather = () => undefined } = options
  const nodes = new Map<string, Node>()
  const things = new Map<string, { value: Packet; endsAt: number }>()
  let records: Snapshot = new Map()
  let history = 1
  let calls = 0

  const momentOf = ({ keep }: Node): Moment => ({ now: clock.now(), history, ...keep })
  /** A step on a record that is there; else what to answer. */
  function on<T>(node: Node, id: string, none: T, step: (record: SessionRecord, moment: Moment) => T): T {
    const record = records.get(id)
    const moment = momentOf(node)
    if (record && isForgotten(record, moment)) records.delete(id)
    else if (record) return step(record, moment)
    return none
  }

  async function meet<T>(node: Node, call: StoreCall, fate: Fate, effect: () => T): Promise<T> {
    await wait(clock, fate.before)
    if (node.state === 'dead') return NEVER
    if (node.state !== 'joined') throw new Error(`the store is ${node.state}: ${call.method}`)
    if (fate.fails === 'before') throw new Error(`it failed, and had no effect: ${call.method}`)
    const answer = effect()
    await wait(clock, fate.after)
    // Read again: it may have died meanwhile.
    if ((node.state as Node['state']) === 'dead') return NEVER
    if (fate.fails === 'after') throw new Error(`it failed, having had its effect: ${call.method}`)
    return answer
  }
  /** Calls of one node about one thing take effect in their order, and are answered in it. */
  function act<T>(node: Node, method: string, about: string, effect: () => T): Promise<T> {
    calls++
    const call = { node: node.name, method, about }
    const fate = weather(call) ?? {}
    const before = node.last.get(about) ?? Promise.resolve()
    const mine = before.then(
      () => meet(node, call, fate, effect),
      () => meet(node, call, fate, effect),
    )
    node.last.set(about, mine)
    const leave = (): void => {
      if (node.last.get(about) === mine) node.last.delete(about)
    }
    mine.then(leave, leave)
    return mine
  }

  function open(): SessionStore {
    const node: Node = {
      name: `node${nodes.size + 1}`,
      state: 'new',
      told: () => {},
      diedAt: 0,
      keep: { window: 0, tombstone: 0 },
      last: new Map(),
    }
    nodes.set(node.name, node)
    return {
      level: 'appended',
      node: node.name,
      join(told, keep) {
        Object.assign(node, { state: 'joined', keep, told: (message: Packet) => told.told(message) })
      },
      create: (record) =>
        act(node, 'create', record.id, () => void records.set(record.id, createRecord(record, momentOf(node)))),
      claim: (claim) =>
        act(node, 'claim', claim.id, () =>
          on(node, claim.id, { state: 'unknown' }, (record, moment) => claimRecord(record, claim, moment)),
        ),
      write: (id, holder, batch) =>
        act(node, 'write', id, () =>
          on(node, id, { state: 'lost' }, (record, moment) => writeRecord(record, holder, batch, moment)),
        ),
      seize: (id, holder, from) =>
        act(node, 'seize', id, () =>
          on(node, id, { state: 'lost' }, (record, moment) => seizeFrom(record, holder, from, moment)),
        ),
      async touch(sessions) {
        const kept = await Promise.all(sessions.map(([id, holder]) => keepOn(node, 'touch', id, holder, null)))
        return sessions.filter((_, i) => !kept[i]).map(([id]) => id)
      },
      detach: async (id, holder, farewell) => void (await keepOn(node, 'detach', id, holder, farewell)),
      bury: (id, holder, farewell) =>
        act(node, 'bury', id, () =>
          on(node, id, false, (record, { now }) => {
            if (record.isBuried || record.holder !== holder) return false
            Object.assign(record, { isBuried: true, farewell, endsAt: Math.min(record.endsAt, now) })
            return true
          }),
        ),
      end: (id, incarnation) =>
        act(node, 'end', id, () =>
          on(node, id, false, (record) => {
            if (record.incarnation > incarnation) return false
            records.delete(id)
            return !record.isBuried
          }),
        ),
      find: (id, proof) =>
        act(node, 'find', id, () =>
          on(node, id, null, (record, moment) => {
            const { holder, incarnation, farewell } = record
            if (proof === null ? isGone(record, moment) : proof !== record.proof) return null
            return { holder, incarnation, farewell }
          }),
        ),
      isAlive: (name) => act(node, 'isAlive', `:${name}`, () => isAlive(nodes.get(name))),
      tell: (name, message) => act(node, 'tell', `:${name}`, () => tell(nodes.get(name), message)),
      put: (name, value, ms) =>
        act(node, 'put', `=${name}`, () => void things.set(name, { value, endsAt: clock.now() + ms })),
      take: (name) =>
        act(node, 'take', `=${name}`, () => {
          const thing = things.get(name)
          things.delete(name)
          return thing && thing.endsAt > clock.now() ? thing.value : null
        }),
      async close() {
        if (node.state !== 'dead') node.state = 'closed'
      },
    }
  }
  function keepOn(node: Node, method: string, id: string, holder: string, farewell: SessionRecord['farewell']) {
    return act(node, method, id, () =>
      on(node, id, false, (record, moment) => {
        if (isGone(record, moment) || record.holder !== holder) return false
        Object.assign(record, { farewell, endsAt: moment.now + moment.window })
        return true
      }),
    )
  }
  function isAlive(node: Node | undefined): boolean {
    if (node?.state === 'dead') return clock.now() < node.diedAt + lease
    return node?.state === 'joined'
  }
  function tell(node: Node | undefined, message: Packet): boolean {
    if (node?.state !== 'joined') return false
    node.told(message)
    return true
  }

  return {
    open,
    kill(name) {
      const node = nodes.get(name)
      if (node?.state === 'joined') Object.assign(node, { state: 'dead', diedAt: clock.now() })
    },
    snapshot: () => structuredClone(records),
    restore(snapshot) {
      records = structuredClone(snapshot)
      history++
    },
    record: (id) => records.get(id),
    get calls() {
      return calls
    },
  }
}
