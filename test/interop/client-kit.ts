// Clients of the servers, made of the recipes of docs/keep-your-server.md, and all that they are told; what makes and cuts traffic.
import type { TestContext } from 'vitest'
import { createClient, type Client, type ClientOptions, type Gap, type Receipt } from '@holdfast/client/plain'
import { faultProxy, seeded, type FaultProxy } from '@holdfast/testing'
import { until } from '../support/world.ts'
import type { Feed } from './servers/feed.ts'

/** A client, and what it has been told so far. */
export interface Visitor {
  readonly client: Client
  /** Numbers of the ticks it was told, in order, and each gap as it was told. */
  readonly heard: (number | { gap: [from: number, to: number] })[]
  /** Data that are no tick. */
  readonly others: unknown[]
  /** Codes of the errors reported. */
  readonly errors: string[]
  /** How often it has been open. */
  readonly opens: () => number
}

/** What one test opens; all of it is closed when the test is over, the latest first. */
export interface Scene {
  closing<T extends { close(): unknown }>(closable: T): T
  /** Stands in front of a server; `socketUrl` is for WebSockets. */
  proxy(server: { readonly port: number }): Promise<FaultProxy & { socketUrl: string }>
  visit(url: string, options: ClientOptions, over?: Partial<ClientOptions>): Visitor
}

/** Retry at once however short the links live: cuts come faster than any link proves itself. */
export const hasty: Partial<ClientOptions> = { backoff: () => 20, minUptime: 0 }

/** The number of a tick, as the servers write it. */
function tickIn(data: unknown): number | undefined {
  if (typeof data === 'object' && data && 'n' in data) return data.n as number
  return typeof data === 'string' && /^\d+$/.test(data) ? Number(data) : undefined
}

function watch(client: Client): Visitor {
  const heard: Visitor['heard'] = []
  const others: unknown[] = []
  const errors: string[] = []
  let opens = 0
  client.on('open', () => opens++)
  client.on('error', ({ code }) => errors.push(code))
  client.on('gap', ({ from, to }: Gap) => heard.push({ gap: [from, to] }))
  client.on('message', ({ data }) => {
    const tick = tickIn(data)
    if (tick === undefined) others.push(data)
    else heard.push(tick)
  })
  return { client, heard, others, errors, opens: () => opens }
}

export function createScene({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Scene {
  const cleanups: (() => unknown)[] = []
  onTestFinished(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  })
  const closing: Scene['closing'] = (closable) => {
    cleanups.push(() => closable.close())
    return closable
  }
  return {
    closing,
    async proxy({ port }) {
      const proxy = closing(await faultProxy({ target: port }))
      return Object.defineProperty(proxy as FaultProxy & { socketUrl: string }, 'socketUrl', {
        value: proxy.url.replace('http', 'ws'),
      })
    },
    visit(url, options, over = hasty) {
      const visitor = watch(createClient(url, { ...options, ...over }))
      closing(visitor.client)
      return visitor
    },
  }
}

export interface Traffic {
  /** How many were published, and how many sent: the numbers from 1 on. */
  count: number
  /** What each `send()` came to: the level of its receipt, or the code of its error. */
  outcomes: { [outcome: string]: number }
}

const outcomeOf = (sent: Promise<Receipt>): Promise<string> =>
  sent.then(
    ({ level }) => level,
    ({ outcome, code }: { outcome?: string; code: string }) => `${outcome} ${code}`,
  )

/** Both ways, two each few ms: at least `count`, and for as long as `during` takes. Resolves when every send is settled. */
export async function exchange(
  count: number,
  feed: Feed,
  send: (n: number) => Promise<Receipt>,
  during: Promise<unknown>,
): Promise<Traffic> {
  const sends: Promise<string>[] = []
  let isOver = false
  const end = (): void => void (isOver = true)
  during.then(end, end)
  while (sends.length < count || !isOver) {
    for (let times = 0; times < 2; times++) {
      feed.publish()
      sends.push(outcomeOf(send(sends.length + 1)))
    }
    // Enough is enough: then only so that there is something to cut.
    await new Promise((resolve) => setTimeout(resolve, sends.length < count ? 4 : 30))
  }
  await during
  const outcomes: Traffic['outcomes'] = {}
  for (const outcome of await Promise.all(sends)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  return { count: sends.length, outcomes }
}

/**
 * Cuts all connections, each time after some messages have come since the cut before, and sees the client open again, with messages
 * coming. `cut` tells how; a reset loses what is under way.
 */
export async function cutUnderTraffic(
  times: number,
  { client, heard }: Visitor,
  cut: (how: 'end' | 'reset') => number,
): Promise<void> {
  const random = seeded(times)
  for (let n = 0; n < times; n++) {
    const enough = heard.length + 5 + Math.floor(random() * 40)
    await until(() => heard.length >= enough, `messages before cut ${n + 1}`)
    if (cut(n % 2 ? 'end' : 'reset') === 0) throw new Error(`cut ${n + 1} hit nothing`)
    const before = heard.length
    await until(() => heard.length > before && client.status === 'open', `being open again after cut ${n + 1}`)
  }
}

/** The numbers among them that were told or are in a gap told, in the order told. */
export const accounted = (heard: Visitor['heard']): number[] =>
  heard.flatMap((one) =>
    typeof one === 'number' ? [one] : Array.from({ length: one.gap[1] - one.gap[0] + 1 }, (_, n) => one.gap[0] + n),
  )

/** Whether each is above the one before it: in order, none twice. */
export const isAscending = (list: readonly unknown[]): boolean =>
  list.every((n, i) => typeof n === 'number' && (i === 0 || n > (list[i - 1] as number)))
