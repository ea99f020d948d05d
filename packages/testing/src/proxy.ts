// The public face of the proxy: options, methods, and the wiring to what does the work.
import { createEventLog } from './event-log.ts'
import type { EventFilter, ProxyEvent, UntilOptions } from './events.ts'
import type { Classify } from './exchange.ts'
import { createHub, type ConnectionInfo, type CutOptions } from './hub.ts'
import type { Ending, Rule } from './rules.ts'
import { createTally, type Counters } from './tally.ts'
import { createTimers } from './timers.ts'

/** Where something listens. A bare number is a port on 127.0.0.1. */
export type Target = number | { host?: string; port: number }

/** Options of `faultProxy()`. */
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

/** A running proxy. */
export interface FaultProxy extends AsyncDisposable {
  /** Address it listens on. */
  readonly host: string
  /** Port it listens on. */
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
  let target = toTarget(options.target)
  let standDown = (): void => {}
  const hub = createHub({
    events,
    timers,
    track: tally.track,
    countBytes: tally.countBytes,
    target: () => target,
    random: options.random ?? Math.random,
    classify: options.classify ?? (() => undefined),
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
  })
  const { host, port } = await hub.listen()

  const proxy: FaultProxy = {
    host,
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    rule: hub.rule,
    cut: hub.cut,
    down({ how = 'reset' } = {}) {
      standDown()
      standDown = hub.rule({ fault: 'refuse', how })
      hub.cut({ how: how === 'end' ? 'end' : 'reset' })
    },
    async up() {
      standDown()
      await hub.reopen()
    },
    calm: hub.calm,
    retarget(next) {
      target = toTarget(next)
    },
    get rules() {
      return hub.rules()
    },
    get connections() {
      return hub.connections()
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
      hub.close()
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
