/**
 * The driver: the only part that acts. It feeds events to `transition`, commits the state, runs the effects, re-arms the one timer, then
 * emits. Imports no transport and no registry.
 */
import { PROTOCOL_ERROR, UNAUTHENTICATED, blamesMessage } from '@holdfast/protocol'
import { transition } from './connection.ts'
import type { About, Session, Wire } from './dialect.ts'
import { createEmitter, type Emitter } from './emitter.ts'
import { HoldfastError, closedBy } from './errors.ts'
import type { Settings } from './options.ts'
import { createPolicy } from './policy.ts'
import { createSender, type Sender } from './sender.ts'
import { deadline, initial, statusOf, type Effect, type Event, type State } from './state.ts'
import { createTopics, type Topics } from './topics.ts'
import type { Cause, Link } from './transport.ts'
import type { Snapshot } from './types.ts'
import { createView, type InnerEvents } from './view.ts'

/** One connection without leases: what handles are made of. */
export interface Driver {
  readonly url: string
  readonly settings: Settings
  readonly emitter: Emitter<InnerEvents>
  readonly topics: Topics
  readonly sender: Sender
  snapshot(): Snapshot
  guard(call: () => void): void
  dispatch(event: Event): void
  reauthenticate(): Promise<void>
  report(code: string, message: string, cause?: unknown): void
}

/** A link and the wire it speaks; `link` is null only while its transport is opening it. */
interface Attached {
  readonly name: string
  readonly wire: Wire
  link: Link | null
}

