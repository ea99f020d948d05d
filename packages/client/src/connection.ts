/**
 * The lifecycle of the connection as one pure function: `transition(state, event, now, policy)`. PURE: imports PURE files and the
 * protocol only. Leaving a state drops its deadline with it, so there is nothing to clear.
 */
import { closePolicy } from '@holdfast/protocol'
import { deadline, type Course, type Effect, type Event, type Live, type Policy, type Pulse, type State, type Step } from './state.ts'
import type { Cause } from './transport.ts'

/** Answer expected within this after a wake-up or `online`, so that a dead link is replaced within 3 s. */
const WAKE_GRACE = 2500
/** A deadline seen later than this was slept through. */
const LATE = 1000
/** Limit of an attempt that a wake-up finds under way: it may have died in the sleep without a word. */
const WAKE_ATTEMPT = 5000
/** Retry without a network in sight: an `online` event may never come. */
const OFFLINE_RETRY = 15_000
/** Malformed packets in a row after which there is no sense in going on (PROTOCOL.md §9.1). */
const MAX_FAULTS = 3
/** A server in need of rest that names no time gets the back-off of this attempt. */
const HIGH_STEP = 5

const scratch: Course = { attempt: 0, tier: 0, upAt: 0, openedAt: -Infinity }
const lost = (reason: string): Cause => ({ code: 1006, reason })
const courseOf = ({ attempt, tier, upAt, openedAt }: Course): Course => ({ attempt, tier, upAt, openedAt })
const failed = (state: Course): Course => ({ ...courseOf(state), attempt: state.attempt + 1 })
const liveOf = (s: Live): Live => ({ ...courseOf(s), beat: s.beat, grace: s.grace, spread: s.spread, leaveAt: s.leaveAt })

/** Begins an attempt; a transport found bad is begun with again once `upAt` has passed. */
function begin(course: Course, now: number, policy: Policy, ...effects: Effect[]): Step {
  const next = { ...courseOf(course), tier: now >= course.upAt ? 0 : course.tier }
  return policy.credential === 'none'
    ? [opening(next, 0, now, policy), ...effects, ['open', next.tier]]
    : [{ ...next, at: 'authorizing', authBy: now + policy.authorize }, ...effects, ['authorize']]
}

/**
 * The limit grows with the attempts: browsers delay repeated dials by themselves (Chromium's websocket throttler, Firefox's
 * FailDelayManager), and a limit below that delay would never let one through.
 */
const opening = (course: Course, unusable: number, now: number, policy: Policy): State => ({
  ...courseOf(course),
  at: 'opening',
  unusable,
  openBy: now + policy.open * Math.min(course.attempt + 1, 3),
})

/** Waits `delay` ms (null: by back-off) before the next attempt, or gives up. */
function wait(course: Course, cause: Cause, delay: number | null, now: number, policy: Policy, ...effects: Effect[]): Step {
  const after = delay ?? policy.backoff(Math.max(course.attempt - 1, 0), policy.random)
  if (after === null || course.attempt > policy.maxAttempts) return [{ at: 'closed', cause }, ...effects]
  return policy.online()
    ? [{ ...courseOf(course), at: 'waiting', cause, retryAt: now + after }, ...effects]
    : [{ ...courseOf(course), at: 'offline', cause, retryAt: now + Math.max(after, OFFLINE_RETRY) }, ...effects]
}

/**
 * The link or the attempt is over, for a cause whose code carries the policy (PROTOCOL.md §9.1). `soon` is the delay before the first
 * retry after a healthy link; null: by back-off.
 */
function over(state: Course, cause: Cause, soon: number | null, now: number, policy: Policy, ...effects: Effect[]): Step {
  const hint = cause.retryAfter
  const first = hint !== undefined ? hint * policy.random() : state.attempt ? null : soon
  const next = failed(state)
  switch (closePolicy(cause.code)) {
    case 'stop':
      return [{ at: 'closed', cause }, ...effects]
    case 'authenticate':
      if (policy.credential !== 'renewable') return [{ at: 'closed', cause }, ...effects]
      return wait(next, cause, state.attempt ? null : 0, now, policy, ...effects)
    case 'fault':
      if (next.attempt > MAX_FAULTS) return [{ at: 'closed', cause }, ...effects]
      return wait(next, cause, null, now, policy, ...effects)
    case 'later':
      // A hint is a time to wait: the jitter comes on top of it.
      if (hint !== undefined) return wait(next, cause, hint * (1 + policy.random() / 4), now, policy, ...effects)
      return wait({ ...next, attempt: Math.max(next.attempt, HIGH_STEP) }, cause, null, now, policy, ...effects)
    case 'now':
      return wait(next, cause, first ?? (state.attempt ? null : 0), now, policy, ...effects)
    case 'fresh':
      return wait(next, cause, first, now, policy, ...effects, ['forget'])
    case 'retry':
      return wait(next, cause, first, now, policy, ...effects)
  }
}

