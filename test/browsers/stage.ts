// One case: a browser's tab, a server, the network between them, and steady traffic both ways. What must hold in every case is here.
import type { Browser, Tab } from './drivers/browser.ts'
import type { Host } from './host.ts'
import type { Network } from './network.ts'
import type { Glance, Plan, Record, Sockets, Taken } from './traffic.ts'

export interface Visitor {
  glance(): Promise<Glance>
  record(): Promise<Record>
  /** Resolves with what was seen when it holds. Rejects when the page cannot be asked, or it does not hold, for `within` ms. */
  until(holds: (glance: Glance) => boolean, what: string, within: number): Promise<Glance>
  /** Until a message has been heard that came after `at`. */
  hears(at: number, within: number): Promise<Glance>
  /** Ends the traffic and sees that nothing was lost, doubled, out of order or untrue. */
  settles(): Promise<Record>
}

export interface Stage {
  readonly browser: Browser
  readonly tab: Tab
  readonly host: Host
  readonly network: Network
  /** The page's client of `/realtime`, which has been open and has had messages both ways. */
  readonly visitor: Visitor
  /** Another one, of the same page or of another tab. */
  enter(name: string, plan?: Partial<Plan>, tab?: Tab): Promise<Visitor>
  /** For the results, beside the time of the whole. */
  figure(name: string, value: number): void
}

export const sockets = ({ tab }: Stage): Promise<Sockets> => tab.evaluate<Sockets>('rig.sockets()')

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Throws what a case has found. */
export function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

/** ms that a command of a driver may take: one that the stopped page will never answer counts as no answer. */
const COMMAND = 5_000

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = new AbortController()
  const limit = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the page does not answer')), COMMAND)
    late.signal.addEventListener('abort', () => clearTimeout(timer))
  })
  return Promise.race([answer, limit]).finally(() => late.abort())
}

/** Looks until it holds. What throws does not hold yet: a page that is being loaded cannot be asked. */
export async function until<T>(
  look: () => Promise<T>,
  holds: (value: T) => boolean,
  what: string,
  within: number,
): Promise<T> {
  const end = Date.now() + within
  let last: unknown
  for (;;) {
    try {
      const value = await inTime(look())
      if (holds(value)) return value
      last = value
    } catch (error) {
      last = String(error)
    }
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}; last seen: ${JSON.stringify(last)}`)
    await pause(50)
  }
}

/** The page can be asked. */
export const loaded = (tab: Tab): Promise<string> =>
  until(
    () => tab.evaluate<string>('typeof rig'),
    (type) => type === 'object',
    'the page',
    20_000,
  )

const numbers = (count: number): string => Array.from({ length: count }, (_, n) => n).join()

/** The promises, on what the page and the server have seen. A page that has gone took what it knew of its last sends with it. */
function judge(record: Record, taken: Taken): void {
  const { sent, outcomes, heard, gaps, lives } = record
  const { handled, published, redelivered } = taken
  const seen = new Set(handled)
  check(seen.size === handled.length, `handled twice: ${handled.filter((n, at) => handled.indexOf(n) !== at).join()}`)
  check(
    handled.every((n, at) => at === 0 || n > handled[at - 1]!),
    `handled out of order: ${handled.join()}`,
  )
  check(redelivered === 0, `${redelivered} redelivered by a server that has never died`)
  for (let n = 0; n < sent; n++) {
    const outcome = outcomes[n] ?? 'none'
    check(outcome === 'acknowledged' || lives > 1, `message ${n}: ${outcome}`)
    check(outcome !== 'acknowledged' || seen.has(n), `message ${n} acknowledged, but never handled`)
    check(outcome !== 'not-sent' || !seen.has(n), `message ${n} handled, but said not to be sent`)
  }
  check(gaps === 0, `${gaps} gaps, though the log had everything`)
  check(heard.join() === numbers(published), `heard ${heard.length} of ${published}: ${heard.join()}`)
}

interface Post {
  readonly tab: Tab
  readonly host: Host
  readonly name: string
  readonly path: string
}

export function createVisitor({ tab, host, name, path }: Post): Visitor {
  const ask = <T>(method: string): Promise<T> => tab.evaluate<T>(`rig.${method}(${JSON.stringify(name)})`)
  const visitor: Visitor = {
    glance: () => ask('glance'),
    record: () => ask('record'),
    until: (holds, what, within) => until(visitor.glance, holds, what, within),
    hears: (at, within) => visitor.until(({ lastHeardAt }) => lastHeardAt > at, 'a message', within),
    async settles() {
      await until(
        () => tab.evaluate(`rig.rest(${JSON.stringify(name)}) ?? true`),
        Boolean,
        'a page that answers',
        20_000,
      )
      const { published } = await host.tell({ do: 'rest', path })
      const isDone = ({ heard, sent, settled, lives }: Glance): boolean =>
        heard >= published && (settled === sent || lives > 1)
      await visitor.until(isDone, `all outcomes, and all ${published} messages`, 60_000)
      const record = await visitor.record()
      judge(record, await host.tell({ do: 'tell', path }))
      return record
    },
  }
  return visitor
}