export function createDriver(url: string, settings: Settings): Driver {
  const { clock, dialect, transports, logger, auth } = settings
  const policy = createPolicy(settings)
  let state: State = initial
  /** The state that this step has left. */
  let before: State = initial
  let current: Attached | null = null
  /** A better transport that is tried beside the link. */
  let candidate: Attached | null = null
  let credential = policy.credential === 'fixed' ? auth : undefined
  /** Why the last link or attempt ended; null while open. */
  let cause: Cause | null = null
  let armed = { at: Infinity, cancel: () => {} }
  let stopListening: (() => void) | null = null

  // ---- events -> state -> effects -> timer -> emit

  /** Events that arise while one is being handled wait for their turn. */
  const queue: Event[] = []
  function dispatch(event: Event): void {
    if (queue.push(event) > 1) return
    for (; queue.length; queue.shift()) step(queue[0]!)
  }
  function step(event: Event): void {
    before = state
    const [next, ...effects] = transition(state, event, clock.now(), policy)
    state = next
    if ('cause' in next) cause = next.cause
    else if (next.at === 'open') cause = null
    for (const effect of effects) act(effect)
    if (next === before) return
    if (next.at === 'closed' || next.at === 'idle') rest()
    else if (!stopListening) {
      stopListening = settings.environment((signal) => dispatch({ type: signal }))
      sender.close('')
    }
    arm()
    touch()
    announce(statusOf(before))
  }
  /** Nobody is at the wheel: listen to nothing. What is closed will settle nothing by itself any more. */
  function rest(): void {
    stopListening?.()
    stopListening = null
    if (state.at === 'closed') sender.close(cause ? 'connection-closed' : 'closed')
  }
  /** One timer for everything. One that is early enough is left alone: it will find nothing due, and be armed again. */
  function arm(): void {
    const at = Math.min(deadline(state), sender.outbox.expiresAt)
    if (at >= armed.at && at < Infinity) return
    armed.cancel()
    armed = { at, cancel: at < Infinity ? clock.after(Math.max(at - clock.now(), 0), due) : () => {} }
  }
  function due(): void {
    armed = { at: Infinity, cancel: () => {} }
    sender.outbox.expire(clock.now())
    dispatch({ type: 'due' })
    arm()
  }
  function announce(was: string): void {
    const status = statusOf(state)
    if (status === was) return
    emitter.emit('status', status)
    if (status !== 'closed') return
    if (cause) tellError(closedBy(cause))
    emitter.emit('close', { cause })
  }
  /** What is not ours may throw: that is reported, and stops nobody else. */
  function guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      report('listener-failed', 'A listener has thrown.', error)
    }
  }
  const emitter = createEmitter<InnerEvents>(guard)
  function report(code: string, message: string, why?: unknown): void {
    tellError(new HoldfastError(code, message, { cause: why }))
  }
  function tellError(error: HoldfastError): void {
    if (error.code !== 'listener-failed' && emitter.has('error')) emitter.emit('error', error)
    else logger.error(error)
  }

  // ---- effects

  function act(effect: Effect): void {
    switch (effect[0]) {
      case 'authorize':
        return void authorize(state)
      case 'open':
        return attach(effect[1], false)
      case 'drop':
        return drop()
      case 'ping':
        return session.ping()
      case 'forget':
        return session.forget()
      case 'prove':
        return attach(effect[1], true)
      case 'abandon':
        candidate?.link?.close()
        candidate = null
        return
      case 'promote':
        current?.link?.close()
        current = candidate
        candidate = null
        sender.discard()
        current?.link?.send([session.claim!(credential)])
    }
  }
  function drop(): void {
    // Closed by the user: the server need not keep the session. A link that was not open yet has none to end.
    const bye = state.at === 'closed' && !cause && isOpen(before) ? session.bye() : null
    current?.link?.close(bye ? [bye] : undefined)
    current = null
    session.unlinked?.()
    sender.discard()
    act(['abandon'])
  }
  /** Its answer counts only while that very attempt waits for it. */
  async function authorize(asked: State): Promise<void> {
    try {
      const fresh = policy.credential === 'fixed' ? auth : await (auth as () => unknown)()
      if (state !== asked) return
      credential = fresh
      dispatch({ type: 'authorized' })
    } catch (error) {
      // It may have thrown at once: who has just made the client must hear it.
      await Promise.resolve()
      if (state !== asked) return
      const refused = (error as { code?: unknown } | null)?.code === 'auth-refused'
      if (!refused) report('auth-failed', 'auth() has thrown.', error)
      dispatch({
        type: refused ? 'refused' : 'unauthorized',
        cause: { code: UNAUTHENTICATED, reason: String(error) },
      })
    }
  }
  /** Opens the link, or one beside it to be tried first. */
  function attach(tier: number, isTrial: boolean): void {
    const transport = transports[tier]!
    try {
      const wire = isTrial ? session.trial!() : session.wire(credential)
      const me: Attached = { name: transport.name, wire, link: null }
      if (isTrial) candidate = me
      else current = me
      me.link = transport.open(
        { url, wire: me.wire, clock, random: settings.random },
        {
          opened() {
            if (me !== current) return
            dispatch({ type: 'opened' })
            session.linked?.()
          },
          received: (packet, about) => received(me, packet, about),
          heard: (id) => me === current && isOpen() && (session.heard?.(id), dispatch({ type: 'received' })),
          sent: (frames) => me === current && session.sent?.(frames),
          dropped: (why) => lost(me, why),
        },
      )
    } catch (error) {
      const why = { code: 0, reason: transport.name + ': ' + String(error) }
      if (isTrial) return dispatch({ type: 'disproved' })
      const asked = state
      // Who has just made the client must hear that it is closed.
      void Promise.resolve().then(() => state === asked && dispatch({ type: 'unusable', cause: why }))
    }
  }
  function lost(me: Attached | null, why: Cause): void {
    if (me && me === candidate) dispatch({ type: 'disproved' })
    if (!me || me !== current) return
    // Once, not with every attempt that finds the same.
    if (why.fault && why.fault !== cause?.fault) report(why.fault, why.reason)
    if (isOpen()) sender.outbox.dropped(blamesMessage(why.code))
    dispatch({ type: 'dropped', cause: session.judge?.(why) ?? why })
  }
  const isOpen = ({ at } = state): boolean => at === 'open' || at === 'probing'

  function received(me: Attached, packet: unknown, about?: About): void {
    if (me !== current && me !== candidate) return
    const items = me.wire.decode(packet, about)
    if ('malformed' in items) return lost(me, { code: PROTOCOL_ERROR, reason: 'Malformed packet: ' + items.malformed })
    if (me === candidate) return items.some(session.proves!) ? dispatch({ type: 'proved' }) : undefined
    if (isOpen()) dispatch({ type: 'received' })
    for (const item of items) {
      // A handler may have closed or replaced the link meanwhile.
      if (me !== current) return
      session.incoming(item)
    }
    sender.schedule()
  }

  // ---- parts

  async function reauthenticate(): Promise<void> {
    if (policy.credential === 'renewable') credential = await (auth as () => unknown)()
    if (isOpen()) return session.authenticate(credential)
  }
  const { snapshot, touch } = createView(emitter, () => ({
    status: statusOf(state),
    transport: isOpen() || state.at === 'moving' ? current!.name : null,
    attempt: 'course' in state ? state.course.attempt : 0,
    retryAt: state.at === 'waiting' || state.at === 'offline' ? state.by : null,
    cause,
    roundTrip: session.roundTrip,
    pending: sender.outbox.pending,
    pendingBytes: sender.outbox.pendingBytes,
    resumed: session.resumed,
  }))

  const sender = createSender({
    settings,
    session: () => session,
    outlet: () => (isOpen() ? (frames) => current?.link?.send(frames) : null),
    changed() {
      arm()
      touch()
    },
  })
  const topics = createTopics({
    ask: (topic, position) => session.subscribe(topic, position),
    leave: (topic) => session.unsubscribe(topic),
    message: (message) => emitter.emit('message', message),
    gap: (gap) => emitter.emit('gap', gap),
  })
  const session: Session = dialect.session({
    url,
    settings,
    report,
    outbox: sender.outbox,
    topics,
    dispatch,
    push: (frame) => current && sender.push(frame),
    changed: touch,
    gap: (gap) => emitter.emit('gap', gap),
    lost: (why) => lost(current, why),
    renew: () => void reauthenticate().catch((error: unknown) => report('auth-failed', 'auth() has thrown.', error)),
    denied: (topic, code, message) => report('subscription-denied', `${topic}: ${message} (${code})`),
    welcomed(terms, pulse) {
      const me = current!
      const transport = me.name
      sender.welcome(terms)
      dispatch({ type: 'welcomed', pulse })
      // Each listener may have closed or replaced the link.
      if (me === current) emitter.emit('transport', transport)
      if (me === current) emitter.emit('open', { resumed: session.resumed, transport })
    },
  })

  return { url, settings, emitter, topics, sender, snapshot, dispatch, reauthenticate, report, guard }
}
