// The proxy: a port, the links behind it, and the switchboard for faults.
import type { Socket } from 'node:net'
import type { FaultProxyError } from './errors.ts'
import { createEventLog, type EventFilter, type ProxyEvent, type UntilOptions } from './events.ts'
import type { Classify } from './exchange.ts'
import { createLink, type Link, type Shared } from './link.ts'
import { createListener } from './listener.ts'
import { createRulebook, matchesExchange, type Standing } from './rulebook.ts'
import type { Aim, Ending, Kind, Rule } from './rules.ts'
import { createTally, type Counters } from './tally.ts'
import { createTimers } from './timers.ts'
import { runUpstream } from './upstream.ts'

/** Where something listens. A bare number is a port on 127.0.0.1. */
export type Target = number | { host?: string; port: number }

export interface FaultProxyOptions {
  /** What the proxy stands in front of. It need not be up yet. */
  target: Target
  /** Port to listen on. @default 0: any free one */
  port?: number
  /** Address to listen on. @default '127.0.0.1' */
  host?: string
  /** Names the kind of each request; return `undefined` to leave it to the proxy. Called once per request, with its body. */
  classify?: Classify
  /** How many events of each type are kept. @default 2000 */
  keptEvents?: number
  /** Source of jitter, from 0 up to 1. @default Math.random */
  random?: () => number
}

export interface CutOptions extends Pick<Aim, 'kind' | 'path' | 'connection' | 'when'> {
  /** @default 'end' */
  how?: Ending
  /**
   * Whose connection ends. The side that is spared learns nothing and hears nothing any more: cut the client's side and the
   * server goes on believing in the link. @default 'both'
   */
  side?: 'client' | 'target' | 'both'
}

/** A client connection as it is now. */
export interface ConnectionInfo {
  readonly id: number
  /** Of its exchange, or of the last one while it is idle; undefined before the first. */
  readonly kind: Kind | undefined
  readonly path: string | undefined
}

export interface FaultProxy extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** `http://host:port` */
  readonly url: string
  /**
   * Puts a fault in force until the returned function is called (which may be done more than once).
   * Throws `bad-rule`.
   */
  rule(rule: Rule): () => void
  /** Ends live connections, all or those whose present (if idle: last) exchange matches. Returns how many. */
  cut(options?: CutOptions): number
  /** Cuts everything and refuses what comes, until `up()` or `calm()`. @default how 'reset' */
  down(options?: { how?: Ending | 'closed' }): void
  /** Undoes `down()`. Resolves when connections are accepted again; rejects with `cannot-listen`. */
  up(): Promise<void>
  /** Undoes every rule, `down()` included: held bytes are released, hung requests go on. */
  calm(): void
  /** Connections to the target made from now on go there. */
  retarget(target: Target): void
  /** The rules in force. */
  readonly rules: readonly Rule[]
  readonly connections: readonly ConnectionInfo[]
  /** The latest events, oldest first. */
  readonly events: readonly ProxyEvent[]
  /** The index of the latest event, for `since`. */
  mark(): number
  /** Calls `fn` for each event from now on; returns the undo. */
  on(fn: (event: ProxyEvent) => void): () => void
  /**
   * Resolves with the event that completes what is asked for: one that the list still holds or one to come.
   * Rejects with `timed-out` or `closed`.
   */
  until(what: EventFilter | ((event: ProxyEvent) => boolean), options?: UntilOptions): Promise<ProxyEvent>
  /** Totals since the start and what is open now. A fresh copy. */
  readonly counters: Counters
  /** Ends everything at once and resolves when no socket and no timer is left. */
  close(): Promise<void>
}

