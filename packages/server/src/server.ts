/** `createServer`: the public face of the core. */
import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { CloseCode, json, refuseBytes, topicName } from '@holdfast/protocol'
import type { Packet } from '@holdfast/protocol'
import { createContext } from './context.ts'
import type { Counters } from './context.ts'
import { HoldfastError } from './errors.ts'
import { createHandlers } from './handlers.ts'
import type { MessageMeta } from './handlers.ts'
import { createHub } from './hub.ts'
import type { Link, LinkEnd, LinkRequest, TransportName } from './link.ts'
import { listenHttp } from './listeners/http.ts'
import type { AttachOptions, HttpListener } from './listeners/http.ts'
import type { Appended } from './log.ts'
import { settle } from './options.ts'
import type { Identity, ServerOptions } from './options.ts'
import type { Farewell } from './farewell.ts'
import type { Session } from './session.ts'
import { inboxOf } from './topics.ts'

/** What `sessions()` tells of each session that is kept. */
export interface SessionInfo {
  /** Public name. */
  readonly id: string
  /** As `authenticate` returned it; null for an anonymous one. */
  readonly identity: Identity | null
  /** Null while it has no link. */
  readonly transport: TransportName | null
  /** When its session began, ms since 1970. */
  readonly createdAt: number
  /** When its present link was attached, ms since 1970; null while it has none. */
  readonly connectedAt: number | null
  /** Topics it receives, its inboxes included. */
  readonly subscriptions: readonly string[]
}

/** `counters` since the server was made, and what there is now. */
export interface ServerStats extends Readonly<Counters> {
  /** Sessions with a link. */
  readonly links: number
  /** Sessions kept, with a link or without. */
  readonly sessions: number
  /** Links (not tickets) that have not said hello yet. */
  readonly unauthenticated: number
  /** Topics that somebody here receives. */
  readonly topics: number
}

/** Payload of a topic by a map from topic to payload; keys may be template types. Unknown topics carry `unknown`. */
export type PayloadOf<Topics, T extends string> = T extends keyof Topics ? Topics[T] : unknown

/**
 * A Holdfast server. `Topics` maps topics to payloads, for the compiler only: what clients send is not checked against it.
 *
 * Every call that publishes or sends rejects with a `HoldfastError` for misuse (`bad-topic`, `bad-data`, `closed`) or with what the log rejects with.
 */
export interface Server<Topics = Record<string, unknown>> {
  /** Serves all transports on one path of an HTTP(S) server; every other path, request and upgrade stays with whoever has it. Returns the undo. */
  attach(server: HttpServer | HttpsServer, options?: AttachOptions): () => void
  /** Brings a link of your own, such as a simulated one. */
  accept(link: Link, request?: Partial<LinkRequest>): LinkEnd
  /**
   * Handles messages of a topic, or of all topics with a prefix (`'chat/*'`; the longest one wins). A session's messages are handled one after the other
   * in the order they were sent; with `concurrent`, the next one is started without waiting for this one. Returns the undo.
   * Throw a `RejectError` to refuse; any other error is reported, and the sender sees `handler-failed`.
   */
  onMessage<T extends (keyof Topics & string) | `${string}*`>(
    pattern: T,
    handler: (data: PayloadOf<Topics, T>, meta: MessageMeta) => unknown,
    options?: { concurrent?: boolean },
  ): () => void
  /** Appends to the topic's log and sends to all who subscribe. With an `id`, at most once while that entry is kept. */
  publish<T extends keyof Topics & string>(
    topic: T,
    data: Topics[T],
    options?: { id?: string; volatile?: false },
  ): Promise<Appended>
  /** Sends to those who can take it now; no log, no offset. */
  publish<T extends keyof Topics & string>(topic: T, data: Topics[T], options: { volatile: true }): Promise<void>
  /** Sends to one session, or to all sessions of an identity; it is kept and replayed like any topic. Rejects with `unknown-session`. */
  sendTo<T extends keyof Topics & string>(
    to: { session: string } | { identity: string },
    topic: T,
    data: Topics[T],
    options?: { id?: string },
  ): Promise<Appended>
  /**
   * Calls `fn` for each session that cannot be resumed any more: closed by its client or by `disconnect`, out of time, put out by a limit; and for
   * all of them upon `close()`. Returns the undo.
   */
  onSessionEnd(fn: (session: { readonly id: string; readonly identity: Identity | null }) => void): () => void
  /** Sessions that are kept now. */
  sessions(): SessionInfo[]
  /** Counters and gauges, as of now. */
  stats(): ServerStats
  /**
   * Closes a session's link with a code that tells the client what to do (PROTOCOL.md §9.1). 4000, the default, ends the session as well. Throws
   * `unknown-session`; where sessions are shared, one that is not on this server is looked for on the others, and `onError` is told if there is none.
   */
  disconnect(session: string, options?: { code?: number; reason?: string }): void
  /**
   * Asks all clients to move to another server within so many ms, takes no new links, and resolves when all have left; what is left then
   * is closed (they resume elsewhere). Where sessions are shared, handlers then have as long again to finish. Call `close()` after it. @default within 10_000
   */
  drain(options?: { within?: number }): Promise<void>
  /** Closes every link at once; clients come back later. Resolves when no socket, timer or listener is left. */
  close(): Promise<void>
}

