/** Faults that come by time: what breaks between two things that anybody does. */
import type { Sim } from './sim.ts'
import type { Fault } from './faults.ts'
import { socketClass, type VirtualSocket } from './socket.ts'
import { toConn, until, type Deed } from './deed.ts'
import { pageDeeds } from './page-deeds.ts'

/** Somebody else says hello with the session of a client that is connected, and stays a while (PROTOCOL.md §11.10). */
function takeOver({ world, wire, network, chance, robbed, shared }: Sim): boolean {
  const { process } = network
  const present = [...wire.sessions.values()].filter(
    ({ process: at, id }) => (shared || at === process?.n) && !robbed.has(id),
  )
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
    const close = (): Promise<void> => {
      // What it has not finished by then is as if it were dead.
      sim.closing.add(host.n)
      return host.server.close()
    }
    drained.then(close).then(host.kill, (error: unknown) => sim.world.fail('sound', String(error)))
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
  'server-clock': (sim) => {
    const { world, chance, network } = sim
    const actor = network.process?.actor
    // What they share is kept by a clock of its own.
    if (!actor || sim.shared || actor.heldUntil > world.now) return false
    if (chance.hit(0.5)) actor.skew += chance.int(chance.pick([5000, 300_000]))
    else {
      // A machine that is stopped, and its clock with it.
      const since = world.now
      actor.heldUntil = until(sim, 0, 20_000)
      world.after(null, actor.heldUntil - since, () => (actor.skew -= world.now - since))
    }
    return true
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
  'store-restored'({ shared, wire, world, chance, forgotten }) {
    if (!shared) return false
    const before = shared.snapshot()
    world.after(null, chance.int(3000), () => {
      world.trace('the store is restored')
      // Also those whose client has not been welcomed yet.
      for (const id of [...before.keys(), ...shared.snapshot().keys()]) forgotten.add(id)
      for (const { id } of wire.sessions.values()) forgotten.add(id)
      shared.restore(before)
    })
    return true
  },
  ...pageDeeds,
}

/** Lets them come until the chaos is over. */
export function startMischief(sim: Sim): void {
  const { world, faults, cast } = sim
  for (const [name, deed] of Object.entries(deeds) as [Fault, Deed][]) {
    // Each fault has its own chance, and each time that it comes: one more of one changes nothing of the others.
    const chance = sim.chance.fork(name)
    let n = 0
    const next = (): void => {
      const wait = chance.wait(faults.every(name))
      if (world.now + wait < sim.chaos) world.after(null, wait, act)
    }
    const act = (): void => {
      n++
      if (cast.takes(name)) {
        world.trace('fault ' + name)
        if (deed({ ...sim, chance: chance.fork(String(n)) })) faults.count(name)
      }
      next()
    }
    if (faults.has(name)) next()
  }
}