/**
 * Starts a TCP proxy that understands HTTP/1.1 and WebSocket just enough to break them where it hurts.
 * Rejects with `cannot-listen`. TLS and HTTP/2 pass through as `raw`.
 *
 * ```ts
 * const proxy = await faultProxy({ target: 8080 })
 * const undo = proxy.rule({ fault: 'fail', kind: 'post', nth: 1 })   // the next POST gets a 502
 * await proxy.until({ type: 'fault', fault: 'fail' })
 * ```
 */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const timers = createTimers()
  const events = createEventLog(options.keptEvents ?? 2_000, timers)
  const tally = createTally()
  events.on(tally.observe)
  const links = new Map<number, Link>()
  const rules = createRulebook(onRule)
  let target = toTarget(options.target)
  let lastConnection = 0
  let lastExchange = 0
  let standDown = (): void => {}

  const shared: Shared = {
    events,
    rules,
    timers,
    random: options.random ?? Math.random,
    target: () => target,
    track: tally.track,
    countBytes: tally.countBytes,
  }

  function onRule(standing: Standing, action: 'made' | 'undone'): void {
    const { fault } = standing.rule
    events.add({ type: 'rule', action, fault, rule: standing.id })
    if (rules.portClosed()) listener.shut()
    else listener.open().catch(noteUnlessClosed)
    for (const link of links.values()) {
      if (fault === 'black-hole' && action === 'undone' && link.lossy()) link.cut('reset')
      link.wake()
    }
  }

  // Undoing a rule of a closed proxy is harmless; a lost port is worth knowing.
  function noteUnlessClosed(error: FaultProxyError): void {
    if (error.code !== 'closed') events.add({ type: 'error', message: String(error) })
  }

  function accept(socket: Socket): void {
    const id = ++lastConnection
    events.add({ type: 'connection', connection: id })
    const link = createLink(id, socket, shared, () => links.delete(id))
    links.set(id, link)
    const refuse = rules.take('refuse', { connection: id }, ({ how }) => how !== 'closed')
    if (refuse !== null) {
      link.report('refuse', refuse)
      return link.cut(refuse.rule.how === 'end' ? 'end' : 'reset')
    }
    const classify = options.classify ?? (() => undefined)
    runUpstream(link, { classify, nextExchange: () => ++lastExchange }).catch(link.fail)
  }

  const listener = createListener(options.host ?? '127.0.0.1', options.port ?? 0, accept)
  const { host, port } = await listener.open()

  const proxy: FaultProxy = {
    host,
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    rule: (rule) => rules.add(rule, lastConnection).undo,
    cut({ how = 'end', side = 'both', connection, ...aim } = {}) {
      const struck = [...links.values()].filter(
        (link) => (connection ?? link.id) === link.id && matchesExchange(aim, link.exchange ?? undefined),
      )
      for (const link of struck) {
        link.report('cut', null, { detail: `${how}, ${side}` })
        link.cut(how, side)
      }
      return struck.length
    },
    down({ how = 'reset' } = {}) {
      standDown()
      standDown = proxy.rule({ fault: 'refuse', how })
      proxy.cut({ how: how === 'end' ? 'end' : 'reset' })
    },
    async up() {
      standDown()
      if (!rules.portClosed()) await listener.open()
    },
    calm: () => rules.clear(),
    retarget(next) {
      target = toTarget(next)
    },
    get rules() {
      return rules.list()
    },
    get connections() {
      return [...links.values()].map(({ id, exchange }) => ({ id, kind: exchange?.kind, path: exchange?.path }))
    },
    get events() {
      return events.list()
    },
    mark: events.mark,
    on: events.on,
    until: events.until,
    get counters() {
      return tally.read()
    },
    async close() {
      listener.close()
      for (const link of links.values()) link.destroy()
      tally.destroyAll()
      events.close()
      timers.clear()
      await tally.allClosed()
      timers.clear()
    },
    [Symbol.asyncDispose]: () => proxy.close(),
  }
  return proxy
}

const toTarget = (target: Target): { host: string; port: number } =>
  typeof target === 'number' ? { host: '127.0.0.1', port: target } : { host: '127.0.0.1', ...target }
