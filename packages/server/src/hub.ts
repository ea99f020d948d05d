/**
 * The core: links arrive, say hello, are attached to sessions, and leave (PROTOCOL.md §4). It knows neither sockets nor HTTP: a listener,
 * or a simulation, gives it `Link`s.
 */
import { CloseCode } from '@holdfast/protocol'
import type { Hello } from '@holdfast/protocol'
import { admitHere, subscriptionsOf } from './admission.ts'
import type { Admitted } from './admission.ts'
import { createArrivals } from './arrivals.ts'
import type { Arrivals, Entry } from './arrivals.ts'
import { createContact } from './contact.ts'
import type { Contact } from './contact.ts'
import type { Context } from './context.ts'
import { createEndings } from './endings.ts'
import type { Endings } from './endings.ts'
import type { Handlers } from './handlers.ts'
import type { Link, LinkRequest } from './link.ts'
import { whenReady } from './maybe.ts'
import type { MaybePromise } from './maybe.ts'
import type { Identity } from './options.ts'
import { createOutlet } from './outlet.ts'
import { createPump } from './replay.ts'
import { isCurrent } from './session.ts'
import { LINK_GONE, TAKEN_OVER, type Farewell } from './farewell.ts'
import type { Attachment, Session } from './session.ts'
import { createSessions } from './sessions.ts'
import type { SessionTable } from './sessions.ts'
import { createSharing } from './sharing.ts'
import type { Sharing } from './sharing.ts'
import { createTopics, inboxOf } from './topics.ts'
import type { Topics } from './topics.ts'
import { createTicker, createUpkeep } from './upkeep.ts'
import { createUplink } from './uplink.ts'
import { welcomeFrames } from './welcome.ts'

export interface Hub {
  readonly sessions: SessionTable
  readonly topics: Topics
  readonly contact: Contact
  readonly arrivals: Arrivals
  /** Closes a link with a `bye`; its session is kept. */
  close(attachment: Attachment, farewell: Farewell, retryAfter?: number): void
  /** Whose link it is, or what to answer to a request that names a link the session does not have (PROTOCOL.md §5.2). */
  owner(token: string, incarnation: number): Attachment | Farewell
  /** A `bye` by POST whose stream ended before it came: the two race when a client closes. Ends the session unless a newer link has it. */
  leave(token: string, incarnation: number): void
  /** Sessions that other servers have, too; null where none are shared. */
  readonly sharing: Sharing | null
  /** Told of each session that cannot be resumed any more. */
  readonly endings: Endings
  /** Closes its link; ends it as well for code 4000. False if it is not here. */
  disconnect(id: string, farewell: Farewell): boolean
  /** Every link that has a session. */
  attachments(): Attachment[]
  /** The announced spread of retries, in ms. */
  spread(): number
  /** Resolves when no link has a session any more, or after so many ms. */
  left(within: number): Promise<void>
  /** No timer any more. */
  stop(): Promise<void>
}

const SWEEP = 1_000

