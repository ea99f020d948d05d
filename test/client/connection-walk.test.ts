// The exhaustive walk: every reachable state of the lifecycle with every event, under several policies.
import { describe, expect, it } from 'vitest'
import { closePolicy } from '@holdfast/protocol'
import { transition } from '../../packages/client/src/connection.ts'
import { deadline, type Policy, type State } from '../../packages/client/src/state.ts'
import { PULSE, policyWith, walk, type Passage } from '../support/lifecycle-walk.ts'

const policies: { [name: string]: Policy } = {
  'three transports': policyWith(),
  'one transport that is provable': policyWith({ transports: 1 }),
  'one transport that is not': policyWith({ transports: 1, provable: -1 }),
  'the provable transport second': policyWith({ provable: 1, transports: 2 }),
  'a credential to be asked for': policyWith({ credential: 'renewable', transports: 2 }),
  'a fixed credential': policyWith({ credential: 'fixed', transports: 2 }),
  'one retry at most': policyWith({ maxAttempts: 1, transports: 2, random: () => 0 }),
  'a back-off that stops': policyWith({
    backoff: (retry) => (retry < 1 ? 100 : null),
    transports: 2,
    random: () => 0.999,
  }),
  'a short reprobe': policyWith({ reprobe: 1000, transports: 2, provable: 0 }),
}

const LINKED = ['opening', 'joining', 'moving', 'open', 'probing']
const FINAL = ['idle', 'closed']

/** What is wrong with one passage, judged by itself. */
function faultsOf({ from, event, to, effects, faults }: Passage, policy: Policy): string[] {
  const found = [...faults]
  const { state, open } = to
  const unless = (holds: boolean, fault: string): void => void (holds || found.push(fault))
  const isLinked = LINKED.includes(state.at)
  unless(isLinked === (open.link !== null), isLinked ? 'no link open' : 'a link leaked')
  unless(open.candidate === null || state.at === 'open', 'a candidate leaked')
  unless(state !== from.state || effects.length === 0, 'acted without moving')
  unless(FINAL.includes(state.at) ? deadline(state) === Infinity : Number.isFinite(deadline(state)), 'no deadline')
  if (event.type === ('of another version' as string)) unless(state === from.state, 'took an unknown event')
  if (FINAL.includes(from.state.at) && !['connect', 'reconnect', 'close'].includes(event.type))
    unless(state === from.state, 'left a final state by itself')
  if (event.type === 'due' && to.now < deadline(from.state)) unless(state === from.state, 'was due early')
  if (event.type === 'due' && to.now >= deadline(from.state)) unless(state !== from.state, 'stayed though due')
  if (event.type === 'hidden') unless(state === from.state, 'hiding the page meant something')
  if (effects.some(([kind]) => kind === 'authorize')) unless(policy.credential !== 'none', 'asked for no credential')
  if (effects.some(([kind]) => kind === 'forget'))
    unless(event.type === 'dropped' && closePolicy(event.cause.code) === 'fresh', 'forgot the session')
  if (event.type === 'close') unless(state.at === 'closed', 'stayed after close')
  if (event.type === 'frozen') unless(open.link === null, 'kept a link on a frozen page')
  return found
}

/** Steps at one instant, with nothing but the timer, until it waits for a later one. */
function stepsAtOnce(state: State, now: number, policy: Policy): number {
  for (let steps = 0; steps < 20; steps++) {
    if (deadline(state) > now) return steps
    ;[state] = transition(state, { type: 'due' }, now, policy)
  }
  return Infinity
}

/** What a healthy network and server answer. */
function answer(effect: string): Parameters<typeof transition>[1] | null {
  if (effect === 'authorize') return { type: 'authorized' }
  if (effect === 'open') return { type: 'opened' }
  if (effect === 'ping') return { type: 'received' }
  return null
}

/** Lets only the timer and a healthy server act, until it is open; how long that took. */
function recovery(state: State, now: number, policy: Policy): number {
  const begun = now
  for (let step = 0; step < 60; step++) {
    if (state.at === 'open') return now - begun
    if (state.at === 'closed') return 0
    if (state.at === 'joining' || state.at === 'moving') {
      ;[state] = transition(state, { type: 'welcomed', pulse: PULSE }, now, policy)
      continue
    }
    now = Math.max(now, deadline(state))
    const [next, ...effects] = transition(state, { type: 'due' }, now, policy)
    state = next
    for (const [kind] of effects) {
      const reply = answer(kind)
      if (reply) [state] = transition(state, reply, now, policy)
      if (reply?.type === 'authorized') [state] = transition(state, { type: 'opened' }, now, policy)
    }
  }
  return Infinity
}

describe.each(Object.entries(policies))('with %s', (_name, policy) => {
  it('every reachable state takes every event, leaks no link, opens none twice, never spins, and opens again once the network heals', () => {
    const states = new Set<string>()
    const faults = new Map<string, Passage>()
    const visited = new Set<Passage['from']>()
    let slowest = 0
    for (const passage of walk(policy)) {
      const { from } = passage
      for (const fault of faultsOf(passage, policy)) if (!faults.has(fault)) faults.set(fault, passage)
      if (visited.has(from)) continue
      visited.add(from)
      states.add(from.state.at)
      if (FINAL.includes(from.state.at)) continue
      if (stepsAtOnce(from.state, from.now, policy) > 6) faults.set('spins', passage)
      const time = recovery(from.state, from.now, policy)
      if (time > 1_500_000) faults.set('never opens again', passage)
      slowest = Math.max(slowest, time)
    }
    const told = [...faults].map(([fault, { from, event, to }]) => [
      fault,
      from.state,
      event,
      to.state,
      to.now - from.now,
    ])
    expect(told.map((each) => JSON.stringify(each))).toEqual([])
    expect(slowest).toBeGreaterThan(0)
    const expected = ['closed', 'idle', 'joining', 'offline', 'open', 'opening', 'probing', 'waiting']
    expect([...states]).toEqual(expect.arrayContaining(expected))
  }, 60_000)
})
