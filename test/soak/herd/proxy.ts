/** The process of the fault proxy: one fault by chance each second. Each is over after a while. */
import { faultProxy, seeded, type FaultProxy } from '@holdfast/testing'
import { classify } from '../../support/world.ts'
import { obey } from './child.ts'

const EVERY = 1_000

/** Returns the name of what it did. */
function strike(proxy: FaultProxy, random: () => number): string {
  const some = proxy.connections
  const one = some[Math.floor(random() * some.length)]?.id ?? 0
  const forAWhile = (undo: () => void, most: number): void => void setTimeout(undo, 500 + random() * most)
  const faults: { [name: string]: () => void } = {
    'cut, reset': () => void proxy.cut({ connection: one, how: 'reset' }),
    'cut, end': () => void proxy.cut({ connection: one, how: 'end' }),
    'cut, unknown to the server': () => void proxy.cut({ connection: one, side: 'client' }),
    'cut, unknown to the client': () => void proxy.cut({ connection: one, side: 'target' }),
    'black hole': () => forAWhile(proxy.rule({ fault: 'black-hole', connection: one }), 40_000),
    'black hole upward': () => forAWhile(proxy.rule({ fault: 'black-hole', connection: one, direction: 'up' }), 40_000),
    hold: () => forAWhile(proxy.rule({ fault: 'hold', connection: one }), 10_000),
    'new connections refused': () => forAWhile(proxy.rule({ fault: 'refuse' }), 2_000),
    'upgrades refused': () => forAWhile(proxy.rule({ fault: 'fail', kind: 'webSocket', status: 503 }), 3_000),
    'mute upgrades': () => forAWhile(proxy.rule({ fault: 'mute', connections: 'new' }), 3_000),
    'lost POSTs': () => void proxy.rule({ fault: 'fail', kind: 'post', times: 5 }),
    'lost answers to POSTs': () => void proxy.rule({ fault: 'fail', kind: 'post', lost: 'response', times: 5 }),
    'lost polls': () => void proxy.rule({ fault: 'fail', kind: 'poll', times: 5 }),
    'lost answers to polls': () => void proxy.rule({ fault: 'fail', kind: 'poll', lost: 'response', times: 5 }),
    'answers break off': () => void proxy.rule({ fault: 'truncate', kind: ['poll', 'post'], at: 'half', times: 5 }),
    'repeated POSTs': () => void proxy.rule({ fault: 'duplicate', kind: 'post', after: 300, times: 5 }),
    'late answers': () => void proxy.rule({ fault: 'stall', kind: ['poll', 'post'], ms: 3_000, times: 5 }),
    'a slow connection': () => forAWhile(proxy.rule({ fault: 'delay', connection: one, latency: 400 }), 20_000),
    'a wave of cuts': () => {
      for (const { id } of some) if (random() < 0.02) proxy.cut({ connection: id, how: 'reset' })
    },
  }
  const names = Object.keys(faults)
  const name = names[Math.floor(random() * names.length)]!
  faults[name]!()
  return name
}

let proxy: FaultProxy
let timer: NodeJS.Timeout
const struck: { [name: string]: number } = {}

obey({
  async open(target: number) {
    proxy = await faultProxy({ target, classify, keptEvents: 100 })
    return proxy.url
  },
  begin(seed: number) {
    const random = seeded(seed)
    timer = setInterval(() => {
      const name = strike(proxy, random)
      struck[name] = (struck[name] ?? 0) + 1
    }, EVERY)
  },
  /** Returns how often each fault struck. */
  calm() {
    clearInterval(timer)
    proxy.calm()
    return struck
  },
  close: () => proxy.close(),
})
