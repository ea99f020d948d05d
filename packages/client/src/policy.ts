/** What the settings and the server's welcome mean for the lifecycle. PURE. */
import type { Welcome } from '@holdfast/protocol'
import { fullJitter, type Backoff } from './backoff.ts'
import { HoldfastError } from './errors.ts'
import type { Policy, Pulse } from './state.ts'
import type { Settings } from './options.ts'

/** Longest time that a peer may make us wait, ms (PROTOCOL.md §4.3). */
export const MAX_HINT = 600_000

export function createPolicy(settings: Settings): Policy {
  const { dialect, transports, timeouts, auth, logger } = settings
  /** The user's function, held to its word: a delay from nowhere would stop the client in its tracks. */
  const backoff: Backoff = (retry, random) => {
    let why: unknown
    try {
      const delay = settings.backoff(retry, random)
      if (delay === null || delay >= 0) return delay
      why = delay
    } catch (error) {
      why = error
    }
    logger.error(new HoldfastError('bad-option', 'backoff: must return ms from 0 up, or null to stop.', { cause: why }))
    return fullJitter()(retry, random)
  }
  return {
    ...settings,
    ...timeouts,
    backoff,
    transports: transports.length,
    provable: dialect.provable ? transports.findIndex((transport) => transport.provable) : -1,
    credential: auth === undefined ? 'none' : typeof auth === 'function' ? 'renewable' : 'fixed',
  }
}

const clamp = (value: number, low: number): number => Math.min(Math.max(value, low), MAX_HINT)

/** Numbers of a peer, made harmless (PROTOCOL.md §4.3). `own` overrides what the server announces. */
export const clampPulse = (
  welcome: Pick<Welcome, 'beat' | 'grace' | 'retrySpread'>,
  own: Settings['heartbeat'],
): Pulse => ({
  beat: own.interval ?? clamp(welcome.beat, 100),
  grace: own.grace ?? clamp(welcome.grace, 100),
  spread: clamp(welcome.retrySpread, 0),
})
