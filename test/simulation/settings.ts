/** What a seed draws of options: transports, limits, windows. */
import type { ClientOptions } from '@holdfast/client'
import type { ServerOptions } from '@holdfast/server'
import type { Chance } from './chance.ts'
import type { Faults } from './faults.ts'
import type { Facts } from './ledger.ts'
import type { VisitorOptions } from './visitor.ts'

export const TRANSPORTS: readonly VisitorOptions['transports'][] = [
  ['webSocket', 'eventSource', 'longPolling'],
  ['sloppy', 'eventSource', 'longPolling'],
  ['webSocket', 'longPolling'],
  ['webSocket'],
  ['sloppy'],
  ['eventSource'],
  ['longPolling'],
  ['eventSource', 'longPolling'],
]
export function serverSettings(
  chance: Chance,
): ServerOptions & { resumeWindow: number; tombstoneWindow: number; intake: Facts['intake'] } {
  return {
    intake: chance.pick(['at-least-once', 'at-least-once', 'at-most-once']),
    resumeWindow: chance.pick([8000, 30_000, 120_000]),
    tombstoneWindow: chance.pick([1000, 30_000, 600_000]),
    beat: chance.pick([2000, 15_000]),
    grace: chance.pick([1000, 5000]),
    silence: chance.pick([5000, 60_000]),
    slowTimeout: chance.pick([3000, 30_000]),
    limits: {
      packet: chance.pick([1024, 65_536]),
      message: 65_536,
      inFlight: chance.pick([3, 16, 1024]),
      inFlightBytes: chance.pick([2000, 4_000_000]),
      replayEvents: chance.pick([2, 16, 256]),
      replayBytes: chance.pick([600, 4096, 262_144]),
      buffered: chance.pick([3000, 4_000_000]),
    },
  }
}
export function clientOptions(chance: Chance, faults: Faults): Partial<ClientOptions> {
  return {
    reprobe: chance.pick([5000, 30_000]),
    outbox: {
      maxMessages: faults.has('full') ? chance.pick([3, 12]) : 10_000,
      overflow: chance.pick(['reject', 'drop-oldest', 'wait']),
    },
    // Only whether there is one counts here.
    auth: faults.has('expiry') || chance.hit(0.3) ? 'some' : undefined,
  }
}
