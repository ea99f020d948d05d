/**
 * The lifecycle of the connection as data: its states, with the data and the deadlines that exist only in them, the events that move it,
 * the effects it asks for. PURE. `connection.ts` says what follows what.
 */
import type { Backoff } from './backoff.ts'
import type { Cause } from './transport.ts'
import type { Status } from './types.ts'

/** What every attempt and every link knows of those before it. */
export interface Course {
  /** Attempts that have failed since a link last proved itself. */
  readonly attempt: number
  /** How many of the last of them, in a row, ended with a protocol fault. */
  readonly faults: number
  /** Index into the transports, 0 being the preferred one: the one in use, or with which the next attempt begins. */
  readonly tier: number
  /** Instant from which a lesser `tier` is no reason any more not to begin with the preferred transport. */
  readonly upAt: number
  /** ms over which the server wants those spread that it has lost; 0 where the loss was local, or nothing was lost. */
  readonly spread: number
  /** When a link was last opened; -Infinity while there never was one. */
  readonly openedAt: number
}

/** What the server's welcome says of liveness, in ms. */
export interface Pulse {
  readonly beat: number
  readonly grace: number
  /** Spread of the first retry after a healthy link. */
  readonly spread: number
}

interface Live {
  readonly course: Course
  readonly pulse: Pulse
  /** The server is going away: move at this instant (PROTOCOL.md §9.3). */
  readonly leaveAt: number
  /** When to try a better transport beside it. */
  readonly lookAt: number
  /** By then a ping has to be answered, or another transport is tried; Infinity once one has been. */
  readonly heardBy: number
}

/** `by` is the deadline of the state, an instant: what it means is said at each. */
export type State =
  | { readonly at: 'idle' }
  | { readonly at: 'closed'; readonly cause: Cause | null }
  /** By then the credential has to be there. */
  | { readonly at: 'authorizing'; readonly by: number; readonly course: Course }
  /** By then the transport has to be open. `unusable` counts those of this attempt that this environment cannot open at all. */
  | { readonly at: 'opening'; readonly by: number; readonly course: Course; readonly unusable: number }
  /** By then the welcome has to be there. */
  | { readonly at: 'joining'; readonly by: number; readonly course: Course }
  /** A better transport takes the session over, and has to be welcomed by then; `tier` is still the old one, to go back to. */
  | { readonly at: 'moving'; readonly by: number; readonly course: Course }
  /** Silent until then, it is pinged. `provedBy`: deadline of a try of a better transport, or Infinity. */
  | ({ readonly at: 'open'; readonly by: number; readonly provedBy: number } & Live)
  /**
   * A ping has gone out, and something has to come by then. So many more times (`grants`) does a timer that fired late (sleep,
   * throttling) only mean: ask again. If the link is dead, the first retry comes within `haste`.
   */
  | ({ readonly at: 'probing'; readonly by: number; readonly grants: number; readonly haste: number } & Live)
  /** The next attempt begins then. */
  | { readonly at: 'waiting'; readonly by: number; readonly course: Course; readonly cause: Cause }
  /** No network in sight: a slow retry begins then, for an `online` event may never come. */
  | { readonly at: 'offline'; readonly by: number; readonly course: Course; readonly cause: Cause }

/**
 * What the environment tells; hints only, none of them decides anything alone. `online`, `offline`: what the platform believes.
 * `visible`, `hidden`: the page, where getting the focus counts as visible. `frozen`, `resumed`: the page stops running and goes on, in
 * the back/forward cache, too. The same one may come several times in a row.
 */
export type Signal = 'online' | 'offline' | 'visible' | 'hidden' | 'frozen' | 'resumed'

export type Event =
  | { readonly type: 'connect' | 'disconnect' | 'reconnect' | 'authorized' | 'opened' | 'received' | 'due' }
  | { readonly type: 'refused' | 'unauthorized' | 'unusable' | 'dropped'; readonly cause: Cause }
  | { readonly type: 'close'; readonly cause: Cause | null }
  | { readonly type: 'welcomed'; readonly pulse: Pulse }
  | { readonly type: 'drain'; readonly within: number }
  /** A ping has been answered: what goes up gets through. */
  | { readonly type: 'answered' }
  /** The quiet try of a better transport has answered, or is over. */
  | { readonly type: 'proved' | 'disproved' }
  | { readonly type: Signal }

export type Effect =
  | readonly ['authorize']
  | readonly ['open', tier: number]
  /** Let go of the link, and of a quiet try beside it. */
  | readonly ['drop']
  | readonly ['ping']
  /** Give up the session: the next hello asks for a new one. */
  | readonly ['forget']
  /** Try a better transport beside the link, without touching the session. */
  | readonly ['prove', tier: number]
  | readonly ['abandon']
  /** Make the proved transport the link, and say hello on it. */
  | readonly ['promote']

export type Step = readonly [State, ...Effect[]]

export interface Policy {
  readonly transports: number
  /** Index of the best transport that can be tried quietly, or -1. */
  readonly provable: number
  /** A `renewable` credential comes from a function that can be asked again. */
  readonly credential: 'none' | 'fixed' | 'renewable'
  readonly authorize: number
  readonly open: number
  readonly join: number
  readonly minUptime: number
  readonly maxAttempts: number
  readonly reprobe: number
  readonly backoff: Backoff
  readonly random: () => number
  /** The platform's hint that there is a network. Never trusted to forbid the first dial, nor a slow retry. */
  readonly online: () => boolean
}

export const initial: State = { at: 'idle' }

/** The earliest instant at which the state wants a `due` event. */
export function deadline(state: State): number {
  if (!('by' in state)) return Infinity
  return state.at === 'open' ? Math.min(state.by, state.leaveAt, state.lookAt, state.provedBy, state.heardBy) : state.by
}

/** The public status. */
export function statusOf(state: State): Status {
  switch (state.at) {
    case 'idle':
    case 'offline':
    case 'closed':
    case 'open':
      return state.at
    case 'probing':
    case 'moving':
      return 'open'
    case 'authorizing':
    case 'opening':
    case 'joining':
    case 'waiting':
      return state.course.openedAt < 0 ? 'connecting' : 'reconnecting'
  }
}
