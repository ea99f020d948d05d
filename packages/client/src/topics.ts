/**
 * What is subscribed and where each subscriber stands (PROTOCOL.md §7): hands events on in order, each once, tells gaps first, and asks
 * again where there is a hole. Knows no link: `ask` and `leave` put frames on it.
 */
import { createCursor, type Cursor, type Hole, type Position } from '@holdfast/protocol'
import type { Gap, Message } from './types.ts'

export interface Listener {
  deliver(message: Message): void
  gap(gap: Gap): void
  /** The server has answered: it stands, or it was refused for this reason. */
  settled(refusal?: readonly [code: string, message: string]): void
}

export interface Subscriber extends Listener {
  /** What this subscriber has. */
  readonly cursor: Cursor
}

interface Topic {
  /** The topic's own subscriber is the first: what has come, whoever wanted it. */
  readonly subscribers: Set<Subscriber>
  readonly lead: Cursor
  /** The check last told on this link, for it is only told when it changes. */
  check: number
  /**
   * Asked: nothing is taken before the server has said from where it goes on. Outdated: asked, but for too little since somebody
   * wants more; the answer would look like a gap to them, so it only means: ask again.
   */
  phase: 'asked' | 'outdated' | 'replaying' | 'live'
}

export interface Topics {
  /** Returns the undo. `since` null: from now on. */
  add(topic: string, listener: Listener, since: Position | null): readonly [subscriber: Subscriber, undo: () => void]
  /** For the hello: every topic with the position to go on from. */
  positions(): [topic: string, position: Position | null][]
  /** `position` null: it stands, on a server that keeps no log for it. */
  subscribed(topic: string, position: Position | null): void
  event(topic: string, offset: number, data: unknown, check?: number): void
  caughtUp(topic: string, offset: number): void
  denied(topic: string, code: string, message: string): void
  /** What has no place in the log of its topic; a plain server may have a place of its own for it. */
  volatile(topic: string, data: unknown, offset?: number, epoch?: string): void
  /** For the subscribers of its topic, or of all, where it names none. */
  gap(gap: Gap): void
  /** The server has sent this link everything up to `offset` (PROTOCOL.md §7.4). */
  top(topic: string, offset: number): void
}

export interface TopicsOwner {
  ask(topic: string, position: Position | null): void
  leave(topic: string): void
  /** Every message once, whoever subscribed. */
  message(message: Message): void
  gap(gap: Gap): void
}

const toGap = (topic: string, { from: since, to: [epoch, to] }: Hole): Gap => ({
  topic,
  from: since[0] === epoch || !since[0] ? since[1] + 1 : 1,
  to,
  epoch,
  since,
})

/** The earliest position any subscriber still has to go on from. */
function positionOf({ subscribers }: Topic): Position | null {
  let earliest: Position | null = null
  for (const { cursor } of subscribers)
    if (cursor.position && !(earliest && cursor.position[1] >= earliest[1])) earliest = cursor.position
  return earliest
}

const isAnswered = ({ phase }: Topic): boolean => phase === 'replaying' || phase === 'live'
const isBehind = (topic: Topic, offset: number): boolean => positionOf(topic)![1] < offset

