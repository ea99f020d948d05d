/** Messages up: taken in, handed to handlers in order, answered (PROTOCOL.md §6). Owns no links: who has news for one is told to `wake`. */
import type { Codec, Packet, Result } from '@holdfast/protocol'
import type { Context } from './context.ts'
import { RejectError } from './errors.ts'
import type { Handlers, MessageMeta, Registration } from './handlers.ts'
import { isPromise, whenReady } from './maybe.ts'
import type { Attachment, Inbound, Session } from './session.ts'

export interface Uplink {
  /** Takes a message in; `null` uses its serial up. `run` is called after the packet's last one. */
  receive(session: Session, serial: number, message: Inbound | null): void
  /** A message without serial; refused ones are dropped in silence. */
  volatile(attachment: Attachment, topic: string, data: unknown): void
  /** Starts what may be started. */
  run(session: Session): void
  /** What has not been told yet, as encoded frames. `always`: tells the serial even when there is nothing new. */
  acks(session: Session, always?: boolean): Packet[]
}

/** Whatever untyped code gave an error for its code or message. */
const words = (value: unknown): string => String(value)

/** What is shorter has not enough brackets, or heads of arrays, to be nested too deep. */
const DEEP = 57

/** A tombstone, or another working copy, has told what was handled: starting more now could start it twice. */
const mayStart = ({ place, journal }: Session): boolean =>
  place.state !== 'gone' && place.state !== 'elsewhere' && !journal?.waits

const REFUSED = new RejectError('forbidden', 'not allowed to send to this topic')
const NO_HANDLER = new RejectError('no-handler', 'nothing handles this topic')
const IN_DOUBT = new RejectError('in-doubt', 'it may have been handled before a restart, and is not handled twice')

