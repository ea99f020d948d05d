/** Faults that come by time: what breaks between two things that anybody does. */
import type { Sim } from './sim.ts'
import type { Conn } from './network.ts'
import type { Fault } from './faults.ts'
import { socketClass, type VirtualSocket } from './socket.ts'
import type { Visitor } from './visitor.ts'

/** An instant up to so many ms from now, within the chaos: what lasts ends with it. */
function until({ world, chance, chaos }: Sim, low: number, high: number): number {
  return Math.min(world.now + chance.between(low, high), chaos)
}

/** Does it; false if there is nothing to do it to. */
type Deed = (sim: Sim) => boolean

function toConn(act: (conn: Conn, sim: Sim) => void, wanted: (conn: Conn) => boolean = () => true): Deed {
  return (sim) => {
    const conns = [...sim.network.conns].filter(wanted)
    if (!conns.length) return false
    act(sim.chance.pick(conns), sim)
    return true
  }
}
function toVisitor(act: (visitor: Visitor, sim: Sim) => void): Deed {
  return (sim) => {
    act(sim.chance.pick(sim.visitors), sim)
    return true
  }
}
/** In the page, if it runs while there are faults. */
function inPage(act: (visitor: Visitor, sim: Sim) => void): Deed {
  return toVisitor((visitor, sim) => {
    sim.world.after(visitor.page.actor, 0, () => !sim.faults.isCalm && act(visitor, sim))
  })
}

/** Somebody else says hello with the session of a client that is connected, and stays a while (PROTOCOL.md §11.10). */
function takeOver({ world, wire, network, chance, robbed }: Sim): boolean {
  const { process } = network
  const present = [...wire.sessions.values()].filter(({ process: at, id }) => at === process?.n && !robbed.has(id))
  if (!present.length) return false
  const { id, token, fence } = chance.pick(present)
  robbed.add(id)
  const hello = {
    version: 1,
    session: token,
    incarnation: fence + 1 + chance.int(2),
    settled: 0,
    subscriptions: [],
    credential: `ann:${world.now}`,
  }
  const page = { name: 'thief', actor: world.actor('thief'), stalledUntil: 0 }
  const create = socketClass(network, page)
  const offer = 'h.' + Buffer.from(JSON.stringify(hello)).toString('base64url')
  const socket = new create('ws://sim.test/realtime', ['holdfast.1', offer]) as unknown as VirtualSocket
  world.after(page.actor, chance.int(8000), () => socket.close())
  return true
}

/** All clients are asked to leave, then the process goes. */
function leave(within: number | null): Deed {
  return (sim) => {
    const host = sim.host()
    if (!host) return false
    sim.world.trace(`process ${host.n} is to leave, within ${within}`)
    const drained = within === null ? Promise.resolve() : host.server.drain({ within })
    drained.then(() => host.server.close()).then(host.kill, (error: unknown) => sim.world.fail(String(error)))
    return true
  }
}

