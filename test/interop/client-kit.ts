// Clients of the servers, made of the recipes of docs/keep-your-server.md, and all that they are told; what makes and cuts traffic.
import { expect, type TestContext } from 'vitest'
import { createClient, type Client, type ClientOptions, type Gap, type Receipt } from '@holdfast/client/plain'
import { faultProxy, seeded, type FaultProxy } from '@holdfast/testing'
import { until } from '../support/world.ts'
import type { Feed } from './servers/feed.ts'
import type { Inbox } from './servers/inbox.ts'

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

/** What each `send()` came to, by number: the level of its receipt, or outcome and code of its error. */
interface Outcomes {
  [outcome: string]: number
}

const outcomeOf = (sent: Promise<Receipt>): Promise<string> =>
  sent.then(
    ({ level }) => level,
    ({ outcome, code }: { outcome?: string; code: string }) => `${outcome} ${code}`,
  )

/** Both ways, two each few ms: at least `least`, and for as long as `during` takes. Resolves when every send is settled. */
async function exchange(
  least: number,
  feed: Feed,
  send: (n: number) => Promise<Receipt>,
  during: Promise<unknown>,
): Promise<{ count: number; outcomes: Outcomes }> {
  const sends: Promise<string>[] = []
  let isOver = false
  const end = (): void => void (isOver = true)
  during.then(end, end)
  while (sends.length < least || !isOver) {
    for (let times = 0; times < 2; times++) {
      feed.publish()
      sends.push(outcomeOf(send(sends.length + 1)))
    }
    // Enough is enough: then only so that there is something to cut.
    await new Promise((resolve) => setTimeout(resolve, sends.length < least ? 4 : 30))
  }
  await during
  const outcomes: Outcomes = {}
  for (const outcome of await Promise.all(sends)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  return { count: sends.length, outcomes }
}

/** Cuts all connections, each time after some messages have come since the cut before, and sees the client open again, with messages coming. */
async function cutUnderTraffic(
  times: number,
  { client, heard }: Visitor,
  proxy: Pick<FaultProxy, 'cut'>,
): Promise<void> {
  const random = seeded(times)
  for (let n = 0; n < times; n++) {
    const enough = heard.length + 5 + Math.floor(random() * 40)
    await until(() => heard.length >= enough, `messages before cut ${n + 1}`)
    // A reset loses what is under way.
    if (proxy.cut({ how: n % 2 ? 'end' : 'reset' }) === 0) throw new Error(`cut ${n + 1} hit nothing`)
    const before = heard.length
    await until(() => heard.length > before && client.status === 'open', `being open again after cut ${n + 1}`)
  }
}

export interface Through {
  proxy: Pick<FaultProxy, 'cut'>
  /** How often it is cut. @default 10 */
  cuts?: number
  /** Messages each way, at the least. @default 1_000 */
  least?: number
  /** @default `send('chat', n)` */
  send?: (n: number) => Promise<Receipt>
}

/** What both sides have been told in the end. */
export interface Told {
  readonly heard: Visitor['heard']
  /** Numbers of the first that was heard, and of the latest published. */
  readonly first: number
  readonly latest: number
  /** How many were sent, and what became of them. */
  readonly count: number
  readonly outcomes: Outcomes
  /** Data of what the server was given, and of what it handled. */
  readonly arrivals: readonly unknown[]
  readonly handled: readonly unknown[]
}

/** Messages both ways while the connections are cut again and again; the client is open in the end, and has reported nothing. */
export async function throughCuts(
  visitor: Visitor,
  { feed, inbox }: { feed: Feed; inbox: Inbox },
  { proxy, cuts = 10, least = 1000, send = (n) => visitor.client.send('chat', n) }: Through,
): Promise<Told> {
  const { client, heard, errors } = visitor
  // The first position is known with the first message.
  await until(() => (feed.publish(), heard.length > 0), 'the first message')
  const { count, outcomes } = await exchange(least, feed, send, cutUnderTraffic(cuts, visitor, proxy))
  const latest = feed.length
  await until(() => {
    const isThere = accounted(heard).at(-1)! >= latest
    // What nobody can be asked for may be lost between two polls: one that comes later shows that it goes on.
    if (!isThere && client.status === 'open') feed.publish()
    return isThere
  }, 'the last message')
  expect([errors, client.status]).toEqual([[], 'open'])
  return {
    heard,
    first: accounted(heard)[0]!,
    latest: accounted(heard).at(-1)!,
    count,
    outcomes,
    arrivals: inbox.arrivals.map(({ data }) => data),
    handled: inbox.handled.map(({ data }) => data),
  }
}

/** Down: every message from the first one on, once and in order. */
export const expectAllDown = ({ heard, first, latest }: Told): void =>
  expect(heard).toEqual(Array.from({ length: latest - first + 1 }, (_, n) => first + n))

/** Up: every message acknowledged, and handled once and in order. */
export function expectAllUp({ outcomes, handled, count }: Told): void {
  expect(outcomes).toEqual({ acknowledged: count })
  expect(handled).toEqual(Array.from({ length: count }, (_, n) => n + 1))
}

/** The numbers among them that were told or are in a gap told, in the order told. */
export const accounted = (heard: Visitor['heard']): number[] =>
  heard.flatMap((one) =>
    typeof one === 'number' ? [one] : Array.from({ length: one.gap[1] - one.gap[0] + 1 }, (_, n) => one.gap[0] + n),
  )

/** Whether each is above the one before it: in order, none twice. */
export const isAscending = (list: readonly unknown[]): boolean =>
  list.every((n, i) => typeof n === 'number' && (i === 0 || n > (list[i - 1] as number)))
