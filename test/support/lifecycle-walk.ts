// Walks every reachable state of the connection's lifecycle with every event, and follows the effects in a model of what is open. States
// that differ only in how many milliseconds are left count as one.
import { closePolicy } from '@holdfast/protocol'
import { transition } from '../../packages/client/src/connection.ts'
import { deadline, initial, type Effect, type Event, type Policy, type State } from '../../packages/client/src/state.ts'
import type { Cause } from '../../packages/client/src/transport.ts'

/** What the effects so far have left open. */
export interface Open {
  readonly link: number | null
  readonly candidate: number | null
}

/** Counts are told apart up to here: what they decide is decided by then (faults: three are forgiven). */
const counted = (name: string): number => (name === 'faults' ? 4 : 2)

export interface Visited {
  readonly state: State
  readonly open: Open
  readonly now: number
}

export interface Passage {
  readonly from: Visited
  readonly event: Event
  readonly to: Visited
  readonly effects: readonly Effect[]
  /** Faults of the model: an effect that made no sense where it came. */
  readonly faults: readonly string[]
}

export const policyWith = (overrides: Partial<Policy> = {}): Policy => ({
  transports: 3,
  provable: 0,
  credential: 'none',
  authorize: 10_000,
  open: 10_000,
  join: 8000,
  minUptime: 5000,
  maxAttempts: Infinity,
  reprobe: 30_000,
  backoff: (retry, random) => random() * Math.min(30_000, 1000 * 2 ** retry),
  random: () => 0.5,
  online: () => true,
  ...overrides,
})

/** A code of each policy (PROTOCOL.md §9.1), and that of a transport which cannot be opened at all. */
const CODES = [0, 1006, 4000, 4100, 4200, 4202, 4300, 4400]
export const PULSE = { beat: 15_000, grace: 5000, spread: 300 }

const simple =
  'connect disconnect reconnect authorized opened received answered due proved disproved online offline visible hidden frozen resumed'
const causes: Cause[] = CODES.flatMap((code) => [
  { code, reason: 'said' },
  { code, reason: 'said', retryAfter: 60_000 },
])

export const EVENTS: readonly Event[] = [
  ...simple.split(' ').map((type) => ({ type }) as Event),
  ...causes.map((cause): Event => ({ type: 'dropped', cause })),
  { type: 'unusable', cause: { code: 0, reason: 'no such class' } },
  { type: 'refused', cause: { code: 4100, reason: 'no' } },
  { type: 'unauthorized', cause: { code: 4100, reason: 'not now' } },
  { type: 'close', cause: null },
  { type: 'close', cause: { code: 1006, reason: 'why' } },
  { type: 'welcomed', pulse: PULSE },
  { type: 'drain', within: 0 },
  { type: 'drain', within: 10_000 },
  { type: 'of another version' as 'due' },
]

/** What is told apart: of the deadline whether a wake-up would shorten it, of the last opening whether the link has lasted. */
function distance(name: string, value: number, now: number): string {
  const left = value - now
  if (Math.abs(left) === Infinity) return left < 0 ? 'never' : 'none'
  if (left <= 0) return name === 'openedAt' && left <= -5000 ? 'long ago' : 'past'
  return name === 'by' && left <= 2500 ? 'near' : 'far'
}

/** Instants are told by their names (`by`, `openedAt`, `provedBy`); other numbers count as they are, up to a bound. */
function likeness(value: unknown, name: string, now: number): string {
  if (typeof value === 'number')
    return /^by$|At$|By$/.test(name) ? distance(name, value, now) : String(Math.min(value, counted(name)))
  if (typeof value !== 'object' || value === null) return String(value)
  if (name === 'cause') return String(closePolicy((value as Cause).code) === 'later')
  return Object.entries(value)
    .map(([part, inner]) => `${part}:${likeness(inner, part, now)}`)
    .join()
}

function follow(open: Open, effects: readonly Effect[], event: Event, faults: string[]): Open {
  let { link, candidate } = event.type === 'disproved' ? { ...open, candidate: null } : open
  for (const [kind, tier] of effects) {
    if (kind === 'open') {
      if (link !== null) faults.push('opened a second link')
      link = tier
    } else if (kind === 'drop') {
      link = candidate = null
    } else if (kind === 'ping') {
      if (link === null) faults.push('pinged without a link')
    } else if (kind === 'prove') {
      if (link === null) faults.push('tried a transport beside no link')
      else if (tier >= link || tier < 0) faults.push(`tried transport ${tier} beside ${link}`)
      if (candidate !== null) faults.push('tried two transports at once')
      candidate = tier
    } else if (kind === 'abandon') {
      candidate = null
    } else if (kind === 'promote') {
      if (candidate === null || event.type !== 'proved') faults.push('promoted what was not proved')
      link = candidate
      candidate = null
    } else if (kind === 'authorize' && link !== null) faults.push('asked for a credential with a link open')
  }
  return { link, candidate }
}

/** Every passage from every reachable state, once. */
export function* walk(policy: Policy): Generator<Passage> {
  let isOnline = true
  const hinted: Policy = { ...policy, online: () => isOnline }
  const start: Visited = { state: initial, open: { link: null, candidate: null }, now: 1_000_000 }
  const seen = new Set<string>()
  const queue = [start]
  for (let from = queue.shift(); from; from = queue.shift()) {
    const due = deadline(from.state)
    const instants = new Set([from.now])
    // A live link has lasted by then.
    if ('pulse' in from.state) instants.add(from.now + 6000)
    // On time, and long slept through.
    if (due < Infinity) for (const at of [due, due + 60_000]) instants.add(Math.max(at, from.now))
    for (const event of EVENTS)
      for (const now of instants)
        for (isOnline of now === from.now ? [true, false] : [true]) {
          if (event.type === 'dropped' && now > due) continue
          const [state, ...effects] = transition(from.state, event, now, hinted)
          const faults: string[] = []
          const to = { state, open: follow(from.open, effects, event, faults), now }
          yield { from, event, to, effects, faults }
          // Time alone has passed: one event that means nothing tells that for all.
          if (state === from.state && event.type !== 'hidden') continue
          const key = likeness(state, '', now) + JSON.stringify(to.open)
          if (seen.has(key)) continue
          seen.add(key)
          queue.push(to)
        }
  }
}