export function createUplink(context: Context, handlers: Handlers, wake: (session: Session) => void): Uplink {
  const { settings, counters, report } = context
  const { limits } = settings

  function rejection(codec: Codec, serial: number, error: unknown): Packet {
    const known = error instanceof RejectError
    const open = known || (settings.exposeErrors && error instanceof Error)
    return codec.encode([
      serial,
      null,
      known ? words(error.code).slice(0, 256) : 'handler-failed',
      open ? words((error as Error).message).slice(0, limits.message / 4) : 'the handler failed',
    ])
  }
  /** Encoded at once: what the handler returned may change afterwards. */
  function result(codec: Codec, serial: number, value: unknown): Packet {
    const encoded = codec.encode(value)
    if (Buffer.byteLength(encoded) > limits.message) throw new TypeError('a reply may be at most limits.message long')
    // Throws what would be nested too deep in a welcome (frame, object, `former`, results, result).
    if (encoded.length > DEEP) codec.encode([[[[[value]]]]])
    return codec.join([codec.encode(serial), encoded])
  }
  /** The kept result stands encoded in place of its value. */
  function finish(session: Session, serial: number, answer?: Packet): void {
    counters.handled++
    session.running--
    if (session.blockedBy === serial) session.blockedBy = 0
    if (session.journal) session.journal.finish(serial, answer)
    else session.intake.finish(serial, answer === undefined ? undefined : [serial, answer])
    wake(session)
  }
  function reject(session: Session, serial: number, error: unknown): void {
    finish(session, serial, rejection(session.codec, serial, error))
  }
  function fail(session: Session, serial: number, error: unknown, where: string): void {
    if (!(error instanceof RejectError)) report(error, where)
    reject(session, serial, error)
  }
  function succeed(session: Session, serial: number, value: unknown, where: string): void {
    if (value === undefined) return finish(session, serial)
    try {
      finish(session, serial, result(session.codec, serial, value))
    } catch (error) {
      fail(session, serial, error, where)
    }
  }
  function metaOf(session: Session, serial: number, message: Inbound): MessageMeta {
    const id = message.id ?? session.id + '.' + serial
    return {
      session: { id: session.id, identity: session.identity },
      identity: session.identity,
      topic: message.topic,
      serial,
      id,
      fence: Number(id.slice(id.lastIndexOf('.') + 1)) || 0,
      redelivered: message.id !== null || message.again,
      volatile: false,
      transport: message.transport,
    }
  }
  /** Calls the handler. Returns whether it has finished. */
  function call(session: Session, serial: number, message: Inbound, registration: Registration): boolean {
    const { handle, concurrent, where } = registration
    try {
      const value = handle(message.data, metaOf(session, serial, message))
      if (!isPromise(value)) {
        succeed(session, serial, value, where)
        return true
      }
      if (concurrent) session.blockedBy = 0
      value
        .then(
          (reply) => succeed(session, serial, reply, where),
          (error: unknown) => fail(session, serial, error, where),
        )
        .then(() => run(session))
    } catch (error) {
      fail(session, serial, error, where)
      return true
    }
    return concurrent
  }
  function start(session: Session, serial: number, message: Inbound): void {
    session.running++
    session.blockedBy = serial
    session.waitingBytes -= message.bytes
    const { topic } = message
    if ((message.id !== null || message.again) && (message.once || settings.intake === 'at-most-once'))
      return reject(session, serial, IN_DOUBT)
    if (topic.startsWith('~')) return reject(session, serial, REFUSED)
    let state: 'starting' | 'waiting' = 'starting'
    const goOn = (): void => {
      // A loop of `run` is on the stack unless we had to wait.
      if (state === 'waiting') run(session)
    }
    whenReady(
      () => settings.authorize({ identity: session.identity, action: 'send', topic }),
      (allowed) => {
        const handler = handlers.find(topic)
        if (allowed && handler) call(session, serial, message, handler)
        else reject(session, serial, allowed ? NO_HANDLER : REFUSED)
        goOn()
      },
      (error) => {
        fail(session, serial, error, 'authorize')
        goOn()
      },
    )
    state = 'waiting'
  }
  function run(session: Session): void {
    session.journal?.sync()
    while (!session.blockedBy && mayStart(session)) {
      const next = session.intake.next()
      if (!next) return wake(session)
      start(session, next[0], next[1])
    }
  }
  function callVolatile({ session, link }: Attachment, topic: string, data: unknown, handler: Registration): unknown {
    return handler.handle(data, {
      session: { id: session.id, identity: session.identity },
      identity: session.identity,
      topic,
      serial: 0,
      id: '',
      fence: 0,
      redelivered: false,
      volatile: true,
      transport: link.transport,
    })
  }

  return {
    receive(session, serial, message) {
      const { intake } = session
      const known = serial <= intake.received
      // Dropped like what is beyond the window. Twice, since the sender counts payloads and this counts frames: one that keeps to its
      // bounds never gets here.
      if (!known && message && session.waitingBytes + message.bytes > limits.inFlightBytes * 2) return
      const before = intake.received
      const fate = intake.receive(serial, message)
      if (fate === 'duplicate') counters.duplicates++
      else if (fate !== 'beyond') session.waitingBytes += message ? message.bytes : 0
      counters.received += intake.received - before
    },
    volatile(attachment, topic, data) {
      const { session } = attachment
      if (topic.startsWith('~') || session.volatile >= limits.inFlight) return
      session.volatile++
      const done = (): void => {
        session.volatile--
      }
      whenReady(
        () => settings.authorize({ identity: session.identity, action: 'send', topic }),
        (allowed) => {
          const handler = allowed ? handlers.find(topic) : null
          if (!handler) return done()
          whenReady(
            () => callVolatile(attachment, topic, data, handler),
            done,
            (error) => {
              done()
              if (!(error instanceof RejectError)) report(error, handler.where)
            },
          )
        },
        (error) => {
          done()
          if (!(error instanceof RejectError)) report(error, 'authorize')
        },
      )
    },
    run,
    acks(session, always = false) {
      const { intake } = session
      const [serial, results] = intake.ack() ?? [intake.handled, null]
      if (!results) return always ? [session.codec.encode(['ack', serial, []])] : []
      return ackFrames(session.codec, serial, results)
    },
  }

  /**
   * One frame where they fit; else several, each telling only serials whose results it or an earlier one carries, since a serial without a result
   * reads as "returned nothing".
   */
  function ackFrames(codec: Codec, serial: number, results: readonly Result[]): Packet[] {
    const frames: Packet[] = []
    let part: Packet[] = []
    let size = 0
    const end = (upTo: number): void => {
      frames.push(codec.join([codec.encode('ack'), codec.encode(upTo), codec.join(part)]))
      part = []
      size = 0
    }
    for (const [at, answer] of results as readonly (readonly [number, Packet])[]) {
      if (part.length && size + answer.length > limits.packet / 2) end(Math.min(serial, at - 1))
      part.push(answer)
      size += answer.length
    }
    end(serial)
    return frames
  }
}