export function createHub(context: Context, handlers: Handlers): Hub {
  const { settings, counters, report } = context
  const { clock, log } = settings
  const endings = createEndings(context)
  const sessions = createSessions(context, (session, how) => {
    if (sharing) sharing.forgotten(session, how)
    else conclude(session)
  })
  const sharing =
    settings.sessions &&
    createSharing({
      context,
      store: settings.sessions,
      sessions,
      moved(session) {
        uplink.run(session)
        wake(session)
      },
      close({ place }, farewell) {
        if (place.state === 'attached') close(place.attachment, farewell, spread())
      },
      conclude,
      disconnect,
    })
  const uplink = createUplink(context, handlers, wake)
  const topics = createTopics(context, unavailable)
  const pump = createPump(context, topics, unavailable)
  const upkeep = createUpkeep(context, close)
  const ticker = createTicker(context, Math.max(5, Math.min(SWEEP, settings.beat / 10)), tick)
  const contact = createContact({
    context,
    uplink,
    topics,
    upkeep,
    close,
    end,
    detach: (attachment) => detach(attachment, null),
  })
  const arrivals = createArrivals({
    context,
    admit,
    attach,
    abandon,
    contact,
    started: ticker.start,
    retryAfter: spread,
  })

  /** There is news for its link. */
  function wake({ place }: Session): void {
    if (place.state === 'attached') place.attachment.outlet.schedule()
  }
  /** It cannot be resumed any more. */
  function conclude(session: Session): void {
    whenReady(
      () => log.forget?.(inboxOf({ session: session.id })),
      () => {},
      (error) => report(error, 'the log'),
    )
    endings.tell(session)
  }
  function disconnect(id: string, farewell: Farewell): boolean {
    const session = sessions.byId(id)
    if (session?.place.state === 'attached') close(session.place.attachment, farewell)
    if (session && farewell.code === CloseCode.stopped) sessions.end(session, farewell)
    return session !== null
  }
  function spread(): number {
    const { retrySpread } = settings
    try {
      return Math.max(0, Math.floor(typeof retrySpread === 'number' ? retrySpread : retrySpread(sessions.size)) || 0)
    } catch (error) {
      report(error, 'retrySpread')
      return 0
    }
  }
  function tick(now: number): boolean {
    for (const session of sessions.all())
      if (session.place.state === 'attached') upkeep.tend(session.place.attachment, now)
    sharing?.tend(now)
    sessions.expire(now)
    arrivals.expire(now)
    return sessions.busy || arrivals.size > 0
  }
  /** The link is dead from this instant, whatever still comes on it (PROTOCOL.md §4.4). Once it is taken over, the record is the newer link's. */
  function detach(attachment: Attachment, farewell: Farewell | null): void {
    topics.leave(attachment)
    attachment.outlet.close()
    sessions.detach(attachment.session, farewell)
    if (farewell !== TAKEN_OVER) sharing?.detached(attachment.session, farewell)
  }
  function close(attachment: Attachment, farewell: Farewell, retryAfter?: number): void {
    if (!isCurrent(attachment)) return
    detach(attachment, farewell)
    arrivals.sayBye(attachment.link, farewell, retryAfter)
  }
  /** The session itself ends. */
  function end(attachment: Attachment): void {
    detach(attachment, null)
    sessions.end(attachment.session)
    attachment.link.close(1000, '', [])
  }
  function fail(attachment: Attachment, error: unknown): void {
    report(error, 'a link')
    close(attachment, { code: CloseCode.overloaded, reason: 'server error' }, spread())
  }
  /** What a subscription needs has failed, which says nothing about the subscription: the client comes back and asks again (PROTOCOL.md §7.2). */
  function unavailable(attachment: Attachment, error: unknown, where: 'the log' | 'authorize' = 'the log'): void {
    report(error, where)
    const reason = where === 'the log' ? 'the log is not available' : 'server error'
    close(attachment, { code: CloseCode.overloaded, reason }, spread())
  }

  function makeAttachment(session: Session, link: Link, request: LinkRequest, incarnation: number): Attachment {
    const now = clock.now()
    const outlet = createOutlet(
      context,
      { link, codec: session.codec },
      {
        fill() {
          // Acks wait for a link that takes nothing: results told again and again must not pile up there. It says when it has drained.
          session.journal?.sync()
          if (link.buffered <= settings.limits.buffered) for (const frame of uplink.acks(session)) outlet.push(frame)
          pump(attachment)
        },
        flushed() {
          // The network took it all at once, so the link will not say `drained`: go on, but let others have their turn first.
          if (attachment.behind.size && attachment.reading === 'idle' && outlet.queued < settings.limits.replayBytes)
            clock.after(0, outlet.schedule)
        },
        failed: (error) => fail(attachment, error),
      },
    )
    const attachment: Attachment = {
      session,
      link,
      request,
      incarnation,
      outlet,
      attachedAt: now,
      authenticatedAt: now,
      credentials: { shown: 0, pending: 0 },
      asking: 0,
      subscriptions: new Map(),
      behind: new Set(),
      reading: 'idle',
      lastPost: 0,
      heardAt: now,
      nextBeatAt: upkeep.firstBeat(now),
      nextTop: 0,
      nack: { serial: 0, times: 0, at: 0 },
      progress: { at: now, buffered: 0 },
      renewal: 'none',
    }
    return attachment
  }
  function admit(link: Link, hello: Hello, identity: Identity | null): MaybePromise<Admitted | Farewell> {
    if (sharing) return sharing.admit(link, hello, identity)
    return admitHere(sessions, link, hello, identity)
  }
  /** Its link has gone before it was attached. */
  function abandon({ session }: Admitted): void {
    if (!session.incarnation) sessions.end(session)
    else if (session.place.state === 'detached') sharing?.detached(session, session.place.farewell)
  }
  function attach(
    link: Link,
    request: LinkRequest,
    hello: Hello,
    { admitted: { session, former }, identity }: Entry,
  ): Attachment {
    const resumed = session.incarnation > 0
    if (session.place.state === 'attached') {
      counters.takeovers++
      close(session.place.attachment, TAKEN_OVER)
    }
    session.incarnation = hello.incarnation
    session.identity = identity
    const attachment = makeAttachment(session, link, request, hello.incarnation)
    sessions.attach(session, attachment)
    counters.attached++
    if (resumed) counters.resumed++
    for (const frame of welcomeFrames(context, { session, former, resumed, retrySpread: spread() }))
      attachment.outlet.push(frame)
    session.intake.retell()
    if (resumed) for (const frame of uplink.acks(session, true)) attachment.outlet.push(frame)
    contact.subscribeAll(attachment, subscriptionsOf(session, hello))
    // Closed before its welcome went out: nobody knows of this session, and it would take the place of one that is used.
    if (!resumed && !isCurrent(attachment)) sessions.end(session)
    uplink.run(session)
    ticker.start()
    return attachment
  }

  return {
    sessions,
    topics,
    contact,
    arrivals,
    close,
    endings,
    spread,
    owner(token, incarnation) {
      const session = sessions.find(token)
      if (session?.place.state === 'attached' && session.place.attachment.incarnation === incarnation)
        return session.place.attachment
      if (session && incarnation < session.incarnation) return TAKEN_OVER
      const place = session && incarnation === session.incarnation ? session.place : null
      return (place && 'farewell' in place && place.farewell) || LINK_GONE
    },
    leave(token, incarnation) {
      const session = sessions.find(token)
      if (session?.place.state === 'detached' && session.incarnation === incarnation) sessions.end(session)
    },
    sharing,
    disconnect,
    attachments: () =>
      [...sessions.all()].flatMap(({ place }) => (place.state === 'attached' ? [place.attachment] : [])),
    left: (within) =>
      new Promise((resolve) => {
        const end = (): void => {
          undo()
          unwait()
          resolve()
        }
        const undo = clock.after(within, end)
        const unwait = sessions.whenDeserted(end)
      }),
    async stop() {
      ticker.stop()
      if (sharing) await sharing.stop()
      else for (const session of sessions.all()) endings.tell(session)
      await log.close?.()
    },
  }
}
