/** The session with a Holdfast server: says hello, makes frames, takes in what the server says, answers. Knows no link and no state. PURE. */
import { PROTOCOL_ERROR, VERSION } from '@holdfast/protocol'
import type { Codec, DownFrame, Hello, UpFrame, Welcome } from '@holdfast/protocol'
import type { Host, Session } from '../dialect.ts'
import { MAX_HINT, clampPulse } from '../policy.ts'
import { createWire } from './holdfast-wire.ts'

/** Outcomes after which the server is told even when nothing else is to be said. */
const SETTLED_BATCH = 128

export function createSession(host: Host, codec: Codec): Session {
  const { settings, outbox, topics, dispatch } = host
  const { clock } = settings
  const { encode, join } = codec
  const send = encode('send')
  const volatile = encode('volatile')
  let token: string | null = null
  /** Undefined before the first welcome. */
  let identity: string | null | undefined
  let incarnation = 0
  let resumed = false
  let roundTrip: number | null = null
  let ping = { n: 0, at: 0 }
  let waiting: (() => void)[] = []
  let renewal: 'none' | 'asked' = 'none'
  /** Up to this serial the server knows that its result may be forgotten. */
  let told = 0

  const say = (frame: UpFrame): void => host.push(encode(frame))
  const hello = (credential: unknown): Hello => ({
    version: VERSION,
    session: token,
    incarnation: ++incarnation,
    settled: token ? outbox.settled : 0,
    subscriptions: topics.positions(),
    credential,
  })

  /** A serial that was never sent is the server's fault. */
  function check(type: string, isTrue: boolean): boolean {
    if (!isTrue) host.lost({ code: PROTOCOL_ERROR, reason: type + ': never sent' })
    return isTrue
  }

  function welcome(raw: Welcome): void {
    if (raw.resumed && token) {
      if (!check('welcome', outbox.resume(raw.serial))) return
    } else {
      outbox.restart(raw.id, raw.former)
      // What was meant for one user is never sent as another.
      if (identity !== undefined && identity !== raw.identity) outbox.clear('identity-changed')
    }
    token = raw.session
    identity = raw.identity
    resumed = raw.resumed
    told = outbox.settled
    host.welcomed(raw, clampPulse(raw, settings.heartbeat))
  }
  function sendPing(): void {
    ping = { n: ping.n + 1, at: clock.now() }
    say(['ping', ping.n])
  }

  return {
    get roundTrip() {
      return roundTrip
    },
    get resumed() {
      return resumed
    },
    payload: (_topic, data) => ({ packet: encode(data) }),
    message({ serial, topic, payload, id }) {
      if (payload === null) return encode(['void', serial])
      const parts = [send, encode(serial), encode(topic), payload.packet]
      return join(id === null ? parts : [...parts, encode(id)])
    },
    volatile: (topic, { packet }) => join([volatile, encode(topic), packet]),
    trailer(hasOthers) {
      const done = outbox.settled
      return done > told && (hasOthers || done - told >= SETTLED_BATCH) ? encode(['settled', (told = done)]) : null
    },
    subscribe: (topic, position) => say(['subscribe', topic, position]),
    unsubscribe: (topic) => say(['unsubscribe', topic]),
    wire: (credential) => createWire(codec, hello(credential)),
    trial: () => createWire(codec, null),
    proves: (frame) => (frame as DownFrame)[0] === 'pong',
    claim: (credential) => encode(['hello', hello(credential)]),
    bye: () => encode(['bye']),
    forget() {
      token = null
    },
    ping: sendPing,
    authenticate(credential) {
      say(['auth', credential])
      return new Promise((resolve) => waiting.push(resolve))
    },
    incoming(item) {
      const frame = item as DownFrame
      switch (frame[0]) {
        case 'event':
          return topics.event(frame[1], frame[2], frame[3], frame[4])
        case 'ack':
          return void check(frame[0], outbox.acknowledge(frame[1], frame[2]))
        case 'volatile':
          return topics.volatile(frame[1], frame[2])
        case 'subscribed':
          return topics.subscribed(frame[1], frame[2])
        case 'caught-up':
          return topics.caughtUp(frame[1], frame[2])
        case 'denied':
          topics.denied(frame[1], frame[2], frame[3])
          return host.denied(frame[1], frame[2], frame[3])
        case 'welcome':
          // A hello carries the credential, too: what was asked for on a former link has happened.
          for (const done of waiting.splice(0)) done()
          renewal = 'none'
          return welcome(frame[1])
        case 'nack':
          return void check(frame[0], outbox.rewind(frame[1]))
        case 'beat':
          if (!check(frame[0], outbox.beat(frame[2]))) return
          for (const [topic, offset] of frame[3]) topics.top(topic, offset)
          return sendPing()
        case 'pong':
          dispatch({ type: 'answered' })
          if (frame[1] === ping.n) roundTrip = clock.now() - ping.at
          return host.changed()
        case 'renew':
          // Once until it is done: a server that repeats itself must not have the page ask, and ask, for credentials.
          if (renewal === 'asked') return
          renewal = 'asked'
          return host.renew()
        case 'authenticated':
          renewal = 'none'
          return waiting.shift()?.()
        case 'drain':
          return dispatch({ type: 'drain', within: Math.min(frame[1], MAX_HINT) })
        case 'bye': {
          const [, code, reason, hint] = frame
          return host.lost({ code, reason, ...(hint === undefined ? {} : { retryAfter: Math.min(hint, MAX_HINT) }) })
        }
        case 'at':
        case 'ticket':
      }
    },
  }
}
