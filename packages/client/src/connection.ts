/**
 * The lifecycle of the connection as one pure function: `transition(state, event, now, policy)`. PURE: imports PURE files and the
 * protocol only. Leaving a state drops its deadline with it, so there is nothing to clear.
 */
import {
  OFFLINE_RETRY,
  begin,
  failed,
  fall,
  lost,
  opening,
  over,
  policyOf,
  scratch,
  wait,
  type Turn,
} from './attempts.ts'
import type { Course, Event, Policy, State, Step } from './state.ts'

/** Answer expected within this after a wake-up or `online`, so that a dead link is replaced within 3 s. */
const WAKE_GRACE = 2500
/** A deadline seen later than this was slept through. */
const LATE = 1000
/** What arrives so soon after a wake-up may have lain in a buffer since before the sleep: an answer shows life, it does not. */
const STALE = 250
/** Limit of an attempt that a wake-up finds under way: it may have died in the sleep without a word. */
const WAKE_ATTEMPT = 5000
type In<Name extends State['at']> = Extract<State, { at: Name }>
type Living = In<'open' | 'probing'>

/** Only a link that has lasted wipes the failures before it, so that a server that accepts and drops is not hammered. */
const judged = (turn: Turn, course: Course): Course =>
  turn.now - course.openedAt < turn.minUptime ? course : { ...course, attempt: 0, faults: 0 }

function probe({ now, join }: Turn, state: Living, within: number, grants: number, haste: number): Step {
  const { course, pulse, leaveAt, lookAt } = state
  const live = { course, pulse, leaveAt, lookAt, heardBy: Math.max(state.heardBy, now + join) }
  return [{ at: 'probing', by: now + within, grants, haste, ...live }, ['abandon'], ['ping']]
}

const wake = (turn: Turn, state: Living, grants = 1): Step =>
  probe(turn, state, Math.min(WAKE_GRACE, state.pulse.grace), grants, 0)

/**
 * One step of the lifecycle. Total and deterministic: an event that means nothing in a state returns that very state and no effect.
 * Whoever calls it commits the state first, then runs the effects in order.
 */
export function transition(state: State, event: Event, now: number, policy: Policy): Step {
  const turn: Turn = { ...policy, now }
  const course = 'course' in state ? state.course : null
  switch (event.type) {
    case 'close':
      return state.at === 'closed' ? [state] : [{ at: 'closed', cause: event.cause }, ['drop']]
    case 'disconnect':
      return course ? [{ at: 'idle' }, ['drop']] : [state]
    case 'connect':
      if (course && state.at !== 'waiting' && state.at !== 'offline') return [state]
      return begin(turn, course ?? scratch)
    case 'reconnect':
      return begin(turn, course ? { ...course, attempt: 0, spread: 0 } : scratch, ['drop'])
    case 'frozen':
      // The page is being put away: keep nothing open. Its return goes on, or a slow timer, should it never have left.
      if (!course || 'cause' in state) return [state]
      return [
        {
          at: 'offline',
          by: now + OFFLINE_RETRY,
          course: 'pulse' in state ? judged(turn, course) : course,
          cause: lost('page frozen'),
        },
        ['drop'],
      ]
    default:
  }
  switch (state.at) {
    case 'idle':
    case 'closed':
      // The user's intent stands: no wake-up and no late callback brings the connection back.
      return [state]
    case 'authorizing':
      return whileAuthorizing(turn, state, event)
    case 'opening':
    case 'joining':
    case 'moving':
      return whileAttempting(turn, state, event)
    case 'open':
    case 'probing':
      return whileLive(turn, state, event)
    case 'waiting':
    case 'offline':
      return whileWaiting(turn, state, event)
  }
}

function whileAuthorizing(turn: Turn, state: In<'authorizing'>, event: Event): Step {
  const { course } = state
  switch (event.type) {
    case 'authorized':
      return opening(turn, course, 0)
    case 'refused':
      return [{ at: 'closed', cause: event.cause }]
    case 'unauthorized':
      return wait(turn, failed(course), event.cause, null)
    case 'due':
      return turn.now < state.by ? [state] : wait(turn, failed(course), lost('no credential in time'), null)
    default:
      return [state]
  }
}