/** An attempt failed before the welcome: the next transport, or the next attempt. A server that gave its reason was reached: obey it. */
function fall(state: Course, unusable: number, cause: Cause, now: number, policy: Policy): Step {
  if (closePolicy(cause.code) !== 'retry') return over(state, cause, null, now, policy, ['drop'])
  const tier = state.tier + 1
  if (tier < policy.transports) return [opening({ ...state, tier }, unusable, now, policy), ['drop'], ['open', tier]]
  if (unusable >= policy.transports) return [{ at: 'closed', cause }, ['drop']]
  return wait({ ...failed(state), tier: 0, upAt: 0 }, cause, cause.retryAfter ?? null, now, policy, ['drop'])
}

/** Only a link that has lasted wipes the failures before it, so that a server that accepts and drops is not hammered. */
const judged = (state: Course, now: number, policy: Policy): Course =>
  now - state.openedAt >= policy.minUptime ? { ...courseOf(state), attempt: 0 } : courseOf(state)

/** The page is being put away: keep nothing open. Its return goes on, or a slow timer, should it never have left. */
const pause = (course: Course, now: number): Step => [
  { ...courseOf(course), at: 'offline', cause: lost('page frozen'), retryAt: now + OFFLINE_RETRY },
  ['drop'],
]

const probe = (state: Live, within: number, grants: number, haste: number, now: number): Step => [
  { ...liveOf(state), at: 'probing', pongBy: now + within, grants, haste },
  ['abandon'],
  ['ping'],
]

/** After a sign of life. Once on a lesser transport, stay there (no alternating) and look upward only now and then. */
function proven(state: Live, now: number, policy: Policy): State {
  const lookAt = policy.provable >= 0 && policy.provable < state.tier ? now + policy.reprobe : Infinity
  return { ...liveOf(state), at: 'open', pingAt: now + state.beat, lookAt, provedBy: Infinity }
}

function welcomed(state: Course, tier: number, pulse: Pulse, now: number, policy: Policy): State {
  const { beat, grace, spread } = pulse
  const upAt = tier > 0 ? now + policy.reprobe : 0
  return proven({ attempt: state.attempt, tier, upAt, openedAt: now, beat, grace, spread, leaveAt: Infinity }, now, policy)
}

/**
 * One step of the lifecycle. Total and deterministic: an event that means nothing in a state returns that very state and no effect.
 * Whoever calls it commits the state first, then runs the effects in order.
 */
export function transition(state: State, event: Event, now: number, policy: Policy): Step {
  const resting = state.at === 'idle' || state.at === 'closed'
  switch (event.type) {
    case 'close':
      return state.at === 'closed' ? [state] : [{ at: 'closed', cause: event.cause }, ['drop']]
    case 'disconnect':
      return resting ? [state] : [{ at: 'idle' }, ['drop']]
    case 'connect':
      if (resting) return begin(scratch, now, policy)
      return state.at === 'waiting' || state.at === 'offline' ? begin(state, now, policy) : [state]
    case 'reconnect':
      return begin(resting ? scratch : { ...state, attempt: 0 }, now, policy, ['drop'])
    case 'frozen':
      return resting ? [state] : pause(judged(state, now, policy), now)
    default:
  }
  switch (state.at) {
    case 'idle':
    case 'closed':
      // The user's intent stands: no wake-up and no late callback brings the connection back.
      return [state]
    case 'authorizing':
      return whileAuthorizing(state, event, now, policy)
    case 'opening':
    case 'joining':
    case 'moving':
      return whileAttempting(state, event, now, policy)
    case 'open':
      return whileOpen(state, event, now, policy)
    case 'probing':
      return whileProbing(state, event, now, policy)
    case 'waiting':
    case 'offline':
      return whileWaiting(state, event, now, policy)
  }
}

type In<Name extends State['at']> = Extract<State, { at: Name }>

function whileAuthorizing(state: In<'authorizing'>, event: Event, now: number, policy: Policy): Step {
  switch (event.type) {
    case 'authorized':
      return [opening(state, 0, now, policy), ['open', state.tier]]
    case 'refused':
      return [{ at: 'closed', cause: event.cause }]
    case 'unauthorized':
      return wait(failed(state), event.cause, null, now, policy)
    case 'due':
      return now < state.authBy ? [state] : wait(failed(state), lost('no credential in time'), null, now, policy)
    default:
      return [state]
  }
}

