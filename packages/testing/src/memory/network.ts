// The public face of a network in memory.
import type { Signal, Transport } from '@holdfast/client'
import type { Codec } from '@holdfast/protocol'
import type { Server, TransportName } from '@holdfast/server'
import { createEventLog } from '../event-log.ts'
import { describe } from '../errors.ts'
import type { EventFilter, ProxyEvent, UntilOptions } from '../events.ts'
import type { ConnectionInfo, CutOptions } from '../hub.ts'
import { createRulebook, matchesExchange, type Standing } from '../rulebook.ts'
import type { RefuseRule, Rule } from '../rules.ts'
import { seeded } from '../seeded.ts'
import { virtualClock, type VirtualClock } from '../virtual-clock.ts'
import { createConnection, type Common, type Connection } from './connection.ts'
import { listenFor } from './holdfast-end.ts'
import type { SocketServer } from './socket.ts'
import { memoryTransport, type Dialler } from './transport.ts'
import { webSocketClass, type MemoryWebSocket } from './web-socket.ts'

type Fault = 'delay' | 'black-hole' | 'hold' | 'mute' | 'drop-frame' | 'duplicate-frame' | 'delay-frame'

/** Rules of the fault proxy that mean the same in memory. The `kind` of a connection is the name of its transport; frames are messages. */
export type MemoryRule = Extract<Rule, { fault: Fault }> | Omit<RefuseRule, 'how'>

/** Which connections end. A side that is spared learns nothing, and goes on believing in the link. */
export type MemoryCutOptions = Omit<CutOptions, 'how'>

/** Options of `memoryNetwork()`. */
export interface MemoryNetworkOptions {
  /** @default a new one */
  clock?: VirtualClock
  /** Of `random`. @default 1 */
  seed?: number
  /** How many events of each type are kept. @default 2000 */
  keptEvents?: number
}

/** Clients and servers in one process, and what goes wrong between them. Its words are those of the fault proxy. */
export interface MemoryNetwork {
  /** Moves everything. */
  readonly clock: VirtualClock
  /** The same numbers in each run. */
  readonly random: () => number
  /** For a client: `createClient('https://app.test/realtime', network.clientOptions)`. One transport, the WebSocket of this network. */
  readonly clientOptions: {
    readonly transports: readonly Transport[]
    readonly clock: VirtualClock
    readonly random: () => number
    readonly environment: (emit: (signal: Signal) => void) => () => void
  }
  /** For a server: `createServer(network.serverOptions)`. */
  readonly serverOptions: { readonly clock: VirtualClock; readonly random: () => number }
  /** A class for `webSocket({ WebSocket })`, and for code that makes its own sockets. */
  readonly WebSocket: new (url: string | URL, protocols?: string | readonly string[]) => MemoryWebSocket
  /** A transport for a client. Give several, by name, to see it fall back; all of them carry messages as a WebSocket does. @default 'webSocket' */
  transport(name?: TransportName): Transport
  /**
   * What new connections reach from now on, whatever their URL: a Holdfast server (`codecs`: those that it has beside JSON), a scripted server, or a
   * function that gets each bare socket. Returns the undo, after which connections are refused, as they are at first.
   */
  attach(server: Pick<Server, 'accept'> | SocketServer, options?: { codecs?: readonly Codec[] }): () => void
  /** Tells all clients what a page would: `offline`, `online`, `hidden`, `visible`, `frozen`, `resumed`. */
  signal(signal: Signal): void
  /** Puts a fault in force until the returned function is called (which may be done more than once). Throws `bad-rule`. */
  rule(rule: MemoryRule): () => void
  /** Loses live connections, all or those that match; what is on its way is lost. Returns how many. */
  cut(options?: MemoryCutOptions): number
  /** Loses everything and refuses what comes, until `up()` or `calm()`. */
  down(): void
  /** Undoes `down()`. */
  up(): void
  /** Undoes every rule, `down()` included: what was held is released. */
  calm(): void
  /** The rules in force. */
  readonly rules: readonly MemoryRule[]
  /** Connections that at least one side believes in. */
  readonly connections: readonly ConnectionInfo[]
  /** The latest events, oldest first. */
  readonly events: readonly ProxyEvent[]
  /** The index of the latest event, for `since`. */
  mark(): number
  /** Calls `fn` for each event from now on; returns the undo. */
  on(fn: (event: ProxyEvent) => void): () => void
  /**
   * Lets time pass until what is asked for has happened, and resolves with the event that completes it: one that the list still holds or one
   * to come. Rejects with `timed-out`, by default after 300_000 ms of virtual time.
   */
  until(what: EventFilter | ((event: ProxyEvent) => boolean), options?: UntilOptions): Promise<ProxyEvent>
}

