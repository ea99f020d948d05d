/** What the network of a run does to each thing it carries, as its faults have it. */
import type { Chance } from './chance.ts'
import type { Faults } from './faults.ts'
import type { Kind, Weather } from './network.ts'
import { parse } from './wire.ts'

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

const isOnly = (packet: string, ...types: string[]): boolean => {
  const frames = parse<readonly [string]>(packet)
  return frames.length > 0 && frames.every(([type]) => types.includes(type))
}

export function createWeather(chance: Chance, faults: Pick<Faults, 'hits'>, baseLatency: number): Weather {
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
      if (kind === 'stream' && hits('buffered')) return 'buffered'
      return hits('truncated') ? 'truncated' : 'through'
    },
    repeatsUpgrade: () => hits('repeated-hello'),
    repeatsAnswer: () => hits('repeated-answer'),
    bufferSize: () => chance.pick([500, 4096, 65_536]),
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
