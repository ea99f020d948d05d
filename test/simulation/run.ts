/** One run: a seed, its world, its faults; then calm, in which everything has to come right; then the end, which has to leave nothing. */
import { createChance, type Chance } from './chance.ts'
import { createFaults, faultOfCode, type Fault, type Faults } from './faults.ts'
import { createHost, resetProcesses, type CrashPoint, type Host } from './host.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { publishLast, startLoad } from './load.ts'
import { startMischief } from './mischief.ts'
import { createNetwork, type Taps } from './network.ts'
import { createCast, type Plan } from './plan.ts'
import { clientOptions, serverSettings, TRANSPORTS } from './settings.ts'
import type { Sim } from './sim.ts'
import { createTruth } from './truth.ts'
import { settle } from './verdict.ts'
import { createVirtualLog } from './virtual-log.ts'
import { createVisitor, type Visitor } from './visitor.ts'
import { createWire } from './wire.ts'
import { createWorld, MORE_HOPS, type World } from './world.ts'
import { createSharedSessions, type SharedSessions } from '../support/shared-sessions.ts'

export interface Outcome {
  readonly seed: number
  /** What promise was broken first, or null. */
  readonly failure: string | null
  readonly hash: string
  /** The last lines of the trace. */
  readonly lines: readonly string[]
  readonly faults: ReadonlyMap<Fault, number>
  /** What took place, by name (see `Plan`). */
  readonly taken: readonly string[]
}

