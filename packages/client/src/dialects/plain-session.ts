/** The session with a server that has none: keeps what was acknowledged and what was had, and says it anew on each link. PURE. */
import type { Packet, Result } from '@holdfast/protocol'
import { json } from '../codecs/json.ts'
import type { Host, Parcel, Session } from '../dialect.ts'
import { HoldfastError } from '../errors.ts'
import { clampPulse } from '../policy.ts'
import type { Cause } from '../transport.ts'
import { createStreams } from './plain-streams.ts'
import { createPlainWire, type Item } from './plain-wire.ts'
import type { PlainOptions, PlainWelcome } from './plain.ts'

/** Nothing is known of what the server can take. */
const LIMITS = {
  message: Infinity,
  packet: Infinity,
  inFlight: Infinity,
  inFlightBytes: Infinity,
  subscriptions: Infinity,
}

export function createPlainSession(host: Host, options: PlainOptions): Session {
  const { settings, outbox, topics } = host
  const { clock, heartbeat } = settings
  const { codec = json, ackOf, resume, welcomeOf, positionOf } = options
  const encode = (message: unknown): Packet =>
    // Typed as bytes, which it is to whoever sends it.
    codec.blobs && message instanceof Blob ? (message as unknown as Packet) : codec.encode(message)
  /** Ids of this client's messages begin with it, so that they are not those of another one. */
  const prefix = Math.floor(settings.random() * 2 ** 48).toString(36)
  let made = 0
  let links = 0
  let via: 'webSocket' | 'sse' | 'poll' = 'webSocket'
  let isOpen = false
  let resumed = false
  let credential: unknown
  let lastEventId = ''
  let roundTrip: number | null = null
  let pingedAt = 0
  let heardAt = 0
  let saidAt = 0
  let beat = 0
  /** Serials of messages on this link that are to be acknowledged, by id. */
  const serials = new Map<string, number>()
  /** Of each frame for this link that is not off yet: its serial, 0 for what is no message. */
  let leaving: number[] = []

  function attempt<T>(name: string, call: () => T, none: T): T {
    try {
      return call()
    } catch (error) {
      host.report('mapping-failed', `plain(): ${name} has thrown.`, error)
      return none
    }
  }
  /** Says what a mapping gives; nothing where it gives nothing. */
  function say(name: string, call: () => unknown): void {
    const message = attempt(name, call, undefined)
    if (message === undefined) return
    const packet = attempt(name, () => encode(message), null)
    if (packet === null) return
    leave(0)
    host.push(packet)
  }
  function leave(serial: number): void {
    leaving.push(serial)
    saidAt = clock.now()
  }
  function ping(): void {
    pingedAt = clock.now()
    say('ping', () => (typeof options.ping === 'function' ? (options.ping as () => unknown)() : options.ping))
  }
  /** Who only listens is silent to the server, which may close for that: it cannot know that it is heard. */
  function hear(): void {
    heardAt = clock.now()
    // Where nothing marks an answer, anything may be one.
    if (isOpen && !options.isPong) host.dispatch({ type: 'answered' })
    if (isOpen && via === 'webSocket' && options.ping !== undefined && heardAt - saidAt >= beat) ping()
  }
  const streams = createStreams({
    clock,
    report: host.report,
    resume: resume ? (position, stream) => say('resume', () => resume(position, stream, via)) : null,
    gap(gap) {
      topics.gap(gap)
      host.gap(gap)
    },
  })

  function open(welcome: PlainWelcome): void {
    isOpen = true
    resumed = !!welcome.resumed
    serials.clear()
    outbox.restart(prefix + '.' + ++links)
    const { heartbeat: told = 15_000, retrySpread = 300 } = welcome
    const pulse = clampPulse({ beat: told, grace: 5000, retrySpread }, heartbeat)
    beat = pulse.beat
    heardAt = saidAt = clock.now()
    // A WebSocket has said it already.
    if (via !== 'webSocket') say('authenticate', () => options.authenticate?.(credential))
    for (const [topic] of topics.positions()) stand(topic)
    streams.ask()
    host.welcomed({ level: ackOf ? 'acknowledged' : 'none', limits: LIMITS }, pulse)
  }
  function stand(topic: string): void {
    say('subscribe', () => options.subscribe?.(topic))
    // No server answers it: it stands as far as anybody knows.
    topics.subscribed(topic, null)
  }
  /** Whether a message is about the link or about other messages, and nothing that anybody subscribes to. */
  function control(message: unknown): boolean {
    if (attempt('isPong', () => options.isPong?.(message), false)) {
      roundTrip = clock.now() - pingedAt
      host.dispatch({ type: 'answered' })
      host.changed()
      return true
    }
    const pong = attempt('pong', () => options.pong?.(message), undefined)
    if (pong !== undefined) {
      say('pong', () => pong)
      return true
    }
    const welcome = !isOpen && attempt('welcomeOf', () => welcomeOf?.(message), false)
    if (welcome) {
      open(welcome === true ? {} : welcome)
      return true
    }
    const ack = attempt('ackOf', () => ackOf?.(message), undefined)
    if (ack === undefined || ack === null) return false
    const { id, value, error } = typeof ack === 'object' ? ack : { id: ack }
    const serial = serials.get(String(id))
    if (serial === undefined) return true
    serials.delete(String(id))
    const { code = 'refused', message: why = '' } = error ?? {}
    settle(error ? [serial, null, code, why] : [serial, value])
    return true
  }
  const settle = (...results: Result[]): void => void outbox.acknowledge(0, results)

  function deliver({ message, about }: Item, offset: number, epoch: string): void {
    const { topicOf, dataOf } = options
    const topic = topicOf ? attempt('topicOf', () => topicOf(message, about), undefined) : about.event
    const data = dataOf ? attempt('dataOf', () => dataOf(message, about), message) : message
    topics.volatile(topic ?? '', data, offset, epoch)
  }
  const positionIn = ({ message, about }: Item): ReturnType<NonNullable<typeof positionOf>> =>
    positionOf ? attempt('positionOf', () => positionOf(message, about), undefined) : about.id || undefined

  return {
    get roundTrip() {
      return roundTrip
    },
    get resumed() {
      return resumed
    },
    payload(topic, data, mustAnswer): Parcel {
      const fail = (code: string, message: string, cause?: unknown): HoldfastError =>
        new HoldfastError(code, message, { outcome: 'not-sent', cause })
      if (mustAnswer && !ackOf)
        throw fail('unmapped', 'It relies on an answer: give plain() ackOf, and withId or idOf.')
      let message: unknown
      let id: string | number | undefined
      try {
        message = options.wrap ? options.wrap(topic, data) : data
        id = ackOf && options.idOf?.(message)
        if (ackOf && id === undefined && options.withId) message = options.withId(message, (id = prefix + '.' + ++made))
      } catch (error) {
        throw fail('mapping-failed', 'wrap, idOf or withId has thrown.', error)
      }
      if (ackOf && id === undefined) throw fail('unmapped', 'idOf gives no id for it: give plain() withId, too.')
      return { packet: encode(message), id: id === undefined ? undefined : String(id) }
    },
    message({ serial, payload }) {
      if (payload === null) {
        // Given up: a server that counts nothing owes nothing for it.
        settle([serial, null])
        return null
      }
      if (payload.id !== undefined) serials.set(payload.id, serial)
      leave(serial)
      return payload.packet
    },
    volatile(_topic, { packet }) {
      leave(0)
      return packet
    },
    trailer: () => null,
    sent(frames) {
      for (const serial of leaving.splice(0, frames.length)) if (serial && !ackOf) settle([serial, null])
    },
    subscribe(topic, since) {
      if (since)
        host.report('unmapped', `${topic}: since: a plain server keeps no log for it. See positionOf and resume.`)
      if (isOpen) stand(topic)
    },
    unsubscribe(topic) {
      if (isOpen) say('unsubscribe', () => options.unsubscribe?.(topic))
    },
    wire(fresh) {
      credential = fresh
      via = 'webSocket'
      leaving = []
      const { authenticate } = options
      const message = attempt('authenticate', () => authenticate?.(fresh), undefined)
      return createPlainWire({
        options,
        codec,
        known: () => ({ url: host.url, position: streams.position ?? (lastEventId || undefined), credential }),
        lastEventId: () => lastEventId,
        first: message === undefined ? null : attempt('authenticate', () => encode(message), null),
        overHttp: (by) => (via = by),
        attempt,
        undecodable: (why) => host.report('undecodable', 'plain(): the codec cannot decode what has come.', why),
        refused(why) {
          const serial = leaving[0]
          if (serial) settle([serial, null, 'refused', why])
          return !!serial
        },
      })
    },
    linked() {
      if (!welcomeOf && !isOpen) open({})
    },
    unlinked() {
      isOpen = false
      streams.rest()
    },
    judge(cause) {
      const policy = attempt('closed', () => options.closed?.(cause), undefined) ?? policyOf(cause, via)
      return policy ? { ...cause, policy } : cause
    },
    forget() {
      lastEventId = ''
      streams.forget()
    },
    heard(id) {
      hear()
      if (!id) return
      lastEventId = id
      if (!positionOf) streams.take(id, () => {})
    },
    ping() {
      if (options.ping !== undefined) return ping()
      // Without a ping, silence means nothing, unless whoever set the interval knows better; and a wake-up asks what cannot be asked.
      if (heartbeat.interval === undefined || clock.now() - heardAt < beat) host.dispatch({ type: 'answered' })
    },
    async authenticate(fresh) {
      credential = fresh
      if (options.authenticate) say('authenticate', () => options.authenticate!(fresh))
      else if (!options.request)
        throw new HoldfastError(
          'unmapped',
          'reauthenticate(): give plain() authenticate, or request for what is sent over HTTP.',
        )
    },
    bye: () => null,
    incoming(raw) {
      const item = raw as Item
      hear()
      const isControl = control(item.message)
      const position = positionIn(item)
      const hand = (offset: number, epoch: string): void => {
        if (!isControl) deliver(item, offset, epoch)
      }
      if (position === undefined || position === null) hand(0, '')
      else streams.take(position, hand)
      lastEventId = item.about.id || lastEventId
    },
  }
}

/** What follows a loss: close codes are of the server's own making, so they say nothing; what HTTP says holds. */
function policyOf({ policy, status }: Cause, via: string): Cause['policy'] {
  if (policy || !status) return policy ?? 'retry'
  // WHATWG HTML, server-sent events: "No Content" asks not to come again.
  return status === 204 && via === 'sse' ? 'stop' : undefined
}