/**
 * A network between clients and a server of one process: virtual time, seeded chance, and faults on command. Nothing waits for real.
 *
 * ```ts
 * const network = memoryNetwork()
 * const server = createServer(network.serverOptions)
 * network.attach(server)
 * const client = createClient('https://app.test/realtime', network.clientOptions)
 * await network.clock.until(client.ready())
 * network.cut()
 * await network.clock.until(() => client.status === 'open')
 * ```
 */
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const { clock = virtualClock(), seed = 1, keptEvents = 2_000 } = options
  const random = seeded(seed)
  const startedAt = clock.now()
  const timers = { now: () => clock.now() - startedAt, after: clock.after }
  const events = createEventLog(keptEvents, timers)
  const rules = createRulebook({
    changed: onRule,
    failed: (error) => events.add({ type: 'error', message: describe(error) }),
  })
  const connections = new Map<number, Connection>()
  const pages = new Set<{ emit(signal: Signal): void }>()
  let serve: SocketServer | null = null
  let made = 0
  let standDown = (): void => {}
  const common: Common = { rules, events, timers, random, server: () => serve }

  function onRule({ id, rule: { fault } }: Standing, action: 'made' | 'undone'): void {
    events.add({ type: 'rule', action, fault, rule: id })
    for (const connection of connections.values()) {
      // As a network that has forgotten it.
      if (fault === 'black-hole' && action === 'undone' && connection.lossy()) connection.cut('both')
      connection.wake()
    }
  }
  const dial: Dialler = (request, tell) => {
    const id = ++made
    const connection = createConnection(id, request, common, tell, () => connections.delete(id))
    connections.set(id, connection)
    return connection.client
  }
  function cut({ side = 'both', connection, ...aim }: MemoryCutOptions = {}): number {
    const struck = [...connections.values()].filter(
      ({ exchange }) => (connection ?? exchange.id) === exchange.id && matchesExchange(aim, exchange),
    )
    for (const { exchange, cut: lose } of struck) {
      const { id, kind } = exchange
      events.add({ type: 'fault', fault: 'cut', connection: id, exchange: id, kind, detail: side })
      lose(side)
    }
    return struck.length
  }
  function environment(emit: (signal: Signal) => void): () => void {
    const page = { emit }
    pages.add(page)
    return () => void pages.delete(page)
  }
  const transport = (name: TransportName = 'webSocket'): Transport => memoryTransport(dial, name)

  return {
    clock,
    random,
    clientOptions: { transports: [transport()], clock, random, environment },
    serverOptions: { clock, random },
    WebSocket: webSocketClass(dial),
    transport,
    attach(server, { codecs = [] } = {}) {
      const mine = typeof server === 'function' ? server : listenFor(server, codecs)
      serve = mine
      return () => {
        if (serve === mine) serve = null
      }
    },
    signal: (signal) => [...pages].forEach(({ emit }) => emit(signal)),
    rule: (rule) => rules.add(rule, made).undo,
    cut,
    down() {
      standDown()
      standDown = rules.add({ fault: 'refuse' }, made).undo
      cut()
    },
    up: () => standDown(),
    calm: rules.clear,
    get rules() {
      return rules.list() as MemoryRule[]
    },
    get connections() {
      return [...connections.values()].map(({ exchange: { id, kind, path } }) => ({ id, kind, path }))
    },
    get events() {
      return events.list()
    },
    mark: events.mark,
    on: events.on,
    until: (what, { timeout = 300_000, ...since } = {}) =>
      clock.until(events.until(what, { timeout, ...since }), { within: timeout + 1 }),
  }
}
