/** What faults that come by time are made of: something is done to a connection, to a page, in a page. */
import type { Conn } from './network.ts'
import type { Sim } from './sim.ts'
import type { Visitor } from './visitor.ts'

/** An instant up to so many ms from now, within the chaos: what lasts ends with it. */
export function until({ world, chance, chaos }: Sim, low: number, high: number): number {
  return Math.min(world.now + chance.between(low, high), chaos)
}

/** Does it; false if there is nothing to do it to. */
export type Deed = (sim: Sim) => boolean

export function toConn(act: (conn: Conn, sim: Sim) => void, wanted: (conn: Conn) => boolean = () => true): Deed {
  return (sim) => {
    const conns = [...sim.network.conns].filter(wanted)
    if (!conns.length) return false
    act(sim.chance.pick(conns), sim)
    return true
  }
}
export function toVisitor(act: (visitor: Visitor, sim: Sim) => void): Deed {
  return (sim) => {
    if (!sim.visitors.length) return false
    act(sim.chance.pick(sim.visitors), sim)
    return true
  }
}
/** In the page, if it runs while there are faults. */
export function inPage(act: (visitor: Visitor, sim: Sim) => void): Deed {
  return toVisitor((visitor, sim) => {
    sim.world.after(visitor.page.actor, 0, () => !sim.faults.isCalm && act(visitor, sim))
  })
}
