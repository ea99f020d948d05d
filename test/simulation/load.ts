/** What users and the application do: messages up, events down, subscriptions that come and go. */
import type { Chance } from './chance.ts'
import type { Plan } from './ledger.ts'
import type { Sim } from './sim.ts'
import { write, type Visitor, type Writing } from './visitor.ts'

/** Instants within the chaos, some of them in bursts. */
function instants(chance: Chance, count: number, span: number): number[] {
  const times: number[] = []
  while (times.length < count) {
    const at = chance.int(span)
    for (let left = chance.pick([1, 1, 3, 12]); left > 0 && times.length < count; left--) times.push(at)
  }
  return times.sort((a, b) => a - b)
}

function writingOf({ chance, faults }: Sim): Writing {
  const plan: Plan = chance.pick(['nothing', 'nothing', 'value', 'value', 'refuse', 'throw'])
  const kind = chance.pick(['send', 'send', 'send', 'request', 'volatile'] as const)
  const withdrawn = faults.has(kind === 'request' ? 'timeout' : 'abort') && kind !== 'volatile' && chance.hit(0.2)
  return {
    topic: chance.pick(['up/a', 'up/b', 'up/many/c']),
    kind,
    body: { plan, ms: chance.pick([0, 0, 0, 5, 300, 3000]), pad: 'x'.repeat(chance.pick([0, 10, 300])) },
    once: kind === 'send' && faults.has('once') && chance.hit(0.3),
    ttl: kind === 'send' && faults.has('expired') && chance.hit(0.3) ? chance.int(8000) : null,
    keyed: kind === 'send' && faults.has('replaced') && chance.hit(0.3) ? chance.pick(['k1', 'k2']) : null,
    abortAfter: withdrawn ? chance.int(4000) : null,
  }
}

function startWriting(sim: Sim, visitor: Visitor, span: number, most: number): void {
  const { world, chance, cast } = sim
  const { page } = visitor
  for (const at of instants(chance, chance.between(1, most), span)) {
    const writing = writingOf(sim)
    if (cast.takes(`${page.name} writes`)) world.after(page.actor, at, () => write(visitor, sim, writing))
  }
}

function startReading(sim: Sim, visitor: Visitor, span: number): void {
  const { world, chance, cast, topics } = sim
  const { actor, name } = visitor.page
  for (const topic of topics) {
    const since = chance.hit(0.4) ? 'start' : 'now'
    const at = chance.hit(0.6) ? 0 : chance.int(span)
    if (cast.takes(`${name} reads`)) world.after(actor, at, () => visitor.subscribe(topic, since))
  }
  // A log that was rolled back is found out by the position in the hello, which is that of the topic's earliest reader: one reader a topic.
  for (let more = sim.faults.has('roll-back') ? 0 : chance.int(4); more > 0; more--) {
    const at = chance.int(span)
    const own = chance.fork(`change ${more}`)
    if (!cast.takes(`${name} changes`)) continue
    world.after(actor, at, () => {
      const readers = [...visitor.readers.keys()]
      if (readers.length && own.hit(0.5)) visitor.unsubscribe(own.pick(readers))
      else visitor.subscribe(own.pick(topics), own.pick(['start', 'now']))
    })
  }
}

/** An entry with content of its own. */
function publish(sim: Sim, topic: string, n: number, pad: string): void {
  const host = sim.host()
  if (!host) return
  host.server.publish(topic, { e: n, pad }).catch(() => {})
  if (!sim.faults.isCalm && sim.faults.hits('crash-after-append')) host.kill()
}

function sendDirect(sim: Sim, n: number): void {
  const host = sim.host()
  const sessions = host?.server.sessions() ?? []
  if (!host || !sessions.length) return
  const chance = sim.chance.fork(`direct ${n}`)
  const { id, identity } = chance.pick(sessions)
  const name = typeof identity === 'object' ? identity?.id : identity
  const to = name && chance.hit(0.5) ? { identity: name } : { session: id }
  host.server.sendTo(to, 'direct', { d: n }).catch(() => {})
}

/** What the user of one page does from now on, with at most so many messages. */
export function startUse(sim: Sim, visitor: Visitor, most: number): void {
  const mine: Sim = { ...sim, chance: sim.chance.fork(visitor.page.name) }
  const span = sim.chaos - sim.world.now
  startWriting(mine, visitor, span, most)
  startReading(mine, visitor, span)
}

export function startLoad(sim: Sim): void {
  const { world, cast, chaos, visitors, topics } = sim
  for (const visitor of visitors) startUse(sim, visitor, 100)
  const chance = sim.chance.fork('application')
  const events = chance.between(0, 100)
  instants(chance, events, chaos).forEach((at, n) => {
    const topic = chance.pick(topics)
    const pad = 'x'.repeat(chance.pick([0, 20, 400]))
    if (cast.takes('publishes')) world.after(null, at, () => publish(sim, topic, n, pad))
  })
  instants(chance, chance.int(12), chaos).forEach((at, n) => {
    if (cast.takes('tells')) world.after(null, at, () => sendDirect(sim, n))
  })
}

/** One more entry in every topic, so that whatever a log has not told shows. */
export function publishLast(sim: Sim): void {
  sim.topics.forEach((topic, i) => publish(sim, topic, 1000 + i, ''))
}