const deeds: { readonly [fault in Fault]?: Deed } = {
  cut: toConn((conn, { network }) => network.cut(conn, 'clean')),
  reset: toConn((conn, { network }) => network.cut(conn, 'reset')),
  'half-open-up': toConn((conn) => conn.up.kill()),
  'half-open-down': toConn((conn) => conn.down.kill()),
  'half-open': toConn((conn) => {
    conn.up.kill()
    conn.down.kill()
  }),
  hold: toConn((conn, sim) => {
    const end = until(sim, 1000, 60_000)
    conn.up.stall(end)
    conn.down.stall(end)
  }),
  'slow-reader': toConn(
    (conn, sim) => conn.down.stall(until(sim, 5000, 60_000)),
    ({ kind }) => kind !== 'post',
  ),
  stall: toVisitor(({ page }, sim) => {
    page.stalledUntil = until(sim, 0, sim.chance.pick([1000, 10_000, 60_000]))
  }),
  crash(sim) {
    const host = sim.host()
    host?.kill()
    return !!host
  },
  redeploy: leave(null),
  drain: (sim) => leave(sim.chance.pick([0, 1000, 8000]))(sim),
  pause(sim) {
    const { process } = sim.network
    if (process)
      process.actor.heldUntil = Math.max(until(sim, 0, sim.chance.pick([1000, 20_000])), process.actor.heldUntil)
    return !!process
  },
  disconnected(sim) {
    const host = sim.host()
    const session = host?.server.sessions()[0]
    if (!host || !session) return false
    const code = sim.chance.pick([4000, 4100, 4200, 4300, 4301, 4303, 4400])
    if (code === 4000) sim.ended.add(session.id)
    host.server.disconnect(session.id, { code, reason: 'for the test' })
    return true
  },
  'taken-over': takeOver,
  trim({ virtualLog, chance, topics }) {
    return !!virtualLog && virtualLog.trim(chance.pick(topics), chance.int(4)) > 0
  },
  'roll-back'({ virtualLog, chance, topics, truth, world }) {
    const topic = chance.pick(topics)
    const lost = virtualLog ? virtualLog.rollBack(topic, 1 + chance.int(6)) : 0
    if (!lost) return false
    world.trace(`log ${topic} loses ${lost}`)
    truth.rolledBack(topic)
    return true
  },
  sleep: toVisitor(({ page: { actor } }, sim) => {
    const { world, chance } = sim
    if (actor.heldUntil > world.now) return
    actor.heldUntil = until(sim, 0, chance.pick([5000, 60_000, 200_000]))
    // Some clocks stand still meanwhile.
    if (chance.hit(0.5)) actor.skew -= actor.heldUntil - world.now
  }),
  'late-timers': toVisitor(({ page: { actor } }, sim) => {
    const { chance } = sim
    actor.coarseUntil = until(sim, 0, 90_000)
    actor.grain = chance.pick([1000, 60_000])
  }),
  'clock-jump': toVisitor(({ page: { actor } }, { chance }) => {
    actor.skew += chance.int(chance.pick([5000, 300_000]))
  }),
  offline: inPage((visitor, { platform, chance }) => {
    platform.online = chance.hit(0.3)
    visitor.signal('offline')
  }),
  online: inPage((visitor, { platform, chance }) => {
    platform.online = chance.hit(0.8)
    visitor.signal('online')
  }),
  visibility: inPage((visitor, { chance }) => visitor.signal(chance.pick(['visible', 'hidden', 'resumed']))),
  frozen: inPage((visitor, { world, chance }) => {
    visitor.signal('frozen')
    world.after(visitor.page.actor, chance.int(30_000), () => visitor.signal('resumed'))
  }),
  'another-user': toVisitor((visitor, { chance }) => {
    visitor.user = chance.pick(['ann', 'bob'])
  }),
  disconnect: inPage(({ client, page }, { world, chance }) => {
    client.disconnect()
    world.after(page.actor, chance.int(20_000), () => client.connect())
  }),
  reconnect: inPage(({ client }) => client.reconnect()),
  reauthenticate: inPage((visitor) => {
    visitor.calls++
    visitor.client.reauthenticate().catch(() => {})
  }),
}

/** Lets them come until the chaos is over. */
export function startMischief(sim: Sim): void {
  const { world, faults } = sim
  // Each fault has its own chance: one more of one changes nothing of the others.
  for (const [name, deed] of Object.entries(deeds) as [Fault, Deed][]) {
    const chance = sim.chance.fork()
    const mine: Sim = { ...sim, chance }
    const next = (): void => {
      const wait = chance.wait(faults.every(name))
      if (world.now + wait < sim.chaos) world.after(null, wait, act)
    }
    const act = (): void => {
      world.trace('fault ' + name)
      if (deed(mine)) faults.count(name)
      next()
    }
    if (faults.has(name)) next()
  }
}
