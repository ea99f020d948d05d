// 100,000 clients lose their server at once, and it comes back after 30 s: when does each of them try? No sockets: what is run is each library's
// own formula, taken from what is installed.
import { createRequire } from 'node:module'
import { fullJitter } from '@holdfast/client'
import { Centrifuge } from 'centrifuge'
import { WebSocket as PartySocket } from 'partysocket'
import { Socket } from 'phoenix'
import { WebSocket } from 'ws'
import { fall, lost, over, scratch, type Turn } from '../../../packages/client/src/attempts.ts'
import type { State } from '../../../packages/client/src/state.ts'
import { settle } from '../../../packages/server/src/options.ts'
import type { Row } from '../results.ts'
import { rounded } from '../statistics.ts'

const OUTAGE = 30_000

/** Delays of one client, ms: before the first attempt after the loss, before the second, ...; null gives up. */
type Delays = () => number | null

/** A module by its path inside a package, past its list of exports. */
async function inside<T>(name: string, path: string): Promise<T> {
  const entry = createRequire(import.meta.url).resolve(name)
  const root = entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 2)
  return (await import(root + path)) as T
}

/** The first retry within the server's spread, then full jitter, as the lifecycle itself has it. */
function holdfast(spread: number): Delays {
  const policy = {
    transports: 1,
    backoff: fullJitter(),
    random: Math.random,
    maxAttempts: Infinity,
    online: () => true,
  }
  let now = 0
  let state: State | null = null
  return () => {
    const turn = { ...policy, now } as Turn
    const gone = lost('gone')
    const course = state && 'course' in state ? state.course : null
    ;[state] = course ? fall(turn, course, 0, gone) : over(turn, { ...scratch, spread }, gone, Math.random() * spread)
    if (state.at !== 'waiting') return null
    const delay = state.by - now
    now = state.by
    return delay
  }
}

interface Backoff {
  new (options: { min: number; max: number; jitter: number }): { duration(): number }
}
interface Policy {
  new (): { nextRetryDelayInMilliseconds(context: { previousRetryCount: number }): number | null }
}

/** What a server with so many clients announces, ms. */
export function spreadFor(clients: number): number {
  const { retrySpread } = settle({})
  return typeof retrySpread === 'number' ? retrySpread : retrySpread(clients)
}

async function contestants(clients: number): Promise<Record<string, () => Delays>> {
  const { Backoff } = await inside<{ Backoff: Backoff }>('socket.io-client', 'build/esm/contrib/backo2.js')
  const { DefaultReconnectPolicy } = await inside<{ DefaultReconnectPolicy: Policy }>(
    '@microsoft/signalr',
    'dist/cjs/DefaultReconnectPolicy.js',
  )
  const spread = spreadFor(clients)
  const policy = new DefaultReconnectPolicy()
  // One object each serves all clients: what is kept in it between attempts is set before each.
  const centrifuge = new Centrifuge('ws://localhost') as unknown as {
    _reconnectAttempts: number
    _getReconnectDelay(): number
  }
  const party = new PartySocket('ws://localhost', [], { startClosed: true, WebSocket }) as unknown as {
    _retryCount: number
    _getNextDelay(): number
  }
  const phoenix = new Socket('ws://localhost', { transport: WebSocket as unknown as typeof globalThis.WebSocket })
  const counted = (delay: (retry: number) => number | null) => (): Delays => {
    let retry = 0
    return () => delay(retry++)
  }
  return {
    holdfast: () => holdfast(spread),
    'socket.io': () => {
      const backoff = new Backoff({ min: 1_000, max: 5_000, jitter: 0.5 })
      return () => backoff.duration()
    },
    signalr: counted((previousRetryCount) => policy.nextRetryDelayInMilliseconds({ previousRetryCount })),
    centrifuge: counted((retry) => {
      centrifuge._reconnectAttempts = retry
      return centrifuge._getReconnectDelay()
    }),
    partysocket: counted((retry) => {
      // Counted up before each attempt, the one after a loss included.
      party._retryCount = retry + 1
      return party._getNextDelay()
    }),
    phoenix: counted((retry) => phoenix.reconnectAfterMs(retry + 1)),
  }
}

export interface Storm {
  /** Attempts in each second since the loss. */
  perSecond: number[]
  /** When each client was back, ms since the return of the server; in order. */
  back: number[]
  /** Clients that have given up. */
  gone: number
}

function storm(clients: number, make: () => Delays): Storm {
  const perSecond: number[] = []
  const back: number[] = []
  let gone = 0
  for (let n = 0; n < clients; n++) {
    const delays = make()
    for (let at = 0; ;) {
      const delay = delays()
      if (delay === null) {
        gone++
        break
      }
      at += delay
      const second = Math.floor(at / 1_000)
      perSecond[second] = (perSecond[second] ?? 0) + 1
      if (at < OUTAGE) continue
      back.push(at - OUTAGE)
      break
    }
  }
  return { perSecond: Array.from(perSecond, (count) => count ?? 0), back: back.sort((a, b) => a - b), gone }
}

/** The highest count from this second on. */
const peak = (perSecond: number[], from: number): number => Math.max(...perSecond.slice(from))

export interface Storms {
  rows: Row[]
  /** Attempts in each second, of the last run. */
  series: Record<string, number[]>
}

export async function measureStorm(rounds: number, clients = 100_000): Promise<Storms> {
  const series: Storms['series'] = {}
  const rows: Row[] = []
  for (const [contestant, make] of Object.entries(await contestants(clients))) {
    const storms = Array.from({ length: rounds }, () => storm(clients, make))
    series[contestant] = storms.at(-1)!.perSecond
    const row = (measure: string, unit: Row['unit'], read: (one: Storm) => number): void => {
      rows.push({ contestant, measure, unit, values: storms.map((one) => rounded(read(one))) })
    }
    row('most attempts in a second', 'clients/s', ({ perSecond }) => peak(perSecond, 0))
    row('most attempts in a second, server back', 'clients/s', ({ perSecond }) => peak(perSecond, OUTAGE / 1_000))
    row('half are back after', 's', ({ back }) => (back[Math.floor(back.length / 2)] ?? 0) / 1_000)
    row('all are back after', 's', ({ back }) => (back.at(-1) ?? 0) / 1_000)
    row('gave up', 'clients', ({ gone }) => gone)
  }
  return { rows, series }
}
