/** Which faults there are, which of them this seed has, and how often. */
import type { Chance } from './chance.ts'
import type { Weather } from './network.ts'
import type { Cast } from './plan.ts'
import { createWeather } from './weather.ts'

/** Each is counted where it takes effect: one that hardly ever does proves nothing. */
export const FAULTS = [
  // Connections
  'cut',
  'reset',
  'half-open-up',
  'half-open-down',
  'half-open',
  'hold',
  'slow-reader',
  'stall',
  'delay',
  'refused',
  'hanging',
  'mute',
  'slammed',
  'repeated-post',
  'repeated-hello',
  'repeated-poll',
  'repeated-answer',
  'unsent',
  'unanswered-post',
  'unanswered-poll',
  'truncated',
  'buffered',
  'hostile-up',
  'hostile-down',
  'swallowed-up',
  'swallowed-down',
  // The server and its log
  'crash',
  'crash-before-handler',
  'crash-after-handler',
  'crash-before-ack',
  'crash-after-ack',
  'crash-after-append',
  'crash-in-authenticate',
  'crash-in-log',
  'redeploy',
  'drain',
  'pause',
  'server-clock',
  'disconnected',
  'taken-over',
  'untold',
  'told-twice',
  'trim',
  'roll-back',
  // What several processes share
  'store-slow',
  'store-fails-before',
  'store-fails-after',
  'store-untold',
  'store-restored',
  'expiry',
  // The page and its user
  'reload',
  'sleep',
  'late-timers',
  'clock-jump',
  'slow-clock',
  'offline',
  'online',
  'frozen',
  'back-forward-cache',
  'visibility',
  'auth-fails',
  'another-user',

  'disconnect',
  'reconnect',
  'rash-reconnect',
  'reauthenticate',
  'abort',
  'timeout',
  'expired',
  'once',
  'replaced',
  'full',
] as const
export type Fault = (typeof FAULTS)[number]

/** These are a trait of the whole run. */
const TRAITS: readonly Fault[] = ['expiry', 'abort', 'timeout', 'expired', 'once', 'replaced', 'full']

/** Few runs have an occasion for them. */
const RARE: readonly Fault[] = ['repeated-answer', 'repeated-poll', 'swallowed-up']

export interface Faults {
  readonly counts: ReadonlyMap<Fault, number>
  /** Mean ms between two of a fault that comes by time; Infinity where this seed does not have it. */
  every(fault: Fault): number
  has(fault: Fault): boolean
  /** Draws whether it happens here; counts it if so. */
  hits(fault: Fault): boolean
  count(fault: Fault): void
  /** No more faults. */
  calm(): void
  readonly isCalm: boolean
  readonly weather: Weather
}

/** What a failed send says of the fault that was in its way. */
export const faultOfCode: { readonly [code: string]: Fault } = {
  aborted: 'abort',
  timeout: 'timeout',
  expired: 'expired',
  replaced: 'replaced',
  'outbox-full': 'full',
  'session-lost': 'once',
}

interface Rate {
  readonly odds: number
  /** ms */
  readonly every: number
  /** Of this fault alone: how often one hits changes nothing of the others. */
  readonly chance: Chance
}

/** Half of the faults are off in each seed: together, all of them would hide one another. */
export function createFaults(chance: Chance, cast: Cast): Faults {
  const counts = new Map<Fault, number>()
  const rates = new Map<Fault, Rate>()
  for (const fault of FAULTS) {
    const own = chance.fork(fault)
    const odds = own.pick([0.01, 0.04, 0.15]) * (RARE.includes(fault) ? 4 : 1)
    const rate = { odds, every: own.pick([3000, 8000, 20_000]), chance: own }
    if (own.hit(0.5) && (!TRAITS.includes(fault) || cast.takes(fault))) rates.set(fault, rate)
  }
  let isCalm = false
  const count = (fault: Fault): void => void counts.set(fault, (counts.get(fault) ?? 0) + 1)
  function hits(fault: Fault): boolean {
    const rate = isCalm ? undefined : rates.get(fault)
    const hit = rate !== undefined && rate.chance.hit(rate.odds) && cast.takes(fault)
    if (hit) count(fault)
    return hit
  }
  return {
    counts,
    every: (fault) => rates.get(fault)?.every ?? Infinity,
    has: (fault) => rates.has(fault),
    hits,
    count,
    calm() {
      isCalm = true
    },
    get isCalm() {
      return isCalm
    },
    weather: createWeather(chance.fork('weather'), { hits }, chance.pick([2, 20, 80])),
  }
}