/** Makes a server. It listens to nothing until `attach`. Throws `bad-option`. */
export function createServer<Topics = Record<string, unknown>>(options: ServerOptions = {}): Server<Topics> {
  const settings = settle(options)
  const context = createContext(settings)
  const handlers = createHandlers()
  const hub = createHub(context, handlers)
  const { log, clock, limits } = settings
  const { primary } = context.codecs
  const listeners = new Set<HttpListener>()
  let life: 'open' | 'draining' | 'closed' = 'open'
  let leaveBy = 0

  hub.arrivals.refuse(() => {
    if (life === 'open') return null
    const reason = life === 'draining' ? 'draining' : 'server stopping'
    const code = life === 'draining' ? CloseCode.drain : CloseCode.stopping
    return { code, reason, retryAfter: Math.max(hub.spread(), Math.ceil(leaveBy - clock.now())) }
  })

  /** What is put on the log. `isDirect`: for an inbox, whose entries name their topic (PROTOCOL.md §7.5). */
  function payload(topic: string, data: unknown, isDirect = false): Packet {
    if (life === 'closed') throw new HoldfastError('closed', 'The server has been closed.')
    if (!topicName(topic) || topic.startsWith('~'))
      throw new HoldfastError('bad-topic', `${JSON.stringify(topic)} is not a topic name that can be published to.`)
    let packet: Packet
    try {
      // Within an array, JSON would not find them.
      if (isDirect && primary === json) refuseBytes(data)
      packet = primary.encode(isDirect ? [topic, data] : data)
    } catch (cause) {
      throw new HoldfastError('bad-data', `The data for ${topic} cannot be encoded: ${String(cause)}`, { cause })
    }
    if (Buffer.byteLength(packet) > limits.message)
      throw new HoldfastError('bad-data', `The data for ${topic} is larger than limits.message.`)
    return packet
  }
  async function publish(
    topic: string,
    data: unknown,
    { id, volatile = false }: { id?: string; volatile?: boolean } = {},
  ): Promise<Appended | undefined> {
    const packet = payload(topic, data)
    if (!volatile) return log.append(topic, packet, { dedupe: id })
    hub.topics.volatile(topic, packet)
    return undefined
  }
  function sayGoodbye(farewell: Farewell, retryAfter?: number): void {
    for (const attachment of hub.attachments()) hub.close(attachment, farewell, retryAfter)
    hub.arrivals.close(farewell)
  }

  return {
    attach(server, attachOptions = {}) {
      if (life === 'closed') throw new HoldfastError('closed', 'The server has been closed.')
      const listener = listenHttp(context, hub, server, attachOptions)
      listeners.add(listener)
      return listener.detach
    },
    accept: (link, { headers = {}, url = '', remoteAddress } = {}) =>
      hub.arrivals.accept(link, { headers, url, remoteAddress }),
    onMessage: (pattern, handler, { concurrent = false } = {}) =>
      handlers.add(pattern, { handle: handler as (data: unknown, meta: MessageMeta) => unknown, concurrent }),
    publish: publish as Server<Topics>['publish'],
    async sendTo(to, topic, data, { id } = {}) {
      if ('session' in to && !hub.sessions.byId(to.session) && !(await hub.sharing?.exists(to.session)))
        throw unknownSession(to.session)
      const packet = payload(topic, data, true)
      return log.append(inboxOf(to), packet, { dedupe: id })
    },
    onSessionEnd: (fn) => hub.endings.watch(({ id, identity }) => fn({ id, identity })),
    sessions: () => [...hub.sessions.all()].map(infoOf),
    stats: () => ({
      ...context.counters,
      links: hub.sessions.attached,
      sessions: hub.sessions.size,
      unauthenticated: hub.arrivals.size,
      topics: hub.topics.size,
    }),
    disconnect(id, { code = CloseCode.stopped, reason = '' } = {}) {
      if (hub.disconnect(id, { code, reason })) return
      if (!hub.sharing) throw unknownSession(id)
      const elsewhere = hub.sharing.disconnect(id, { code, reason })
      elsewhere.then(
        (found) => found || context.report(unknownSession(id), 'disconnect'),
        (error: unknown) => context.report(error, 'disconnect'),
      )
    },
    async drain({ within = 10_000 } = {}) {
      if (life !== 'open') return
      life = 'draining'
      leaveBy = clock.now() + within
      for (const { outlet } of hub.attachments()) outlet.say(['drain', Math.floor(within)])
      await hub.left(within)
      sayGoodbye({ code: CloseCode.drain, reason: 'drained' })
      // Whoever left last has had its messages taken in just now: its handlers have as long again.
      await hub.sharing?.idle(within)
    },
    async close() {
      if (life === 'closed') return
      life = 'closed'
      for (const listener of listeners) listener.detach()
      sayGoodbye({ code: CloseCode.stopping, reason: 'server stopping' }, hub.spread())
      await hub.stop()
      await Promise.all([...listeners].map((listener) => listener.emptied()))
    },
  }
}

const unknownSession = (id: string): HoldfastError => new HoldfastError('unknown-session', `There is no session ${id}.`)

function infoOf({ id, identity, createdAt, place }: Session): SessionInfo {
  const attachment = place.state === 'attached' ? place.attachment : null
  return {
    id,
    identity,
    transport: attachment?.link.transport ?? null,
    createdAt,
    connectedAt: attachment?.attachedAt ?? null,
    subscriptions: attachment ? [...attachment.subscriptions.keys()] : [],
  }
}
