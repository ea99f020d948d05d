/** Topics down: who is subscribed to what, and the direct way from an appended entry to every link that stands right before it (PROTOCOL.md §7). */
import { IDENTITY_INBOX, SESSION_INBOX } from '@holdfast/protocol'
import type { Packet, Position } from '@holdfast/protocol'
import type { Context } from './context.ts'
import { createEvents, createVolatile, headsOf } from './events.ts'
import { RejectError } from './errors.ts'
import type { AppendedEntry, Entry, Located } from './log.ts'
import { whenReady } from './maybe.ts'
import { randomName } from './random.ts'
import { identityName, isCurrent } from './session.ts'
import type { Attachment, Session, Subscription, Topic } from './session.ts'

export interface Topics {
  /** Begins a subscription; `ready` is called, at once or later, with what tells the client how it began, to be called in due order. */
  subscribe(attachment: Attachment, name: string, position: Position | null, ready: (tell: () => void) => void): void
  unsubscribe(attachment: Attachment, name: string): void
  /** The link is gone: forgets its subscriptions. */
  leave(attachment: Attachment): void
  /** Sends a message without an entry to those who are live and not congested. */
  volatile(name: string, data: Packet): void
  /** Tells where the subscription goes on from, and lets it catch up. */
  begin(subscription: Subscription, located: Located): void
  /** Goes on behind an entry that the client's codec cannot carry, and says so: the client announces a gap. */
  skip(subscription: Subscription, entry: Entry): void
  readonly size: number
}

/** The log behind a name that a client uses; null for reserved names that are not its own inboxes (PROTOCOL.md §7.5). */
function logName(session: Session, name: string): string | null {
  if (!name.startsWith('~')) return name
  if (name === SESSION_INBOX) return inboxOf({ session: session.id })
  const identity = identityName(session.identity)
  return name === IDENTITY_INBOX && identity !== null ? inboxOf({ identity }) : null
}

/** Name of the log of an inbox; cannot be that of a topic. */
export const inboxOf = (to: { session: string } | { identity: string }): string =>
  'session' in to ? SESSION_INBOX + ':' + to.session : IDENTITY_INBOX + ':' + to.identity

/** The log's own epoch in an alias that was shown after a rollback (PROTOCOL.md §7.2). */
const unaliased = ([epoch, offset, check]: Position): Position => [epoch.split('!', 1)[0]!, offset, check]
const ALIAS_LENGTH = 8

/** Inboxes do not count: everybody has them without asking. */
const countOf = ({ subscriptions }: Attachment): number =>
  subscriptions.size - Number(subscriptions.has(SESSION_INBOX)) - Number(subscriptions.has(IDENTITY_INBOX))

/** Counts as asking until it is answered, given up or not. */
function counted(attachment: Attachment, answer: (tell: () => void) => void): (tell: () => void) => void {
  attachment.asking++
  return (tell) => {
    attachment.asking--
    answer(tell)
  }
}

type Unavailable = (attachment: Attachment, error: unknown, where?: 'authorize') => void

