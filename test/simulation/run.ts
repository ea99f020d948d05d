/** One run: a seed, its world, its faults; then calm, in which everything has to come right; then the end, which has to leave nothing. */
import type { ClientOptions } from '@holdfast/client'
import type { ServerOptions } from '@holdfast/server'
import { createChance, type Chance } from './chance.ts'
import { createFaults, faultOfCode, type Fault, type Faults } from './faults.ts'
import { createHost, resetProcesses, type CrashPoint, type Host } from './host.ts'
import { createLedger, type Facts, type Ledger } from './ledger.ts'
import { publishLast, startLoad } from './load.ts'
import { startMischief } from './mischief.ts'
import { createNetwork } from './network.ts'
import type { Sim } from './sim.ts'
import { createTruth } from './truth.ts'
import { createVirtualLog } from './virtual-log.ts'
import { createVisitor, type Visitor, type VisitorOptions } from './visitor.ts'
import { settle } from './verdict.ts'
import { createWire } from './wire.ts'
import { createWorld } from './world.ts'

export interface Outcome {
  readonly seed: number
  /** What promise was broken first, or null. */
  readonly failure: string | null
  readonly hash: string
  /** The last lines of the trace. */
  readonly lines: readonly string[]
  readonly faults: ReadonlyMap<Fault, number>
}

const TRANSPORTS: readonly VisitorOptions['transports'][] = [
  ['webSocket', 'eventSource', 'longPolling'],
  ['sloppy', 'eventSource', 'longPolling'],
  ['webSocket', 'longPolling'],
  ['webSocket'],
  ['sloppy'],
  ['eventSource'],
  ['longPolling'],
  ['eventSource', 'longPolling'],
]
const CRASHES: { readonly [point in CrashPoint]: Fault } = {
  'before-handler': 'crash-before-handler',
  'after-handler': 'crash-after-handler',
  append: 'crash-after-append',
  authenticate: 'crash-in-authenticate',
}

function serverSettings(
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
function clientOptions(chance: Chance, faults: Faults): Partial<ClientOptions> {
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

/** Calls `body` with chance and platform of this run in place of the global ones, which the HTTP transports and the client look up. */
async function isolated<T>(chance: Chance, platform: { online: boolean }, body: () => Promise<T>): Promise<T> {
  const { random } = Math
  const { stackTraceLimit } = Error
  // Hundreds of expected errors a run: their stacks would cost more than anything else. A seed of its own is run with them.
  Error.stackTraceLimit = process.env.SEED ? stackTraceLimit : 0
  const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  Math.random = chance.float
  Object.defineProperty(globalThis, 'navigator', { configurable: true, get: () => ({ onLine: platform.online }) })
  try {
    return await body()
  } finally {
    Math.random = random
    Error.stackTraceLimit = stackTraceLimit
    if (navigator) Object.defineProperty(globalThis, 'navigator', navigator)
    else Reflect.deleteProperty(globalThis, 'navigator')
  }
}

function build(seed: number, platform: { online: boolean }): { sim: Sim; hosts: Map<number, Host> } {
  const chance = createChance(seed)
  const world = createWorld()
  const faults = createFaults(chance.fork())
  const settings = serverSettings(chance.fork())
  const { resumeWindow, tombstoneWindow, intake } = settings
  const hosts = new Map<number, Host>()
  const visitors: Visitor[] = []
  const ended = new Set<string>()
  const truth = createTruth(world)
  const wire = createWire(
    world,
    () => ledger,
    () => faults.count('expiry'),
  )
  const telling = (): 'told' | 'untold' | 'twice' =>
    faults.hits('untold') ? 'untold' : faults.hits('told-twice') ? 'twice' : 'told'
  const virtualLog = chance.hit(0.5) ? createVirtualLog(chance.fork(), telling) : null
  const sharedLog = virtualLog && truth.record(virtualLog.log)
  const isDead = (process: number): boolean => hosts.get(process)!.actor.state === 'dead'
  const visitorOf = (page: string): Visitor => visitors.find((visitor) => visitor.page.name === page)!
  const isOut = (id: string, after: number): boolean =>
    [...wire.sessions.values()].some((session) => session.id === id && world.now - session.heardAt >= after)
  const ledger: Ledger = createLedger(world, {
    intake,
    isDead,
    isUnknown: (id) =>
      ended.has(id) ||
      isOut(id, resumeWindow + tombstoneWindow) ||
      visitors.some(({ tap }) => [...tap.lost].some(([token, why]) => why === 'refused' && token.startsWith(id))),
    wasClosed: (page) => visitorOf(page).wasClosed,
    told(code) {
      const fault = faultOfCode[code]
      if (fault) faults.count(fault)
    },
    hasLostSession: (page) => visitorOf(page).tap.lost.size > 0,
  })
  const network = createNetwork(world, faults.weather, wire)
  const keep = chance.pick([3, 20, 10_000])
  const logDelay = chance.pick([0, 0, 60])
  const hostChance = chance.fork()
  const life = chance.pick([6000, 40_000])
  function startHost(): void {
    const host = createHost({
      world,
      chance: hostChance,
      network,
      ledger,
      truth,
      sharedLog,
      keep,
      logDelay,
      settings,
      credentialLife: () => (faults.has('expiry') ? life : 1e9),
      dies: (point) => faults.hits(CRASHES[point]),
      isCalm: () => faults.isCalm,
      died: () => world.after(null, faults.isCalm ? 10 : hostChance.int(hostChance.pick([10, 5000])), startHost),
    })
    hosts.set(host.n, host)
  }
  startHost()
  const sim: Sim = {
    world,
    chance: chance.fork(),
    faults,
    network,
    ledger,
    truth,
    wire,
    visitors,
    virtualLog,
    platform,
    ended,
    robbed: new Set(),
    topics: ['t0', 't1', 't2', 't3'].slice(0, chance.between(1, 4)),
    host: () => (network.process ? hosts.get(network.process.n)! : null),
    chaos: chance.pick([10_000, 40_000, 150_000]),
  }
  for (let n = chance.between(1, 2), i = 0; i < n; i++)
    visitors.push(
      createVisitor({
        world,
        chance: chance.fork(),
        network,
        ledger,
        truth,
        name: 'p' + i,
        transports: chance.pick(TRANSPORTS),
        options: clientOptions(chance, faults),
        authFails: () => faults.hits('auth-fails'),
        isRash: () => faults.hits('rash-reconnect'),
        mayLose(token) {
          const session = wire.sessions.get(token)
          return !session || isDead(session.process) || isOut(session.id, resumeWindow) || ended.has(session.id)
        },
      }),
    )
  return { sim, hosts }
}

/** Runs a seed to its end, or to the first promise that is broken. */
export async function runSeed(seed: number): Promise<Outcome> {
  const platform = { online: true }
  resetProcesses()
  return isolated(createChance(seed ^ 0x5eed), platform, async () => {
    const { sim } = build(seed, platform)
    const { world, faults } = sim
    startLoad(sim)
    startMischief(sim)
    await world.run(sim.chaos)
    faults.calm()
    platform.online = true
    await settle(sim, publishLast)
    return { seed, failure: world.failure, hash: world.hash, lines: world.lines(), faults: faults.counts }
  })
}