const CRASHES: { readonly [point in CrashPoint]: Fault } = {
  'before-handler': 'crash-before-handler',
  'after-handler': 'crash-after-handler',
  authenticate: 'crash-in-authenticate',
  log: 'crash-in-log',
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

/** What the network's listeners say, and processes that die as they acknowledge: the packet is lost with them, or their last. */
function deadly(
  taps: Taps,
  faults: { hits(fault: Fault): boolean },
  die: (process: number, later: boolean) => void,
): Taps {
  return {
    ...taps,
    said(conn, packet) {
      const acks = packet.includes('["ack"')
      if (acks && faults.hits('crash-before-ack')) return die(conn.process!.n, false)
      if (acks && faults.hits('crash-after-ack')) die(conn.process!.n, true)
      taps.said(conn, packet)
    },
  }
}

/** A store that fails as the contract allows it to. */
function sharedSessions(world: World, chance: Chance, { hits }: Pick<Faults, 'hits'>): SharedSessions {
  return createSharedSessions({
    clock: world.clock(world.actor('store')),
    weather({ method }) {
      const slow = hits('store-slow') ? chance.int(2000) : 0
      if (method === 'tell') return hits('store-untold') ? { before: slow, fails: 'before' } : { before: slow }
      if (hits('store-fails-before')) return { before: slow, fails: 'before' }
      return hits('store-fails-after') ? { before: slow, fails: 'after' } : { before: slow, after: chance.int(5) }
    },
  })
}

function build(plan: Plan, platform: { online: boolean }): Sim {
  const chance = createChance(plan.seed)
  const cast = createCast(plan)
  const isShared = plan.shared ?? chance.fork('shared').hit(0.25)
  const world = createWorld(isShared ? MORE_HOPS : undefined)
  const faults = createFaults(chance.fork('faults'), cast)
  const settings = serverSettings(chance.fork('settings'))
  const { resumeWindow, tombstoneWindow, intake } = settings
  const hosts = new Map<number, Host>()
  const visitors: Visitor[] = []
  const everyone: Visitor[] = []
  const ended = new Set<string>()
  const truth = createTruth(world)
  const forgotten = new Set<string>()
  const closing = new Set<number>()
  const running = (): Host[] => [...hosts.values()].filter(({ actor }) => actor.state === 'alive')
  const wire = createWire({
    world,
    ledger: () => ledger,
    asked: () => faults.count('expiry'),
    shared: () => (isShared ? running() : null),
    window: resumeWindow,
  })
  const telling = (): 'told' | 'untold' | 'twice' =>
    faults.hits('untold') ? 'untold' : faults.hits('told-twice') ? 'twice' : 'told'
  const shared = isShared ? sharedSessions(world, chance.fork('store'), faults) : null
  // Drawn all the same, so that the rest stays what it was.
  const virtualLog = chance.hit(0.5) || isShared ? createVirtualLog(chance.fork('log'), telling) : null
  const sharedLog = virtualLog && truth.record(virtualLog.log)
  const isDead = (process: number): boolean => hosts.get(process)!.actor.state === 'dead'
  const visitorOf = (page: string): Visitor => everyone.find((visitor) => visitor.page.name === page)!
  /** By the clock of its process, which decides. */
  const isSilentFor = (process: number, heardAt: number, time: number): boolean =>
    world.now + hosts.get(process)!.actor.skew - heardAt >= time
  const isOut = (id: string, after: number): boolean =>
    [...wire.sessions.values()].some(
      (session) => session.id === id && isSilentFor(session.process, session.heardAt, after),
    )
  const ledger: Ledger = createLedger(world, {
    intake,
    isShared,
    hasDied: () => closing.size > 0 || running().length < hosts.size,
    isDead: (process) => isDead(process) || (isShared && closing.has(process)),
    isUnknown: (id) =>
      ended.has(id) ||
      forgotten.has(id) ||
      isOut(id, resumeWindow + tombstoneWindow) ||
      everyone.some(({ tap }) => [...tap.lost].some(([token, why]) => why === 'refused' && token.startsWith(id))),
    wasClosed: (page) => visitorOf(page).wasClosed,
    told(code) {
      const fault = faultOfCode[code]
      if (fault) faults.count(fault)
    },
    hasLostSession: (page) => visitorOf(page).tap.lost.size > 0,
  })
  const kill = (process: number): void => hosts.get(process)!.kill()
  const taps = deadly(wire, faults, (process, later) =>
    later ? void world.after(null, 0, () => kill(process)) : kill(process),
  )
  const balancer = chance.fork('balancer')
  const network = createNetwork(world, faults.weather, taps, balancer.int)
  const keep = chance.pick([3, 20, 10_000])
  const logDelay = chance.pick([0, 0, 60])
  const hostChance = chance.fork('hosts')
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
      sharedSessions: shared,
      credentialLife: () => (faults.has('expiry') ? life : 1e9),
      dies: (point) => faults.hits(CRASHES[point]),
      isCalm: () => faults.isCalm,
      died: () => world.after(null, faults.isCalm ? 10 : hostChance.int(hostChance.pick([10, 5000])), startHost),
    })
    hosts.set(host.n, host)
  }
  startHost()
  if (isShared) startHost()
  function visit(name: string): Visitor {
    const own = chance.fork(`visitor ${name}`)
    const visitor = createVisitor({
      world,
      chance: own,
      network,
      ledger,
      truth,
      name,
      transports: own.pick(TRANSPORTS),
      options: clientOptions(own, faults),
      authFails: () => faults.hits('auth-fails'),
      isRash: () => faults.hits('rash-reconnect'),
      mayLose(token) {
        const session = wire.sessions.get(token)
        if (!session || ended.has(session.id) || isOut(session.id, resumeWindow)) return true
        return isShared ? session.wasOut || forgotten.has(session.id) : isDead(session.process)
      },
    })
    visitors.push(visitor)
    everyone.push(visitor)
    return visitor
  }
  const pages = chance.pick([1, 1, 2, 2, 3])
  const sim: Sim = {
    world,
    chance: chance.fork('sim'),
    cast,
    faults,
    network,
    ledger,
    truth,
    wire,
    visitors,
    everyone,
    visit,
    virtualLog,
    platform,
    shared,
    hosts: running,
    forgotten,
    closing,
    ended,
    robbed: new Set(),
    topics: ['t0', 't1', 't2', 't3'].slice(0, chance.between(1, 4)),
    host: () => (network.process ? hosts.get(network.process.n)! : null),
    chaos: chance.pick([10_000, 40_000, 150_000]),
  }
  for (let i = 0; i < pages; i++) if (cast.takes('page')) visit('p' + i)
  return sim
}

/** Runs a seed to its end, or to the first promise that is broken. */
export async function runPlan(plan: Plan): Promise<Outcome> {
  const platform = { online: true }
  resetProcesses()
  return isolated(createChance(plan.seed ^ 0x5eed), platform, async () => {
    const sim = build(plan, platform)
    const { world, faults, cast } = sim
    startLoad(sim)
    startMischief(sim)
    await world.run(sim.chaos)
    faults.calm()
    platform.online = true
    await settle(sim, publishLast)
    const { failure, hash } = world
    return { seed: plan.seed, failure, hash, lines: world.lines(), faults: faults.counts, taken: cast.taken }
  })
}
