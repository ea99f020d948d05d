/** The session as the client knows it: says hello, takes in what the server says, answers. Knows frames, no link and no state. */
import { PROTOCOL_ERROR, VERSION, type DownFrame, type Hello, type UpFrame, type Welcome } from '@holdfast/protocol'
import type { Event } from './state.ts'
import { MAX_HINT, clampPulse } from './policy.ts'
import type { Sender } from './sender.ts'
import type { Settings } from './options.ts'
import type { Topics } from './topics.ts'
import type { Cause } from './transport.ts'

export interface Session {
  readonly roundTrip: number | null
  /** Whether the last welcome carried on the session before it. */
  readonly resumed: boolean
  hello(credential: unknown): Hello
  /** The next hello asks for a new session. */
  forget(): void
  ping(): void
  /** Resolves when the server has accepted it. */
  authenticate(credential: unknown): Promise<void>
  incoming(frame: DownFrame): void
}

export interface SessionOwner {
  settings: Settings
  sender: Sender
  topics: Topics
  dispatch(event: Event): void
  /** The server is done with this link, or at fault. */
  lost(cause: Cause): void
  frame(frame: UpFrame): void
  /** The server asks for a fresh credential. */
  renew(): void
  denied(topic: string, code: string, message: string): void
  opened(): void
  changed(): void
}

export function createSession(owner: SessionOwner): Session {
  const { settings, sender, topics, dispatch } = owner
  const { clock } = settings
  const { outbox } = sender
  let token: string | null = null
  /** Undefined before the first welcome. */
  let identity: string | null | undefined
  let incarnation = 0
  let resumed = false
  let roundTrip: number | null = null
  let ping = { n: 0, at: 0 }
  let waiting: (() => void)[] = []

  /** A serial that was never sent is the server's fault. */
  function check(type: string, isTrue: boolean): boolean {
    if (!isTrue) owner.lost({ code: PROTOCOL_ERROR, reason: type + ': never sent' })
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
    sender.welcome(raw)
    dispatch({ type: 'welcomed', pulse: clampPulse(raw, settings.heartbeat) })
    owner.opened()
  }
  function sendPing(): void {
    ping = { n: ping.n + 1, at: clock.now() }
    owner.frame(['ping', ping.n])
  }

  return {
    get roundTrip() {
      return roundTrip
    },
    get resumed() {
      return resumed
    },
    hello: (credential) => ({
      version: VERSION,
      session: token,
      incarnation: ++incarnation,
      settled: token ? outbox.settled : 0,
      subscriptions: topics.positions(),
      credential,
    }),
    forget() {
      token = null
    },
    ping: sendPing,
    authenticate(credential) {
      owner.frame(['auth', credential])
      return new Promise((resolve) => waiting.push(resolve))
    },
    incoming(frame) {
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
          return owner.denied(frame[1], frame[2], frame[3])
        case 'welcome':
          // A hello carries the credential, too: what was asked for on a former link has happened.
          for (const done of waiting.splice(0)) done()
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
          return owner.changed()
        case 'renew':
          return owner.renew()
        case 'authenticated':
          return waiting.shift()?.()
        case 'drain':
          return dispatch({ type: 'drain', within: Math.min(frame[1], MAX_HINT) })
        case 'bye': {
          const [, code, reason, hint] = frame
          return owner.lost({ code, reason, ...(hint === undefined ? {} : { retryAfter: Math.min(hint, MAX_HINT) }) })
        }
        case 'at':
        case 'ticket':
      }
    },
  }
}