export function createTopics(owner: TopicsOwner): Topics {
  const topics = new Map<string, Topic>()
  /** To be left once they are answered. Answers carry no number (PROTOCOL.md §7.2): with one question at a time it is known whose each is. */
  const leaving = new Set<string>()

  function ask(name: string, topic: Topic): void {
    topic.phase = 'asked'
    owner.ask(name, positionOf(topic))
  }
  function create(name: string, since: Position | null): Topic {
    const lead = createCursor(since)
    const own: Subscriber = {
      cursor: lead,
      deliver(message) {
        if (name[0] !== '~' || !Array.isArray(message.data)) return owner.message(message)
        // A direct message names its topic inside (PROTOCOL.md §7.5); subscribers of that topic get it, too.
        const [topic, data] = message.data as [string, unknown]
        everybody({ ...message, topic, data, direct: true })
      },
      gap: owner.gap,
      settled() {},
    }
    const topic: Topic = { lead, subscribers: new Set([own]), check: 0, phase: 'asked' }
    topics.set(name, topic)
    return topic
  }
  /** What has no place in the log of its topic: nobody's position moves. */
  function everybody(message: Message): void {
    const topic = topics.get(message.topic)
    if (!topic) return owner.message(message)
    // A copy: whoever subscribes from within a handler is not meant.
    for (const subscriber of Array.from(topic.subscribers)) subscriber.deliver(message)
  }

  return {
    add(name, listener, since) {
      const existing = topics.get(name)
      const topic = existing ?? create(name, since)
      const isAsked = leaving.delete(name)
      const subscriber: Subscriber = { ...listener, cursor: createCursor(since ?? topic.lead.position) }
      topic.subscribers.add(subscriber)
      if (isAsked || (existing && !isAnswered(topic))) {
        if (isAsked || since) topic.phase = 'outdated'
      } else if (!existing || since) ask(name, topic)
      else {
        const { position } = topic.lead
        if (position) subscriber.cursor.start(position)
        subscriber.settled()
      }
      return [
        subscriber,
        () => {
          topic.subscribers.delete(subscriber)
          if (topic.subscribers.size > 1 || topics.get(name) !== topic) return
          topics.delete(name)
          if (isAnswered(topic)) owner.leave(name)
          else leaving.add(name)
        },
      ]
    },
    positions() {
      // A new link brings no answers of the old one.
      leaving.clear()
      return [...topics].map(([name, topic]) => {
        topic.phase = 'asked'
        return [name, positionOf(topic)]
      })
    },
    subscribed(name, position) {
      if (leaving.delete(name)) return owner.leave(name)
      // An inbox is subscribed without being asked for.
      const topic = topics.get(name) ?? (name[0] === '~' ? create(name, null) : undefined)
      if (!topic) return
      if (topic.phase === 'outdated') return ask(name, topic)
      topic.phase = position ? 'replaying' : 'live'
      topic.check = position?.[2] ?? 0
      for (const subscriber of topic.subscribers) {
        const hole = position && subscriber.cursor.start(position)
        if (hole) subscriber.gap(toGap(name, hole))
        subscriber.settled()
      }
    },
    event(name, offset, data, check) {
      const topic = topics.get(name)
      if (!topic || !isAnswered(topic)) return
      if (isBehind(topic, offset - 1)) return ask(name, topic)
      topic.check = check ?? topic.check
      const epoch = topic.lead.position![0]
      const message = { topic: name, data, offset, epoch, replayed: topic.phase === 'replaying', direct: false }
      for (const { cursor, deliver } of topic.subscribers)
        if (cursor.judge(offset) === 'next') {
          deliver(message)
          // After the handler has returned or thrown.
          cursor.advance(offset, topic.check)
        }
    },
    caughtUp(name, offset) {
      const topic = topics.get(name)
      if (topic?.phase !== 'replaying') return
      topic.phase = 'live'
      if (isBehind(topic, offset)) return ask(name, topic)
      for (const { cursor } of topic.subscribers) {
        if (cursor.position![1] <= offset) continue
        // Above the top: the log was rolled back behind an earlier reader, whose position could not tell (PROTOCOL.md §7.2).
        topic.phase = 'asked'
        return owner.ask(name, cursor.position)
      }
    },
    denied(name, code, message) {
      const topic = topics.get(name)
      topics.delete(name)
      leaving.delete(name)
      for (const subscriber of topic?.subscribers ?? []) subscriber.settled([code, message])
    },
    volatile: (topic, data, offset = 0, epoch = '') =>
      everybody({ topic, data, offset, epoch, replayed: false, direct: false }),
    gap(gap) {
      for (const [name, { lead, subscribers }] of topics)
        if (!gap.topic || gap.topic === name)
          for (const subscriber of subscribers) if (subscriber.cursor !== lead) subscriber.gap(gap)
    },
    top(name, offset) {
      const topic = topics.get(name)
      if (topic?.phase === 'live' && isBehind(topic, offset)) ask(name, topic)
    },
  }
}
