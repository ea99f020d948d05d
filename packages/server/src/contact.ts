/** What comes up on a link that has its session: each frame to where it belongs (PROTOCOL.md §3.1). */
import { CloseCode } from '@holdfast/protocol'
import type { Hello, UpFrame } from '@holdfast/protocol'
import type { Context } from './context.ts'
import { refusedCredential } from './farewell.ts'
import type { Farewell } from './farewell.ts'
import { whenReady } from './maybe.ts'
import { identityName, isCurrent } from './session.ts'
import type { Attachment } from './session.ts'
import type { Topics } from './topics.ts'
import type { Upkeep } from './upkeep.ts'
import type { Uplink } from './uplink.ts'

export interface Contact {
  /** The frames of one packet. Ignored unless the link is still the session's. */
  take(attachment: Attachment, frames: readonly UpFrame[], bytes: number): void
  /** The frames of an uplink POST, which may be a repetition (PROTOCOL.md §5.2). */
  post(attachment: Attachment, n: number, frames: readonly UpFrame[], bytes: number): void
  /** Subscribes in this order, and tells in this order how each began. */
  subscribeAll(attachment: Attachment, list: Hello['subscriptions']): void
  /** Something was wrong with what came. */
  fail(attachment: Attachment, farewell: Farewell): void
  /** The link is gone, from the other side. */
  dropped(attachment: Attachment): void
}

interface Parts {
  context: Context
  uplink: Uplink
  topics: Topics
  upkeep: Upkeep
  close(attachment: Attachment, farewell: Farewell): void
  /** The client ends its session. */
  end(attachment: Attachment): void
  /** Keeps the session without a link. */
  detach(attachment: Attachment): void
}

const isReliable = (frame: UpFrame): boolean => frame[0] === 'send' || frame[0] === 'void'
const PROTOCOL = CloseCode.protocol
const SLOW: Farewell = { code: CloseCode.slow, reason: 'too slow a reader' }
const TOO_MANY: Farewell = { code: CloseCode.overloaded, reason: 'too many credentials' }
/** So many of a link are looked at within a second, and at once: looking is dear, and one frame is short (PROTOCOL.md §4.5). */
const CREDENTIALS = 4

export function createContact({ context, uplink, topics, upkeep, close, end, detach }: Parts): Contact {
  const { settings, counters } = context
  const { clock, limits } = settings

  function subscribeAll(attachment: Attachment, list: Hello['subscriptions']): void {
    const tells: (() => void)[] = []
    let told = 0
    list.forEach(([topic, position], i) => {
      // One of those before it has ended the link: nobody is to be asked on its behalf.
      if (!isCurrent(attachment)) return
      topics.subscribe(attachment, topic, position, (tell) => {
        tells[i] = tell
        for (let next = tells[told]; next; next = tells[++told]) next()
      })
    })
  }
  function authenticate(attachment: Attachment, credential: unknown): void {
    const { session, request, credentials } = attachment
    if (credentials.shown >= CREDENTIALS || credentials.pending >= CREDENTIALS) return close(attachment, TOO_MANY)
    credentials.shown++
    credentials.pending++
    whenReady(
      () => settings.authenticate({ credential, request }),
      (identity) => {
        credentials.pending--
        if (!isCurrent(attachment)) return
        if (identityName(identity ?? null) !== identityName(session.identity))
          return close(attachment, { code: CloseCode.otherIdentity, reason: 'the session belongs to another identity' })
        session.identity = identity ?? null
        attachment.authenticatedAt = clock.now()
        attachment.renewal = 'none'
        attachment.outlet.say(['authenticated'])
      },
      (error) => {
        credentials.pending--
        close(attachment, refusedCredential(error, context.report))
      },
    )
  }
  /** What makes a packet wrong beyond its form. */
  function faultOf(attachment: Attachment, frames: readonly UpFrame[], bytes: number): Farewell | null {
    for (const frame of frames) {
      const [type] = frame
      if (type === 'hello' || type === 'post' || type === 'poll')
        return { code: PROTOCOL, reason: type + ' does not belong here' }
      if (type === 'settled' && frame[1] > attachment.session.intake.handled)
        return { code: PROTOCOL, reason: 'settled what was not acknowledged' }
      // Only a packet that is larger than a frame may be can hold one.
      if (bytes > limits.message && Buffer.byteLength(attachment.session.codec.encode(frame)) > limits.message)
        return { code: CloseCode.tooLarge, reason: 'message too large' }
    }
    return null
  }
  function act(attachment: Attachment, frame: UpFrame, bytes: number): void {
    const { session, outlet, link } = attachment
    switch (frame[0]) {
      case 'send': {
        const [, serial, topic, data, id = null] = frame
        const name = { id: id || null, once: id === '' }
        return uplink.receive(session, serial, { topic, data, ...name, bytes, transport: link.transport, again: false })
      }
      case 'void':
        return uplink.receive(session, frame[1], null)
      case 'volatile':
        return uplink.volatile(attachment, frame[1], frame[2])
      case 'settled':
        return void session.intake.settle(frame[1])
      case 'subscribe':
        // Every answer may be as long as the question: who asks on without reading any must not fill memory.
        if (outlet.queued > limits.buffered * 2) return close(attachment, SLOW)
        return topics.subscribe(attachment, frame[1], frame[2] ?? null, (tell) => tell())
      case 'unsubscribe':
        return topics.unsubscribe(attachment, frame[1])
      case 'ping':
        // A link that is full of other frames proves itself by those.
        return outlet.queued > limits.buffered ? undefined : outlet.say(['pong', frame[1]])
      case 'auth':
        return authenticate(attachment, frame[1])
      case 'bye':
        return end(attachment)
      case 'hello':
      case 'post':
      case 'poll':
    }
  }
  function handle(attachment: Attachment, frames: readonly UpFrame[], bytes: number): void {
    const now = clock.now()
    attachment.heardAt = now
    counters.bytesUp += bytes
    const share = Math.ceil(bytes / frames.length)
    const fault = faultOf(attachment, frames, bytes)
    if (fault) return close(attachment, fault)
    for (const frame of frames) {
      act(attachment, frame, share)
      if (!isCurrent(attachment)) break
    }
    // Also after `bye`: what came before it has been taken in.
    uplink.run(attachment.session)
    if (isCurrent(attachment)) upkeep.answerHole(attachment, now)
  }

  return {
    take(attachment, frames, bytes) {
      if (isCurrent(attachment)) handle(attachment, frames, bytes)
    },
    post(attachment, n, frames, bytes) {
      const fresh = n > attachment.lastPost
      if (fresh) attachment.lastPost = n
      handle(attachment, fresh ? frames : frames.filter(isReliable), bytes)
    },
    subscribeAll,
    fail: close,
    dropped(attachment) {
      if (isCurrent(attachment)) detach(attachment)
    },
  }
}
