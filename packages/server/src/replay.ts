/**
 * The replay pump (PROTOCOL.md §7.3): brings subscriptions that are behind up to the top of their logs, a page at a time, as fast as the
 * link drains. Nothing is kept per slow client but its position: what it lacks waits in the log.
 */
import type { Context } from './context.ts'
import { createEvents } from './events.ts'
import type { Page } from './log.ts'
import { whenReady } from './maybe.ts'
import { isCurrent } from './session.ts'
import type { Attachment, Subscription, Topic } from './session.ts'
import type { Topics } from './topics.ts'

/** Pushes pages until the link has enough; to be called whenever it has drained. */
export type Pump = (attachment: Attachment) => void

export function createPump(
  context: Context,
  topics: Topics,
  unavailable: (attachment: Attachment, error: unknown) => void,
): Pump {
  const { settings, codecs, counters } = context
  const { limits, log } = settings

  function pushEvents(subscription: Subscription, { entries }: Page): void {
    const { attachment, topic } = subscription
    for (const entry of entries) {
      const { offset, check } = entry
      const event = createEvents(codecs, topic!, entry)(attachment.session.codec, check !== subscription.sent[2])
      if (!event) {
        topics.skip(subscription, entry)
        continue
      }
      attachment.outlet.push(event.frame, event.bytes)
      subscription.sent = [subscription.sent[0], offset, check]
      counters.events++
      counters.replayed++
    }
  }
  /** `known`: the newest entry when the page was asked for. */
  function turn(subscription: Subscription, page: Page, known: Topic['newest']): void {
    const { attachment, topic, sent } = subscription
    pushEvents(subscription, page)
    // To the end of the line: the link's other subscriptions get their pages, too.
    attachment.behind.delete(subscription)
    const { newest } = topic!
    // Only what was told since then can be above the page: a log that was rolled back ends below what it had told before, and to look for
    // that would never end.
    const isNewer = newest !== known && (newest.epoch !== sent[0] || newest.offset > subscription.sent[1])
    if (subscription.sent[1] < page.top || isNewer) {
      attachment.behind.add(subscription)
      return
    }
    if (subscription.state === 'replaying')
      attachment.outlet.say(['caught-up', subscription.name, subscription.sent[1]])
    subscription.state = 'live'
  }
  /** What follows is no longer on the log: goes on from what is, and says so (the client announces the gap). */
  function relocate(subscription: Subscription, done: () => void): void {
    const { attachment, topic, sent } = subscription
    whenReady(
      () => log.locate(topic!.name, sent),
      (located) => {
        done()
        if (subscription.state === 'ended' || !isCurrent(attachment)) return
        const [epoch, offset, check] = located.position
        const same = epoch === sent[0] && offset === sent[1] && check === sent[2]
        // It would go round for ever.
        if (same) return unavailable(attachment, new Error(`log of ${topic!.name}: read and locate disagree`))
        topics.begin(subscription, located)
      },
      (error) => unavailable(attachment, error),
    )
  }
  function read(attachment: Attachment, subscription: Subscription): void {
    attachment.reading = 'reading'
    const known = subscription.topic!.newest
    const done = (): void => {
      attachment.reading = 'idle'
      attachment.outlet.schedule()
    }
    whenReady(
      () =>
        log.read(subscription.topic!.name, subscription.sent, {
          events: limits.replayEvents,
          bytes: limits.replayBytes,
        }),
      (page) => {
        if (subscription.state === 'ended' || !isCurrent(attachment)) return done()
        if (!page) return relocate(subscription, done)
        turn(subscription, page, known)
        done()
      },
      (error) => unavailable(attachment, error),
    )
  }

  return (attachment) => {
    // Below a page: so that what is live on this link meets at most two pages before it.
    while (attachment.reading === 'idle' && attachment.outlet.queued < limits.replayBytes) {
      const [next] = attachment.behind
      if (!next) return
      read(attachment, next)
    }
  }
}