function whileAttempting(turn: Turn, state: In<'opening' | 'joining' | 'moving'>, event: Event): Step {
  const { at, by, course } = state
  const { now } = turn
  const unusable = at === 'opening' ? state.unusable : 0
  switch (event.type) {
    case 'opened':
      return at === 'opening' ? [{ at: 'joining', by: now + turn.join, course }] : [state]
    case 'welcomed': {
      if (at === 'opening') return [state]
      const tier = at === 'moving' ? turn.provable : course.tier
      const { pulse } = event
      const upAt = tier ? now + turn.reprobe : 0
      // Once on a lesser transport, stay there (no alternating) and look upward only now and then.
      const lookAt = turn.provable >= 0 && turn.provable < tier ? upAt : Infinity
      const next = { ...course, tier, upAt, openedAt: now }
      // A hello that rode in an upgrade proves the way down only: some middleboxes swallow what goes up. A transport tried quietly has
      // answered, HTTP shows it by itself, and where nothing else is left to try there is no sense in asking.
      const isDoubtful = at !== 'moving' && tier === turn.provable && tier + 1 < turn.transports
      const live = { course: next, pulse, leaveAt: Infinity, lookAt, heardBy: isDoubtful ? now + turn.join : Infinity }
      const open: State = { at: 'open', by: now + pulse.beat, provedBy: Infinity, ...live }
      return isDoubtful ? [open, ['ping']] : [open]
    }
    case 'unusable':
      return fall(turn, course, unusable + 1, event.cause)
    case 'dropped':
      // A move that fails goes back at once to the transport that worked.
      if (at === 'moving') return over(turn, { ...course, upAt: now + turn.reprobe }, event.cause, 0)
      return fall(turn, course, unusable, event.cause)
    case 'due':
      if (now < by) return [state]
      return whileAttempting(turn, state, {
        type: 'dropped',
        cause: lost(at === 'opening' ? 'not open in time' : 'no welcome in time'),
      })
    case 'online':
      // The attempt may hang on a network that is gone; some browsers never say so (Mobile Safari).
      return begin(turn, course, ['drop'])
    case 'visible':
    case 'resumed':
      return [{ ...state, by: Math.min(by, now + WAKE_ATTEMPT) }]
    default:
      return [state]
  }
}

function whileLive(turn: Turn, state: Living, event: Event): Step {
  const { now, random } = turn
  const { course, pulse, leaveAt, lookAt, heardBy } = state
  const isOpen = state.at === 'open'
  const alive = (heardBy: number): Step => [
    {
      at: 'open',
      by: now + pulse.beat,
      course,
      pulse,
      leaveAt,
      lookAt,
      heardBy,
      provedBy: isOpen ? state.provedBy : Infinity,
    },
  ]
  switch (event.type) {
    case 'received':
      // Any frame is life, not only a pong. (A shorter grace than that of a wake-up finds a dead link soon enough by itself.)
      if (isOpen) return now - state.by > LATE ? wake(turn, state) : alive(heardBy)
      return state.haste || state.by - now <= WAKE_GRACE - STALE ? alive(heardBy) : [state]
    case 'answered':
      return alive(Infinity)
    case 'dropped': {
      const spread = isOpen ? pulse.spread : state.haste
      return over(turn, { ...judged(turn, course), spread }, event.cause, random() * spread)
    }
    case 'drain':
      return [{ ...state, leaveAt: Math.min(leaveAt, now + event.within * random()) }]
    case 'online':
      return wake(turn, state)
    case 'visible':
    case 'resumed':
      // Two wake-ups are one probe.
      return isOpen || state.by - now > WAKE_GRACE ? wake(turn, state) : [state]
    default:
      return isOpen ? whileOpen(turn, state, event) : whileProbing(turn, state, event)
  }
}

function whileOpen(turn: Turn, state: In<'open'>, event: Event): Step {
  const { now } = turn
  const { by, course, pulse, provedBy } = state
  const quiet = { ...state, provedBy: Infinity }
  switch (event.type) {
    case 'offline':
      // Suspect only: sockets survive a short loss. And no ping yet: it would sit in a retransmission queue when the network is back.
      return [{ ...state, by: Math.min(by, now + pulse.grace) }]
    case 'proved':
      if (provedBy === Infinity) return [state]
      return [{ at: 'moving', by: now + turn.join, course: judged(turn, course) }, ['promote']]
    case 'disproved':
      return [quiet]
    case 'due':
      if (now >= state.leaveAt) return begin(turn, judged(turn, course), ['drop'])
      if (now - Math.min(by, state.heardBy) > LATE) return wake(turn, state)
      if (now >= state.heardBy) return fall(turn, course, 0, lost('nothing gets through upward'))
      if (now >= by) return probe(turn, state, pulse.grace, 1, pulse.spread)
      if (now >= provedBy) return [quiet, ['abandon']]
      if (now < state.lookAt) return [state]
      return [{ ...state, lookAt: now + turn.open + turn.reprobe, provedBy: now + turn.open }, ['prove', turn.provable]]
    default:
      return [state]
  }
}

function whileProbing(turn: Turn, state: In<'probing'>, event: Event): Step {
  const late = turn.now - state.by
  if (event.type !== 'due' || late < 0) return [state]
  if (late > LATE && state.grants) return wake(turn, state, state.grants - 1)
  return whileLive(turn, state, { type: 'dropped', cause: lost('no answer to a ping') })
}

function whileWaiting(turn: Turn, state: In<'waiting' | 'offline'>, event: Event): Step {
  const { by, course, cause } = state
  switch (event.type) {
    case 'due':
      return turn.now < by ? [state] : begin(turn, course)
    case 'online':
    case 'visible':
    case 'resumed':
      // Our own back-off ends here; a rest the server has asked for does not.
      return policyOf(cause) === 'later' ? [state] : begin(turn, { ...course, spread: 0 })
    case 'offline':
      // Once: a hint that repeats itself must not put the retry off for ever.
      if (state.at === 'offline') return [state]
      return [{ at: 'offline', by: Math.max(by, turn.now + OFFLINE_RETRY), course, cause }]
    default:
      return [state]
  }
}
