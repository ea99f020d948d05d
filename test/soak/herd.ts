/** A crowd of clients on one server, over all transports, and a fault a second between them. Everything is counted, nothing is kept. */
import { readdirSync } from 'node:fs'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Client, HoldfastError } from '@holdfast/client'
import { memoryLog } from '@holdfast/server'
import { seeded } from '@holdfast/testing'
import { createWorld, transportNames, type World } from '../support/world.ts'

export interface HerdOptions {
  clients: number
  minutes: number
  seed: number
}

export interface HerdFigures {
  clients: number
  minutes: number
  /** By name of the fault. */
  faults: { [name: string]: number }
  sent: number
  /** By outcome and code. */
  outcomes: { [outcome: string]: number }
  handled: number
  redelivered: number
  heard: number
  links: number
  /** What should not have been; empty when every promise was kept. */
  violations: string[]
  /** After the first third, in MiB an hour, by least squares. */
  heapSlope: number
  heapMiB: { first: number; last: number }
  descriptors: { before: number; during: number; after: number }
}

const TOPICS = 20
const PUBLISH_EVERY = 1_000
/** Longer than any fault lasts, in messages of a topic. */
const KEPT = 200
/** Each client, ms. */
const SEND_EVERY = 5_000
const SAMPLE_EVERY = 5_000

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void

function heap(): number {
  collectGarbage()
  return getHeapStatistics().used_heap_size / 2 ** 20
}
const descriptors = (): number => readdirSync('/proc/self/fd').length

/** Least squares through pairs of hours and MiB. */
function slopeOf(samples: readonly (readonly [number, number])[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(samples.map(([at]) => at)), mean(samples.map(([, value]) => value))]
  const covariance = samples.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0)
  return covariance / samples.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
}

interface Tally {
  outcomes: { [outcome: string]: number }
  sent: number
  handled: number
  redelivered: number
  heard: number
  links: number
  violate(what: string): void
}

/** The server's side: each message of each client once and in order, but for those marked as redelivered. */
function judgeUp(tally: Tally, clients: number): (data: unknown, meta: { redelivered: boolean }) => void {
  const last = new Uint32Array(clients)
  return (data, { redelivered }) => {
    const [client, n] = data as [number, number]
    tally.handled++
    if (redelivered) tally.redelivered++
    const expected = last[client]! + 1
    if (n > expected) tally.violate(`client ${client}: ${n} handled before ${expected}`)
    else if (n < expected && !redelivered) tally.violate(`client ${client}: ${n} handled twice`)
    last[client] = Math.max(n, last[client]!)
  }
}

interface Member {
  /** Number last heard. */
  readonly heard: number
  send(): void
  client: Client
}

function join(world: World, tally: Tally, index: number): Member {
  const client = world.client(transportNames[index % 3], { logger: { error: (error) => tally.violate(String(error)) } })
  let heard = 0
  let sent = 0
  client.on('open', () => void tally.links++)
  client.on('gap', ({ topic, from, to }) => tally.violate(`client ${index}: gap in ${topic}, ${from} to ${to}`))
  client.subscribe(
    `feed/${index % TOPICS}`,
    (data) => {
      tally.heard++
      if (data !== heard + 1 && heard) tally.violate(`client ${index}: heard ${String(data)} after ${heard}`)
      heard = data as number
    },
    { since: 'start' },
  )
  return {
    client,
    get heard() {
      return heard
    },
    send() {
      tally.sent++
      client.send('up', [index, ++sent]).then(
        () => void (tally.outcomes.acknowledged = (tally.outcomes.acknowledged ?? 0) + 1),
        (error: HoldfastError) => {
          const outcome = `${error.outcome} ${error.code}`
          tally.outcomes[outcome] = (tally.outcomes[outcome] ?? 0) + 1
          tally.violate(`client ${index}: ${outcome}`)
        },
      )
    },
  }
}

/** One fault by chance; it is over after a while. Returns its name. */
function strike({ proxy }: World, random: () => number): string {
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

/** Runs until the time is over, lets everything settle, and tells what was seen. */
export async function runHerd({ clients, minutes, seed }: HerdOptions): Promise<HerdFigures> {
  const random = seeded(seed)
  const violations: string[] = []
  const tally: Tally = {
    outcomes: {},
    sent: 0,
    handled: 0,
    redelivered: 0,
    heard: 0,
    links: 0,
    violate: (what) => void (violations.length < 50 && violations.push(what)),
  }
  const before = descriptors()
  // Full before the heap is looked at: what a log keeps is no growth.
  const log = memoryLog({ maxMessages: KEPT })
  const world = await createWorld({
    log,
    keptEvents: 100,
    setUp: (server) => void server.onMessage('up', judgeUp(tally, clients)),
  })
  const members = Array.from({ length: clients }, (_, index) => join(world, tally, index))
  await Promise.all(members.map(({ client }) => client.ready()))

  const faults: { [name: string]: number } = {}
  const samples: [number, number][] = []
  const from = performance.now()
  let published = 0
  let next = 0
  const publish = async (): Promise<void> => {
    published++
    for (let topic = 0; topic < TOPICS; topic++) await world.server.publish(`feed/${topic}`, published)
  }
  const tick = SEND_EVERY / clients
  const timers = [
    setInterval(() => void publish(), PUBLISH_EVERY),
    setInterval(
      () => {
        for (let n = 0; n < Math.max(1, 20 / tick); n++) members[next++ % clients]!.send()
      },
      Math.max(20, tick),
    ),
    setInterval(() => {
      const name = strike(world, random)
      faults[name] = (faults[name] ?? 0) + 1
    }, 1_000),
    setInterval(() => samples.push([(performance.now() - from) / 3_600_000, heap()]), SAMPLE_EVERY),
  ]
  await new Promise((resolve) => setTimeout(resolve, minutes * 60_000))
  for (const timer of timers) clearInterval(timer)
  const during = descriptors()

  world.proxy.calm()
  const inTime = AbortSignal.timeout(180_000)
  await Promise.all(members.map(({ client }) => client.flush({ signal: inTime })))
  while (members.some(({ heard }) => heard < published)) {
    inTime.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await world.close()
  const steady = samples.slice(Math.floor(samples.length / 3))
  return {
    clients,
    minutes,
    faults,
    sent: tally.sent,
    outcomes: tally.outcomes,
    handled: tally.handled,
    redelivered: tally.redelivered,
    heard: tally.heard,
    links: tally.links,
    violations,
    heapSlope: slopeOf(steady),
    heapMiB: { first: steady[0]?.[1] ?? 0, last: steady.at(-1)?.[1] ?? 0 },
    descriptors: { before, during, after: descriptors() },
  }
}