function whileAttempting(state: In<'opening' | 'joining' | 'moving'>, event: Event, now: number, policy: Policy): Step {
  const unusable = state.at === 'opening' ? state.unusable : 0
  const by = deadline(state)
  switch (event.type) {
    case 'opened':
      return state.at === 'opening' ? [{ ...courseOf(state), at: 'joining', joinBy: now + policy.join }] : [state]
    case 'welcomed':
      if (state.at === 'opening') return [state]
      return [welcomed(state, state.at === 'moving' ? policy.provable : state.tier, event, now, policy)]
    case 'unusable':
      return fall(state, unusable + 1, event.cause, now, policy)
    case 'dropped':
      // A move that fails goes back at once to the transport that worked.
      if (state.at === 'moving') return over({ ...state, upAt: now + policy.reprobe }, event.cause, 0, now, policy, ['drop'])
      return fall(state, unusable, event.cause, now, policy)
    case 'due':
      if (now < by) return [state]
      return whileAttempting(state, { type: 'dropped', cause: lost('no ' + (state.at === 'opening' ? 'link' : 'welcome') + ' in time') }, now, policy)
    case 'online':
      // The attempt may hang on a network that is gone; some browsers never say so (Mobile Safari).
      return begin(state, now, policy, ['drop'])
    case 'visible':
    case 'resumed': {
      const sooner = Math.min(by, now + WAKE_ATTEMPT)
      return [state.at === 'opening' ? { ...state, openBy: sooner } : { ...state, joinBy: sooner }]
    }
    default:
      return [state]
  }
}

/** A link that was open is gone. */
const lose = (state: Live, cause: Cause, haste: number, now: number, policy: Policy): Step =>
  over(judged(state, now, policy), cause, haste * policy.random(), now, policy, ['drop'])

const wake = (state: Live, now: number): Step => probe(state, Math.min(WAKE_GRACE, state.grace), 1, 0, now)

function whileOpen(state: In<'open'>, event: Event, now: number, policy: Policy): Step {
  switch (event.type) {
    case 'received':
      return [{ ...state, pingAt: now + state.beat }]
    case 'dropped':
      return lose(state, event.cause, state.spread, now, policy)
    case 'online':
    case 'visible':
    case 'resumed':
      return wake(state, now)
    case 'offline':
      // Suspect only: sockets survive a short loss. And no ping yet: it would sit in a retransmission queue when the network is back.
      return [{ ...state, pingAt: Math.min(state.pingAt, now + state.grace) }]
    case 'drain':
      return [{ ...state, leaveAt: now + event.within * policy.random() }]
    case 'proved':
      if (state.provedBy === Infinity) return [state]
      return [{ ...judged(state, now, policy), at: 'moving', joinBy: now + policy.join }, ['promote']]
    case 'disproved':
      return [{ ...state, provedBy: Infinity, lookAt: now + policy.reprobe }]
    case 'due':
      if (now >= state.leaveAt) return begin(judged(state, now, policy), now, policy, ['drop'])
      if (now >= state.pingAt) return now - state.pingAt > LATE ? wake(state, now) : probe(state, state.grace, 1, state.spread, now)
      if (now >= state.provedBy) return [{ ...state, provedBy: Infinity, lookAt: now + policy.reprobe }, ['abandon']]
      if (now < state.lookAt) return [state]
      return [{ ...state, lookAt: Infinity, provedBy: now + policy.open }, ['prove', policy.provable]]
    default:
      return [state]
  }
}

function whileProbing(state: In<'probing'>, event: Event, now: number, policy: Policy): Step {
  switch (event.type) {
    case 'received':
      // Any frame is life, not only the pong.
      return [proven(state, now, policy)]
    case 'dropped':
      return lose(state, event.cause, state.haste, now, policy)
    case 'online':
      return wake(state, now)
    case 'visible':
    case 'resumed':
      // Two wake-ups are one probe.
      return state.pongBy - now <= WAKE_GRACE ? [state] : wake(state, now)
    case 'drain':
      return [{ ...state, leaveAt: now + event.within * policy.random() }]
    case 'due':
      if (now < state.pongBy) return [state]
      if (now - state.pongBy > LATE && state.grants > 0) return probe(state, Math.min(WAKE_GRACE, state.grace), state.grants - 1, 0, now)
      return lose(state, lost('no answer to a ping'), state.haste, now, policy)
    default:
      return [state]
  }
}

function whileWaiting(state: In<'waiting' | 'offline'>, event: Event, now: number, policy: Policy): Step {
  switch (event.type) {
    case 'due':
      return now < state.retryAt ? [state] : begin(state, now, policy)
    case 'online':
    case 'visible':
    case 'resumed':
      // Our own back-off ends here; a rest the server has asked for does not.
      return closePolicy(state.cause.code) === 'later' ? [state] : begin(state, now, policy)
    case 'offline':
      return state.at === 'offline' ? [state] : [{ ...state, at: 'offline', retryAt: Math.max(state.retryAt, now + OFFLINE_RETRY) }]
    default:
      return [state]
  }
}
