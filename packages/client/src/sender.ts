/** What goes out: `send`, `request`, `flush`, and the packets of a tick. Promises over the outbox; it acts on no link by itself. */
import { createOutbox, sizeOf, topicName, type Outbox, type Outcome, type Packet } from '@holdfast/protocol'
import type { Parcel, Session, Terms } from './dialect.ts'
import { HoldfastError, TOPIC_RULES, type FailedOutcome } from './errors.ts'
import type { Settings } from './options.ts'
import type { Receipt, RequestOptions, SendOptions } from './types.ts'

export type Acknowledged = Extract<Outcome, { outcome: 'acknowledged' }>

export interface Sender {
  readonly outbox: Outbox<Parcel>
  /**
   * Settles when the message has its outcome, with what `read` makes of the acknowledgement. `alive` throws where nothing may be sent any more.
   * `isRequest`: the answer itself is wanted.
   */
  offer<T>(
    alive: () => void,
    topic: string,
    data: unknown,
    options: SendOptions & RequestOptions,
    read: (acknowledged: Acknowledged) => T,
    isRequest?: boolean,
  ): Promise<T>
  /** Throws when there is no link to put it on. */
  volatile(topic: string, data: unknown): void
  receipt(acknowledged: Acknowledged): Receipt
  /** An encoded frame that is no message, for the next packet. */
  push(frame: Packet): void
  /** The link is gone, and with it what was queued for it alone. */
  discard(): void
  /** Send at the end of this tick: what is sent in one tick shares packets. */
  schedule(): void
  /** A link is open on these terms. */
  welcome(terms: Terms): void
  /** Settles everything, and everything to come, with this code; the empty one takes messages again. */
  close(code: string): void
}

export interface SenderOwner {
  settings: Settings
  /** What makes frames of messages. */
  session(): Session
  /** Puts frames on the link, as one packet; null while no link may carry messages. */
  outlet(): ((frames: Packet[]) => void) | null
  /** Something that the snapshot shows, or a deadline, has changed. */
  changed(): void
}

/** Bytes around a payload: brackets, type, serial, and an id when redelivered. An upper estimate. */
const FRAMING = 112

/** Why, or what to do about it: by outcome where that is what matters, else by code, where neither a server nor a cause says it. */
const ADVICE: { readonly [code: string]: string } = {
  'bad-topic': TOPIC_RULES,
  'too-large': 'Send it in parts.',
  'outbox-full': 'Send less, or see the outbox option.',
  'no-link': 'Wait for ready().',
  closed: 'Make another client.',
  'connection-closed': 'See snapshot.cause.',
  'in-doubt': 'Sent again, it may be handled twice.',
  'identity-changed': 'Another user has signed in.',
}

export function createSender({ settings, session, outlet, changed }: SenderOwner): Sender {
  const { clock } = settings
  const outbox = createOutbox<Parcel>(settings.outbox)
  let control: Packet[] = []
  let level: Terms['level'] = 'memory'
  let limits: Pick<Terms['limits'], 'message' | 'packet'> = { message: 2 ** 20, packet: 2 ** 18 }
  /** Why nothing is taken any more; empty while it is. */
  let ended = ''
  let scheduled: Promise<void> | null = null

  function error(
    outcome: FailedOutcome,
    code: string,
    topic: string,
    cause?: unknown,
    message?: string,
  ): HoldfastError {
    const why =
      message ?? ADVICE[outcome] ?? ADVICE[code] ?? (cause as Error | undefined)?.message ?? 'It may be sent again.'
    return new HoldfastError(code, `${topic}: ${outcome}, ${code}. ${why}`, { outcome, cause })
  }
  /** The payload as it will travel, or the reason why it will not. */
  function encode(topic: string, data: unknown, mustAnswer: boolean): { payload: Parcel; bytes: number } {
    if (ended) throw error('not-sent', ended, topic)
    if (!topicName(topic) || topic[0] === '~') throw error('not-sent', 'bad-topic', topic)
    let payload: Parcel
    try {
      payload = session().payload(topic, data, mustAnswer)
    } catch (cause) {
      if (cause instanceof HoldfastError) throw error('not-sent', cause.code, topic, cause)
      throw error('not-sent', 'unencodable', topic, cause)
    }
    const bytes = sizeOf(payload.packet) + sizeOf(topic) + FRAMING
    if (bytes > limits.message) throw error('rejected', 'too-large', topic)
    return { payload, bytes }
  }
  function pump(): void {
    scheduled = null
    const put = outlet()
    if (!put) return
    let packet: Packet[] = []
    let room = 0
    const add = (frame: Packet | null): void => {
      if (frame === null) return
      const size = sizeOf(frame) + 1
      // One frame may be more than a packet should hold; then it goes alone (PROTOCOL.md §2).
      if (size > room) {
        if (packet.length) put(packet)
        packet = []
        room = limits.packet - 1
      }
      packet.push(frame)
      room -= size
    }
    control.splice(0).forEach(add)
    for (const transmission of outbox.take(clock.now(), Infinity)) add(session().message(transmission))
    add(session().trailer(packet.length > 0))
    if (packet.length) put(packet)
  }
  function schedule(): void {
    scheduled ??= Promise.resolve().then(pump)
  }

  function push(frame: Packet): void {
    control.push(frame)
    schedule()
  }

  return {
    outbox,
    schedule,
    offer(alive, topic, data, { once, ttl, key, signal, timeout }, read, isRequest) {
      // What is thrown in here rejects it.
      return new Promise((resolve, reject) => {
        alive()
        const { payload, bytes } = encode(topic, data, !!(once || isRequest))
        if (signal?.aborted) throw error('not-sent', 'aborted', topic, signal.reason)
        const abort = (): void => outbox.abort(ticket)
        signal?.addEventListener('abort', abort)
        const calm = timeout === undefined ? null : clock.after(timeout, () => outbox.abort(ticket, 'timeout'))
        const ticket = outbox.add({
          topic,
          payload,
          id: payload.id,
          bytes,
          once,
          key,
          expiresAt: ttl === undefined ? undefined : clock.now() + ttl,
          settle(outcome) {
            signal?.removeEventListener('abort', abort)
            calm?.()
            if (outcome.outcome === 'acknowledged') resolve(read(outcome))
            else reject(error(outcome.outcome, outcome.code, topic, signal?.reason, outcome.message))
            changed()
          },
        })
        changed()
        schedule()
      })
    },
    volatile(topic, data) {
      const { payload } = encode(topic, data, false)
      if (!outlet()) throw error('not-sent', 'no-link', topic)
      push(session().volatile(topic, payload))
    },
    receipt: ({ id, serial }) => ({ id, serial, level }),
    push,
    discard() {
      control = []
    },
    welcome(terms) {
      ;({ level, limits } = terms)
      outbox.limit(terms.limits.inFlight, terms.limits.inFlightBytes)
      schedule()
    },
    close(code) {
      ended = code
      if (code) outbox.clear(code)
    },
  }
}
