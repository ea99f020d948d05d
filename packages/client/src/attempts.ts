/**
 * How attempts begin, end, and follow each other: the next transport, a pause, or the end. PURE. `connection.ts` says upon which event.
 */
import { closePolicy, type ClosePolicy } from '@holdfast/protocol'
import type { Course, Effect, Policy, Step } from './state.ts'
import type { Cause } from './transport.ts'

/** Retry without a network in sight: an `online` event may never come. */
export const OFFLINE_RETRY: number = 15_000
/** Malformed packets in a row after which there is no sense in going on (PROTOCOL.md §9.1). */
const MAX_FAULTS = 3
/** A server in need of rest that names no time gets the back-off of this retry, or a later one. */
const HIGH_STEP = 4

/** The policy, and the instant of this step. */
export interface Turn extends Policy {
  readonly now: number
}
/** Nothing has been tried yet. */
export const scratch: Course = { attempt: 0, faults: 0, tier: 0, upAt: 0, spread: 0, openedAt: -Infinity }
/** A loss that no other side has given a code for. */
export const lost = (reason: string): Cause => ({ code: 1006, reason })
/** One more failed attempt, and not for a malformed packet. */
export const failed = (course: Course): Course => ({ ...course, attempt: course.attempt + 1, faults: 0 })

/** What follows a loss for this cause. */
export const policyOf = ({ policy, code }: Cause): ClosePolicy => policy ?? closePolicy(code)

/** Begins an attempt; a transport found bad is begun with again once `upAt` has passed. */
export function begin(turn: Turn, course: Course, ...effects: Effect[]): Step {
  const next = turn.now < course.upAt ? course : { ...course, tier: 0 }
  return turn.credential === 'none'
    ? opening(turn, next, 0, effects)
    : [{ at: 'authorizing', by: turn.now + turn.authorize, course: next }, ...effects, ['authorize']]
}

/**
 * The limit grows with the attempts: browsers delay repeated dials by themselves (Chromium's websocket throttler, Firefox's
 * FailDelayManager), and a limit below that delay would never let one through.
 */
export const opening = (turn: Turn, course: Course, unusable: number, effects: Effect[] = []): Step => [
  { at: 'opening', by: turn.now + turn.open * Math.min(course.attempt + 1, 3), course, unusable },
  ...effects,
  ['open', course.tier],
]

/** Waits `delay` ms (null: by back-off) before the next attempt, or gives up. */
export function wait(turn: Turn, course: Course, cause: Cause, delay: number | null, ...effects: Effect[]): Step {
  let after = delay
  if (after === null) {
    after = turn.backoff(Math.max(course.attempt - 1, 0), turn.random)
    // Whom a large server has lost keeps to its spread also with retries that fail: else all that come in a second of it would come again in the next.
    if (after !== null) after = Math.max(after, course.spread * (0.5 + turn.random()))
  }
  if (after === null || course.attempt > turn.maxAttempts) return [{ at: 'closed', cause }, ...effects]
  const isOnline = turn.online()
  const by = turn.now + (isOnline ? after : Math.max(after, OFFLINE_RETRY))
  return [{ at: isOnline ? 'waiting' : 'offline', by, course, cause }, ...effects]
}

/**
 * The link or the attempt is over, for a cause whose code carries the policy (PROTOCOL.md §9.1). `soon` is the delay before the first
 * retry after a healthy link; null: by back-off.
 */
export function over(turn: Turn, course: Course, cause: Cause, soon: number | null): Step {
  const { credential, random } = turn
  const { retryAfter } = cause
  const policy = policyOf(cause)
  const isLater = policy === 'later'
  const attempt = course.attempt + 1
  const faults = policy === 'fault' ? course.faults + 1 : 0
  const isHopeless =
    policy === 'stop' || (policy === 'authenticate' && credential !== 'renewable') || faults > MAX_FAULTS
  if (isHopeless) return [{ at: 'closed', cause }, ['drop']]
  let delay: number | null = null
  // A hint is the end of a spread, or, where it is a time to rest, the time itself, and the jitter comes on top of it.
  if (retryAfter !== undefined) delay = isLater ? retryAfter * (1 + random() / 4) : retryAfter * random()
  else if (isLater) delay = turn.backoff(Math.max(course.attempt, HIGH_STEP), random)
  else if (attempt < 2 && !faults) delay = policy === 'now' || policy === 'authenticate' ? 0 : soon
  return wait(
    turn,
    { ...course, attempt, faults },
    cause,
    delay,
    ['drop'],
    ...(policy === 'fresh' ? [['forget'] as const] : []),
  )
}

/** An attempt failed before the welcome: the next transport, or the next attempt. A server that gave its reason was reached: obey it. */
export function fall(turn: Turn, course: Course, unusable: number, cause: Cause): Step {
  if (policyOf(cause) !== 'retry') return over(turn, course, cause, null)
  const tier = course.tier + 1
  if (tier < turn.transports) return opening(turn, { ...course, tier }, unusable, [['drop']])
  if (unusable >= turn.transports) return [{ at: 'closed', cause }, ['drop']]
  return wait(turn, { ...failed(course), tier: 0, upAt: 0 }, cause, cause.retryAfter ?? null, ['drop'])
}
