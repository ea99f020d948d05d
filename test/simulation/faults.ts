/** Which faults there are, which of them this seed has and how often, and what the network does to each thing it carries. */
import type { Chance } from './chance.ts'
import type { Kind, Weather } from './network.ts'
import { parse } from './wire.ts'

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
  'unsent',
  'unanswered-post',
  'unanswered-poll',
  'truncated',
  'hostile-up',
  'hostile-down',
  'swallowed-up',
  'swallowed-down',
  // The server and its log
  'crash',
  'crash-before-handler',
  'crash-after-handler',
  'crash-after-append',
  'crash-in-authenticate',
  'redeploy',
  'drain',
  'pause',
  'disconnected',
  'taken-over',
  'untold',
  'told-twice',
  'trim',
  'roll-back',
  'expiry',
  // The page and its user
  'sleep',
  'late-timers',
  'clock-jump',
  'offline',
  'online',
  'frozen',
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

const UP_GARBAGE = [
  'not json',
  '[1]',
  '{}',
  '[["nope"]]',
  '[["send",-1,"up/x",1]]',
  '[["send",1.5,"up/x",1]]',
  '[["settled",99999999]]',
  '[["subscribe","a\\nb"]]',
  '[["ping","__proto__"]]',
  '[["hello",{"version":2,"session":null,"incarnation":9,"settled":0,"subscriptions":[]}]]',
  '['.repeat(80) + ']'.repeat(80),
]
const DOWN_GARBAGE = [
  'not json',
  '[1]',
  '[["nope"]]',
  '[["ack",-1,[]]]',
  '[["ack",99999999,[]]]',
  '[["event","t0",0,1]]',
  '[["subscribed","t0",["",0,0]]]',
  '[["volatile","zz",{"__proto__":{"polluted":1}}],["constructor"]]',
  '[["welcome",{"session":1}]]',
  '['.repeat(80) + ']'.repeat(80),
]
const EXCHANGES: { readonly [kind in Kind]: 'repeated-post' | 'repeated-hello' | 'repeated-poll' } = {
  post: 'repeated-post',
  poll: 'repeated-poll',
  stream: 'repeated-hello',
  socket: 'repeated-hello',
}
const CLOSE_CODES = [
  1000, 1001, 1002, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 3000, 4000, 4001, 4100, 4200, 4202, 4203, 4302, 4400,
  4999,
]

/** What a failed send says of the fault that was in its way. */
export const faultOfCode: { readonly [code: string]: Fault } = {
  aborted: 'abort',
  timeout: 'timeout',
  expired: 'expired',
  replaced: 'replaced',
  'outbox-full': 'full',
  'session-lost': 'once',
}

const isOnly = (packet: string, ...types: string[]): boolean => {
  const frames = parse<readonly [string]>(packet)
  return frames.length > 0 && frames.every(([type]) => types.includes(type))
}

function createWeather(chance: Chance, faults: Pick<Faults, 'hits'>, baseLatency: number): Weather {
  const { hits } = faults
  return {
    latency: () => (hits('delay') ? chance.int(chance.pick([500, 5000, 60_000])) : 1 + chance.int(baseLatency)),
    dial(kind) {
      if (hits('refused')) return 'refused'
      if (hits('hanging')) return 'hanging'
      if (kind !== 'socket') return 'through'
      if (hits('mute')) return 'mute'
      return hits('slammed') ? 'slammed' : 'through'
    },
    exchange(kind, body) {
      const repeated = body.startsWith('[["hello"') ? 'repeated-hello' : EXCHANGES[kind]
      if (hits(repeated)) return 'repeated'
      if (hits('unsent')) return 'unsent'
      if (kind !== 'stream' && hits(kind === 'post' ? 'unanswered-post' : 'unanswered-poll')) return 'unanswered'
      return hits('truncated') ? 'truncated' : 'through'
    },
    repeatsUpgrade: () => hits('repeated-hello'),
    transit(direction, packet) {
      if (direction === 'up') {
        if (isOnly(packet, 'send', 'void') && hits('swallowed-up')) return []
        return hits('hostile-up') ? [chance.pick(UP_GARBAGE), packet] : [packet]
      }
      if (isOnly(packet, 'event') && hits('swallowed-down')) return []
      return hits('hostile-down') ? [chance.pick(DOWN_GARBAGE), packet] : [packet]
    },
    closeCode: () => chance.pick(CLOSE_CODES),
    later: () => chance.int(chance.pick([50, 2000, 20_000])),
  }
}

/** Half of the faults are off in each seed: together, all of them would hide one another. */
export function createFaults(chance: Chance): Faults {
  const counts = new Map<Fault, number>()
  const rates = new Map<Fault, { readonly odds: number; readonly every: number }>()
  for (const fault of FAULTS) {
    const rate = { odds: chance.pick([0.01, 0.04, 0.15]), every: chance.pick([3000, 8000, 20_000]) }
    if (chance.hit(0.5)) rates.set(fault, rate)
  }
  let isCalm = false
  const count = (fault: Fault): void => void counts.set(fault, (counts.get(fault) ?? 0) + 1)
  function hits(fault: Fault): boolean {
    const rate = isCalm ? undefined : rates.get(fault)
    const hit = rate !== undefined && chance.hit(rate.odds)
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
    weather: createWeather(chance, { hits }, chance.pick([2, 20, 80])),
  }
}
