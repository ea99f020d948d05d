/** What the user holds: a view of one driver. Closing it ends only what it has begun itself, and gives its lease back. */
import { topicName, type Position } from '@holdfast/protocol'
import type { Driver } from './client.ts'
import { HoldfastError, TOPIC_RULES, closedBy } from './errors.ts'
import type { AnyTopics, Client, Message, Meta, Receipt, Snapshot, SubscribeOptions, Subscription } from './types.ts'

/** "Everything the log still has, of whatever epoch" (PROTOCOL.md §7.1). */
const START: Position = ['', 0, 0]

const closed = (): HoldfastError =>
  new HoldfastError('closed', 'This handle is closed. Make another.', { outcome: 'not-sent' })

const isClosed = ({ status }: Snapshot): boolean => status === 'closed'
const isFlushed = ({ pending }: Snapshot): boolean => !pending

/** `release` gives the lease on the driver back; it is called once. */
export function createHandle<T = AnyTopics>(driver: Driver, release: () => void): Client<T> {
  const { emitter, sender, dispatch } = driver
  /** Ends of everything that this handle has begun; null once it is closed. */
  let ends: Set<() => void> | null = new Set()

  /** Registers an end; returns it, made to work once. Throws on a closed handle. */
  function keep(end: () => void): () => void {
    const mine = ends
    if (!mine) {
      end()
      throw closed()
    }
    const once = (): void => {
      if (mine.delete(once)) end()
    }
    mine.add(once)
    return once
  }
  function alive(): void {
    if (!ends) throw closed()
  }
  /** Resolves with the first snapshot of which `holds` is true; rejects when the signal aborts and when the handle closes. */
  async function until(signal: AbortSignal | undefined, holds: (now: Snapshot) => boolean): Promise<Snapshot> {
    alive()
    signal?.throwIfAborted()
    const now = driver.snapshot()
    if (holds(now)) return now
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(signal!.reason)
        end()
      }
      const stop = emitter.on('snapshot', (next) => {
        if (!holds(next)) return
        resolve(next)
        end()
      })
      signal?.addEventListener('abort', abort)
      const end = keep(() => {
        stop()
        signal?.removeEventListener('abort', abort)
        reject(closed())
      })
    })
  }

  const order = (type: 'connect' | 'disconnect' | 'reconnect') => (): void => {
    alive()
    dispatch({ type })
  }

  return {
    url: driver.url,
    get status() {
      return ends ? driver.snapshot().status : 'closed'
    },
    get snapshot(): Snapshot {
      return driver.snapshot()
    },
    watch: (fn) => keep(emitter.on('snapshot', fn)),
    on: (event, fn) => keep(emitter.on(event, fn as never)),
    async ready({ signal } = {}) {
      const { status, cause } = await until(signal, (now) => now.status === 'open' || isClosed(now))
      if (status === 'closed') throw closedBy(cause)
    },
    subscribe: (topic, fn, options = {}) => subscribe(driver, keep, topic, fn as never, options) as never,
    send(topic, data, options = {}) {
      // The one promise that is given back, and no other: this is the hot path.
      if (!options.volatile) return sender.offer(alive, topic, data, options, sender.receipt)
      const sent = (async (): Promise<Receipt> => {
        alive()
        sender.volatile(topic, data)
        return { id: '', serial: 0, level: 'none' }
      })()
      // Nothing can be done about one that is lost: who does not ask need not handle it.
      sent.catch(() => {})
      return sent
    },
    request: (topic, data, options = {}) =>
      sender.offer(alive, topic, data, options, ({ value }) => value as never, true),
    async flush({ signal } = {}) {
      await until(signal, isFlushed)
    },
    connect: order('connect'),
    disconnect: order('disconnect'),
    reconnect: order('reconnect'),
    async reauthenticate() {
      alive()
      const done = new AbortController()
      // A connection that has ended answers nothing any more.
      const over = until(done.signal, isClosed).then(({ cause }) => Promise.reject(closedBy(cause)))
      await Promise.race([driver.reauthenticate(), over]).finally(() => done.abort())
    },
    async close({ flush = false } = {}) {
      // Another close() may come first: then there is nothing left to wait for.
      if (flush && ends) await until(undefined, isFlushed).catch(() => {})
      const mine = ends
      ends = null
      if (!mine) return
      for (const end of mine) end()
      release()
    },
    [Symbol.dispose]() {
      void this.close()
    },
    [Symbol.asyncDispose]() {
      return this.close()
    },
  }
}

/** One subscriber of a topic, with its promise and its iterators. */
function subscribe(
  { topics, guard }: Driver,
  keep: (end: () => void) => () => void,
  topic: string,
  fn: ((data: unknown, meta: Meta) => void) | null | undefined,
  { since, onGap, signal }: SubscribeOptions,
): Subscription {
  if (!topicName(topic) || topic[0] === '~') throw new HoldfastError('bad-topic', `"${topic}": ${TOPIC_RULES}`)
  const readers = new Set<(message: Message | null) => void>()
  let stands = (): void => {}
  let fails: (error: unknown) => void
  const ready = new Promise<void>((resolve, reject) => {
    stands = resolve
    fails = reject
  })
  // Refusals are told by `error`, too: nobody has to await this.
  ready.catch(() => {})
  const [subscriber, leave] = topics.add(
    topic,
    {
      deliver(message) {
        if (fn) guard(() => fn(message.data, message))
        for (const read of readers) read(message)
      },
      gap: (gap) => onGap && guard(() => onGap(gap)),
      settled(refusal) {
        if (!refusal) return stands()
        fails(new HoldfastError(refusal[0], `${topic}: ${refusal[1]}`))
        unsubscribe()
      },
    },
    since === 'start' ? START : (since ?? null),
  )
  const unsubscribe = keep(() => {
    signal?.removeEventListener('abort', unsubscribe)
    leave()
    fails(new HoldfastError('unsubscribed', topic + ': ended. Subscribe again.'))
    for (const read of readers) read(null)
  })
  if (signal?.aborted) unsubscribe()
  else signal?.addEventListener('abort', unsubscribe)
  return {
    topic,
    get position() {
      return subscriber.cursor.position
    },
    ready,
    unsubscribe,
    [Symbol.asyncIterator]: () => iterate(readers),
  }
}

/** Keeps what comes from now on until it is read; a reader that stops reading should stop iterating. */
function iterate(readers: Set<(message: Message | null) => void>): AsyncGenerator<Message, void> {
  const messages: (Message | null)[] = []
  let wake = (): void => {}
  const read = (message: Message | null): void => {
    messages.push(message)
    wake()
  }
  readers.add(read)
  async function* walk(): AsyncGenerator<Message, void> {
    try {
      for (;;) {
        while (!messages.length) await new Promise<void>((resolve) => (wake = resolve))
        const message = messages.shift()
        if (!message) return
        yield message
      }
    } finally {
      readers.delete(read)
    }
  }
  return walk()
}
