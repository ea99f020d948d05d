/** What arrives on a topic, taken in outside of rendering, so that React may batch or drop renders as it likes. Knows no React. */
import type { Client, Gap, Message, Meta, Position, SubscribeOptions } from '@holdfast/client'

/** What to do with what arrives; read anew for each message. */
export interface Taker {
  take(data: unknown, meta: Meta): void
  gap?(gap: Gap): void
}

/**
 * Returns what begins the subscription and returns its end. Begun again, it goes on after what was had: neither StrictMode nor a hidden
 * part of the page makes a hole. Nothing is subscribed without a topic.
 */
export function createFeed(
  client: Client,
  topic: string | null,
  since: SubscribeOptions['since'],
  { take, gap }: Taker,
): () => () => void {
  let position: Position | 'start' | undefined = since
  return () => {
    if (topic === null) return () => {}
    const subscription = client.subscribe(topic, take, { since: position, onGap: gap })
    return () => {
      position = subscription.position ?? position
      subscription.unsubscribe()
    }
  }
}

/** The newest messages, as `useSyncExternalStore` wants them: the same array until there are more. */
export interface Store {
  begin(changed: () => void): () => void
  view(): readonly Message[]
}

/** Many messages in a tick are one change. `limit` is asked at each. */
export function createStore(
  client: Client,
  topic: string | null,
  since: SubscribeOptions['since'],
  limit: () => number,
): Store {
  let view: readonly Message[] = []
  let fresh: Message[] = []
  let telling: Promise<void> | null = null
  let changed = (): void => {}
  function tell(): void {
    telling = null
    view = [...view, ...fresh].slice(-limit())
    fresh = []
    changed()
  }
  const begin = createFeed(client, topic, since, {
    take(data, meta) {
      fresh.push({ ...meta, data })
      telling ??= Promise.resolve().then(tell)
    },
  })
  return {
    begin(fn) {
      changed = fn
      return begin()
    },
    view: () => view,
  }
}