export function createTopics(context: Context, unavailable: Unavailable): Topics {
  const { settings, codecs, counters, report } = context
  const { limits, log, random } = settings
  const topics = new Map<string, Topic>()

  function join(subscription: Subscription, name: string): Topic {
    const topic = topics.get(name) ?? open(name, subscription.name)
    topic.subscriptions.add(subscription)
    return topic
  }
  function open(name: string, shownAs: string): Topic {
    const topic: Topic = {
      name,
      subscriptions: new Set(),
      newest: { epoch: '', offset: 0 },
      head: headsOf(shownAs),
      unwatch: () => {},
    }
    topic.unwatch = log.watch(name, (entry) => told(topic, entry))
    topics.set(name, topic)
    return topic
  }
  function end(subscription: Subscription): void {
    const { attachment, name, topic } = subscription
    subscription.state = 'ended'
    attachment.behind.delete(subscription)
    if (attachment.subscriptions.get(name) === subscription) attachment.subscriptions.delete(name)
    if (!topic?.subscriptions.delete(subscription) || topic.subscriptions.size) return
    topics.delete(topic.name)
    topic.unwatch()
  }

  /** The hot path: encodes once, then one queue operation per subscriber. */
  function told(topic: Topic, entry: AppendedEntry): void {
    topic.newest = entry
    const eventFor = createEvents(codecs, topic, entry)
    for (const subscription of topic.subscriptions) {
      if (subscription.state !== 'live') continue
      const { attachment, sent } = subscription
      const next = entry.epoch === sent[0] && entry.offset === sent[1] + 1
      if (next && attachment.outlet.queued <= limits.buffered) {
        const event = eventFor(attachment.session.codec, entry.check !== sent[2])
        if (!event) {
          skip(subscription, entry)
          continue
        }
        attachment.outlet.push(event.frame, event.bytes)
        subscription.sent = [entry.epoch, entry.offset, entry.check]
        counters.events++
      } else if (entry.epoch !== sent[0] || entry.offset > sent[1] || entry.check !== sent[2]) {
        // Not what this link can be sent now: the log is the truth, so it is read from where the link stands.
        subscription.state = 'behind'
        attachment.behind.add(subscription)
        attachment.outlet.schedule()
      }
    }
  }
  /** This client's codec cannot carry it: it learns that there is something it does not get. */
  function skip(subscription: Subscription, { offset, check }: Entry): void {
    begin(subscription, { position: [subscription.sent[0], offset, check], rolledBack: false })
  }

  function begin(subscription: Subscription, { position, rolledBack }: Located): void {
    const { attachment, name, shown, sent } = subscription
    const [epoch, offset, check] = position
    if (rolledBack) subscription.shown = epoch + '!' + randomName(random, ALIAS_LENGTH)
    else if (unaliased([shown, 0, 0])[0] !== epoch) subscription.shown = epoch
    if (sent[0] && (rolledBack || sent[0] !== epoch || sent[1] !== offset)) counters.gaps++
    subscription.sent = position
    subscription.state = 'replaying'
    attachment.outlet.say(['subscribed', name, [subscription.shown, offset, check]])
    attachment.behind.add(subscription)
  }
  function deny(subscription: Subscription, code: string, message: string): void {
    const { attachment, name } = subscription
    end(subscription)
    attachment.outlet.say(['denied', name, code.slice(0, 256), message.slice(0, 256)])
  }
  function locate(
    subscription: Subscription,
    logged: string,
    asked: Position | null,
    ready: (tell: () => void) => void,
  ): void {
    // Given up meanwhile: there is nothing to tell, but those behind it wait for their turn.
    if (subscription.state === 'ended' || !isCurrent(subscription.attachment)) return ready(() => {})
    // Watched before it is located, so that nothing is appended in between unnoticed.
    const topic = (subscription.topic = join(subscription, logged))
    whenReady(
      () => log.locate(topic.name, asked && unaliased(asked)),
      (located) =>
        ready(() => {
          if (subscription.state !== 'starting' || !isCurrent(subscription.attachment)) return
          // A fresh inbox has no client position yet: this is what one goes on from that never learns it.
          const { inboxes } = subscription.attachment.session
          if (subscription.name.startsWith('~') && !inboxes.has(subscription.name))
            inboxes.set(subscription.name, located.position)
          begin(subscription, located)
        }),
      (error) => unavailable(subscription.attachment, error),
    )
  }

  return {
    get size() {
      return topics.size
    },
    subscribe(attachment, name, position, answer) {
      const before = attachment.subscriptions.get(name)
      if (before) end(before)
      const inbox = name.startsWith('~')
      const ready = inbox ? answer : counted(attachment, answer)
      const logged = logName(attachment.session, name)
      const sent: Position = position ? unaliased(position) : ['', 0, 0]
      const subscription: Subscription = {
        attachment,
        name,
        state: 'starting',
        topic: null,
        sent,
        shown: position?.[0] ?? '',
      }
      const refuse = (code: string, message: string): void =>
        ready(() => {
          if (subscription.state !== 'ended') deny(subscription, code, message)
        })
      if (logged === null) return refuse('forbidden', 'names that begin with ~ are reserved')
      // Who subscribes and gives up at once would have any number of questions open.
      if (!inbox && (countOf(attachment) >= limits.subscriptions || attachment.asking > limits.subscriptions))
        return refuse('too-many-subscriptions', `at most ${limits.subscriptions} subscriptions`)
      attachment.subscriptions.set(name, subscription)
      if (inbox) return locate(subscription, logged, position, ready)
      whenReady(
        () => settings.authorize({ identity: attachment.session.identity, action: 'subscribe', topic: name }),
        (allowed) => {
          if (allowed) locate(subscription, logged, position, ready)
          else refuse('forbidden', 'not allowed to subscribe to this topic')
        },
        (error) => {
          if (error instanceof RejectError) return refuse(error.code, error.message)
          if (subscription.state !== 'ended') return unavailable(attachment, error, 'authorize')
          report(error, 'authorize')
          ready(() => {})
        },
      )
    },
    unsubscribe(attachment, name) {
      const subscription = attachment.subscriptions.get(name)
      if (subscription && !name.startsWith('~')) end(subscription)
    },
    leave(attachment) {
      for (const subscription of attachment.subscriptions.values()) end(subscription)
    },
    volatile(name, data) {
      const frameFor = createVolatile(codecs, name, data)
      for (const { state, attachment } of topics.get(name)?.subscriptions ?? []) {
        if (state !== 'live' || attachment.outlet.queued > limits.buffered) continue
        const event = frameFor(attachment.session.codec)
        if (event) attachment.outlet.push(event.frame, event.bytes)
      }
    },
    begin,
    skip,
  }
}
