/** After the faults: within two minutes everything has to come right, and stay so; what is closed has to leave nothing. */
import type { Oracle } from './oracles.ts'
import type { Host } from './host.ts'
import type { Sim } from './sim.ts'
import type { Visitor } from './visitor.ts'
import type { World } from './world.ts'

/** Longest time to come right, ms: a retry at the cap, a dead link found, an attempt that hangs. */
const RECOVERY = 120_000
/** How long everything is watched once it has come right. */
const QUIET = 40_000
/** Longest time that anything of a closed client may go on for, ms: its farewell, and a request that is given up. */
const FAREWELL = 90_000

interface Lack {
  readonly oracle: Oracle
  readonly what: string
}

function lack({ ledger, visitors }: Sim): Lack | null {
  for (const { page, client, readers } of visitors) {
    if (client.status !== 'open') return { oracle: 'recovery', what: `${page.name} is ${client.status}` }
    for (const [reader, subscription] of readers) {
      const lacking = reader.lack(subscription.position)
      if (lacking) return { oracle: 'recovery', what: lacking }
    }
  }
  const [open] = ledger.open()
  return open ? { oracle: 'settles', what: `${open.key} has no outcome` } : null
}

/** What users do when it is over: those who had left come back, and those who are sent away by word that comes late. Returns the undo. */
function comeBack({ world, visitors }: Sim): () => void {
  const undos = visitors.map(({ page, client }) => {
    world.after(page.actor, 0, () => client.connect())
    return client.on('close', () => void world.after(page.actor, 1000, () => client.connect()))
  })
  return () => undos.forEach((undo) => undo())
}

function checkCost({ world, ledger, faults }: Sim, { page, tap, calls }: Visitor): void {
  const letters = [...ledger.letters.values()].filter(
    (letter) => letter.page === page.name && letter.kind !== 'volatile',
  ).length
  const { messages, owed, controls, beats } = tap.stats
  if (messages > 3 * letters + owed)
    world.fail('cost', `${page.name} put ${messages} messages on links, for ${letters} sent and ${owed} owed`)
  // Renewals are of the server's making, and have a pace of their own: half the shortest life of a credential.
  const fired = [...faults.counts].reduce((sum, [fault, count]) => sum + (fault === 'expiry' ? 0 : count), 0)
  const renewals = faults.has('expiry') ? world.now / 2500 : 0
  const volatile = ledger.letters.size
  const allowed = 30 + 8 * tap.opened + 2 * beats + calls + fired + volatile + letters + renewals
  if (controls > allowed) world.fail('cost', `${page.name} put ${controls} other frames on ${tap.opened} links`)
  if (tap.opened > 40 + 3 * fired + world.now / 4000) world.fail('cost', `${page.name} opened ${tap.opened} links`)
}

/** A session needs a hello: of a link, of a proxy that repeats one, of somebody else. */
function checkMemory({ world, faults, everyone, hosts }: Sim): void {
  const hellos = everyone.reduce((sum, { tap }) => sum + tap.opened, 0)
  const others = (faults.counts.get('repeated-hello') ?? 0) + (faults.counts.get('taken-over') ?? 0)
  const sessions = hosts().reduce((sum, { server }) => sum + server.stats().sessions, 0)
  if (sessions > hellos + others)
    world.fail('bounds', `the server keeps ${sessions} sessions, after ${hellos} links and ${others} others`)
}

async function closeAll({ world, network, visitors, hosts }: Sim): Promise<void> {
  for (const { page, client } of visitors) world.after(page.actor, 0, () => void client.close())
  await world.run(world.now + FAREWELL)
  if (world.failure) return
  for (const { page, tap, listeners } of visitors) {
    const { name, actor } = page
    if (tap.live) world.fail('leftovers', `${name}: ${tap.live} links are left after close()`)
    if (actor.timers) world.fail('leftovers', `${name}: ${actor.timers} timers are left after close()`)
    if (listeners.size) world.fail('leftovers', `${name}: ${listeners.size} listeners are left after close()`)
    const conns = [...network.conns].filter((conn) => conn.page === page)
    if (conns.length)
      world.fail(
        'leftovers',
        `${name}: connections ${conns.map(({ id, kind }) => id + ' ' + kind).join()} are left after close()`,
      )
  }
  for (const host of hosts()) await closeServer(world, host)
}

async function closeServer(world: World, { server, actor }: Host): Promise<void> {
  if (world.failure) return
  await world.run(world.now + 900_000, () => actor.timers === 0 && server.stats().sessions === 0)
  const { sessions, links, topics } = server.stats()
  if (sessions || links || topics)
    world.fail('leftovers', `the server keeps ${sessions} sessions, ${links} links, ${topics} topics`)
  const ended: string[] = []
  world.after(null, 0, () => void server.close().then(() => ended.push('closed')))
  await world.run(world.now + 5000)
  if (!ended.length || actor.timers)
    world.fail('leftovers', `the server is ${ended.join() || 'not closed'}, with ${actor.timers} timers`)
}

export async function settle(sim: Sim, publishLast: (sim: Sim) => void): Promise<void> {
  const { world, visitors } = sim
  world.trace('calm')
  const since = world.now
  const stay = comeBack(sim)
  // A process that leaves is done by then; its successor gets the last entries.
  await world.run(world.now + 20_000)
  publishLast(sim)
  let next = world.now
  await world.run(since + RECOVERY, () => world.now >= next && (next = world.now + 200) > 0 && lack(sim) === null)
  if (world.failure) return
  const lacking = lack(sim)
  if (lacking) return world.fail(lacking.oracle, `not right ${RECOVERY} ms after the faults: ${lacking.what}`)
  const before = visitors.map(({ tap }) => tap.opened)
  await world.run(world.now + QUIET)
  visitors.forEach(({ page, tap }, i) => {
    if (tap.opened - before[i]! > 3)
      world.fail('recovery', `${page.name} opened ${tap.opened - before[i]!} links though all was well`)
  })
  if (world.failure) return
  const again = lack(sim)
  if (again) return world.fail(again.oracle, `right at first, then not: ${again.what}`)
  for (const visitor of visitors) checkCost(sim, visitor)
  checkMemory(sim)
  stay()
  await closeAll(sim)
}
