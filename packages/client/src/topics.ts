/**
 * What is subscribed and where each subscriber stands (PROTOCOL.md §7): hands events on in order, each once, tells gaps first, and asks
 * again where there is a hole. Knows no link: `ask` and `leave` put frames on it.
 */
import { createCursor, type Cursor, type Hole, type Position } from '@holdfast/protocol'
import type { Gap, Message } from './types.ts'

export interface Subscriber {
  /** What this subscriber has; shared with its topic unless it began elsewhere. */
  cursor: Cursor
  deliver(message: Message): void
  gap(gap: Gap): void
  /** The server has answered: it stands, or it was refused for this reason. */
  settled(refusal?: readonly [code: string, message: string]): void
}

interface Topic {
  /** What has come, whoever wanted it. */
  readonly lead: Cursor
  readonly subscribers: Set<Subscriber>
  /** The check last told on this link, for it is only told when it changes. */
  check: number
  /** Asked: nothing is taken before the server has said from where it goes on. */
  phase: 'asked' | 'replaying' | 'live'
}

export interface Topics {
  /** Returns the undo. `since` null: from now on. */
  add(
    topic: string,
    subscriber: Omit<Subscriber, 'cursor'>,
    since: Position | null,
  ): readonly [subscriber: Subscriber, undo: () => void]
  /** For the hello: every topic with the position to go on from. */
  positions(): [topic: string, position: Position | null][]
  subscribed(topic: string, position: Position): void
  event(topic: string, offset: number, data: unknown, check?: number): void
  caughtUp(topic: string, offset: number): void
  denied(topic: string, code: string, message: string): void
  volatile(topic: string, data: unknown): void
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

export function createTopics(owner: TopicsOwner): Topics {
  const topics = new Map<string, Topic>()

  /** The earliest position any subscriber still has to go on from. */
  function positionOf({ lead, subscribers }: Topic): Position | null {
    let position = lead.position
    for (const { cursor } of subscribers)
      if (cursor.position && !(position && cursor.position[1] >= position[1])) position = cursor.position
    return position
  }
  function ask(name: string, topic: Topic): void {
    topic.phase = 'asked'
    owner.ask(name, positionOf(topic))
  }
  function create(name: string, since: Position | null): Topic {
    const topic: Topic = { lead: createCursor(since), subscribers: new Set(), check: 0, phase: 'asked' }
    topics.set(name, topic)
    return topic
  }
  /** Hands a message to those subscribers that lack it. Their position moves after the handler has returned or thrown. */
  function deliver(topic: Topic, message: Message): void {
    const { lead, check } = topic
    const offset = message.offset
    const isNew = lead.judge(offset) === 'next'
    if (isNew) emit(message)
    for (const subscriber of topic.subscribers) {
      const own = subscriber.cursor
      if (own === lead ? !isNew : own.judge(offset) !== 'next') continue
      subscriber.deliver(message)
      if (own !== lead) own.advance(offset, check)
    }
    if (isNew) lead.advance(offset, check)
    // Whoever began elsewhere and has caught up goes on with the others.
    else
      for (const subscriber of topic.subscribers)
        if (subscriber.cursor.position?.[1] === lead.position?.[1]) subscriber.cursor = lead
  }
  /** A direct message names its topic inside (PROTOCOL.md §7.5); subscribers of that topic get it, too. */
  function emit(message: Message): void {
    if (message.topic[0] !== '~') return owner.message(message)
    const [topic, data] = message.data as [string, unknown]
    const direct = { ...message, topic, data, direct: true }
    owner.message(direct)
    for (const subscriber of topics.get(topic)?.subscribers ?? []) subscriber.deliver(direct)
  }

  return {
    add(name, { deliver, gap, settled }, since) {
      const existing = topics.get(name)
      const topic = existing ?? create(name, since)
      const subscriber: Subscriber = {
        cursor: since && existing ? createCursor(since) : topic.lead,
        deliver,
        gap,
        settled,
      }
      topic.subscribers.add(subscriber)
      if (!existing || since) ask(name, topic)
      else if (topic.phase !== 'asked') settled()
      return [
        subscriber,
        () => {
          if (!topic.subscribers.delete(subscriber) || topic.subscribers.size || topics.get(name) !== topic) return
          topics.delete(name)
          owner.leave(name)
        },
      ]
    },
    positions: () =>
      [...topics].map(([name, topic]) => {
        topic.phase = 'asked'
        return [name, positionOf(topic)]
      }),
    subscribed(name, position) {
      // An inbox is subscribed without being asked for.
      const topic = topics.get(name) ?? (name[0] === '~' ? create(name, null) : undefined)
      if (!topic) return
      topic.phase = 'replaying'
      topic.check = position[2]
      const hole = topic.lead.start(position)
      if (hole) owner.gap(toGap(name, hole))
      for (const subscriber of topic.subscribers) {
        const own = subscriber.cursor === topic.lead ? hole : subscriber.cursor.start(position)
        if (own) subscriber.gap(toGap(name, own))
        subscriber.settled()
      }
    },
    event(name, offset, data, check) {
      const topic = topics.get(name)
      if (!topic || topic.phase === 'asked') return
      if (topic.lead.judge(offset) === 'ahead') return ask(name, topic)
      topic.check = check ?? topic.check
      const epoch = topic.lead.position![0]
      deliver(topic, { topic: name, data, offset, epoch, replayed: topic.phase === 'replaying', direct: false })
    },
    caughtUp(name, offset) {
      const topic = topics.get(name)
      if (topic?.phase !== 'replaying') return
      topic.phase = 'live'
      if (topic.lead.position![1] < offset) ask(name, topic)
    },
    denied(name, code, message) {
      const topic = topics.get(name)
      topics.delete(name)
      for (const subscriber of topic?.subscribers ?? []) subscriber.settled([code, message])
    },
    volatile(name, data) {
      const message = { topic: name, data, offset: 0, epoch: '', replayed: false, direct: false }
      owner.message(message)
      for (const subscriber of topics.get(name)?.subscribers ?? []) subscriber.deliver(message)
    },
    top(name, offset) {
      const topic = topics.get(name)
      if (topic?.phase === 'live' && topic.lead.position![1] < offset) ask(name, topic)
    },
  }
}
