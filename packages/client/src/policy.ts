/** What the settings and the server's welcome mean for the lifecycle. PURE. */
import type { Welcome } from '@holdfast/protocol'
import type { Policy, Pulse } from './state.ts'
import type { Settings } from './options.ts'

/** Longest time that a peer may make us wait, ms (PROTOCOL.md §4.3). */
export const MAX_HINT = 600_000

export function createPolicy(settings: Settings): Policy {
  const { transports, timeouts, auth } = settings
  return {
    ...settings,
    ...timeouts,
    transports: transports.length,
    provable: transports.findIndex((transport) => transport.provable),
    credential: auth === undefined ? 'none' : typeof auth === 'function' ? 'renewable' : 'fixed',
  }
}

const clamp = (value: number, low: number): number => Math.min(Math.max(value, low), MAX_HINT)

/** Numbers of a peer, made harmless (PROTOCOL.md §4.3). `own` overrides what the server announces. */
export const clampPulse = (welcome: Welcome, own: Settings['heartbeat']): Pulse => ({
  beat: own.interval ?? clamp(welcome.beat, 100),
  grace: own.grace ?? clamp(welcome.grace, 100),
  spread: clamp(welcome.retrySpread, 0),
})
