/** What happens to a page and by its user: sleep, throttling, reload, clocks, signals that may be lies, calls at a bad time. */
import { inPage, toVisitor, until, type Deed } from './deed.ts'
import type { Fault } from './faults.ts'
import { startUse } from './load.ts'
import type { Sim } from './sim.ts'
import type { Visitor } from './visitor.ts'
import type { Actor } from './world.ts'

/** How often a slow clock is set back, ms. */
const SLOWING = 500

/** The page is gone with all it had, and loaded again: another client, which knows nothing. */
function reload(visitor: Visitor, sim: Sim): void {
  const { visitors, network, ledger, world, chance } = sim
  const { page } = visitor
  world.trace(`${page.name} is loaded again`)
  page.actor.state = 'dead'
  network.abandon(page, chance.hit(0.7) ? 'told' : 'untold')
  ledger.abandon(page.name)
  visitors.splice(visitors.indexOf(visitor), 1)
  startUse(sim, sim.visit(page.name + "'"), 12)
}

/** The page is put aside, and its connections are closed; it may come back. */
function putAside(visitor: Visitor, sim: Sim): void {
  const { world, network, chance } = sim
  const { page } = visitor
  visitor.signal('frozen')
  // Of what has happened meanwhile it learns when it is back, after the signal.
  page.actor.heldUntil = Math.max(until(sim, 0, chance.pick([2000, 60_000])), page.actor.heldUntil)
  world.after(page.actor, 0, () => visitor.signal('resumed'))
  for (const conn of network.conns) if (conn.page === page) network.cut(conn, 'reset')
}

/** Until when a clock is slow: two at a time would have it run backwards. */
const slowUntil = new WeakMap<Actor, number>()

/** Runs at a part of the true pace for a while. */
function slowDown({ page: { actor } }: Visitor, sim: Sim): void {
  const { world, chance } = sim
  if ((slowUntil.get(actor) ?? 0) > world.now) return
  const end = until(sim, 1000, 60_000)
  slowUntil.set(actor, end)
  const lost = SLOWING * chance.pick([0.1, 0.5, 0.9])
  const set = (): void => {
    // It does not run at all while it is held.
    if (actor.heldUntil < world.now - SLOWING) actor.skew -= lost
    if (world.now + SLOWING < end) world.after(null, SLOWING, set)
  }
  world.after(null, SLOWING, set)
}

export const pageDeeds: { readonly [fault in Fault]?: Deed } = {
  stall: toVisitor(({ page }, sim) => {
    page.stalledUntil = until(sim, 0, sim.chance.pick([1000, 10_000, 60_000]))
  }),
  reload: toVisitor(reload),
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
  'slow-clock': toVisitor(slowDown),
  'back-forward-cache': inPage(putAside),
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
