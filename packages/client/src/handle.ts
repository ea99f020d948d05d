/** What the user holds: a view of one driver. Closing it ends only what it has begun itself, and gives its lease back. */
import { topicName, type Position } from '@holdfast/protocol'
import type { Driver } from './client.ts'
import { HoldfastError } from './errors.ts'
import type { AnyTopics, Client, Message, Meta, Snapshot, SubscribeOptions, Subscription } from './types.ts'

/** "Everything the log still has, of whatever epoch" (PROTOCOL.md §7.1). */
const START: Position = ['', 0, 0]

const closed = (): HoldfastError =>
  new HoldfastError('closed', 'This handle is closed. Make another with connect().', { outcome: 'not-sent' })

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
  /** A promise that ends with the handle and with the signal. `begin` must not settle at once; it returns its clean-up. */
  function awaiting(
    signal: AbortSignal | undefined,
    begin: (resolve: () => void, reject: (error: unknown) => void) => () => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const abort = (): void => finish(() => reject(signal!.reason))
      const finish = (settle: () => void): void => {
        settle()
        end()
      }
      const stop = begin(
        () => finish(resolve),
        (error) => finish(() => reject(error)),
      )
      const end = keep(() => {
        stop()
        signal?.removeEventListener('abort', abort)
        reject(closed())
      })
      signal?.addEventListener('abort', abort)
    })
  }

  return {
    url: driver.url,
    get status() {
      return ends ? driver.snapshot().status : 'closed'
    },
    get snapshot(): Snapshot {
      return driver.snapshot()
    },
    watch: (fn) => keep(driver.watch(fn)),
    on: (event, fn) => keep(emitter.on(event, fn as never)),
    async ready({ signal } = {}) {
      alive()
      const { status, cause } = driver.snapshot()
      const error = (why: unknown): HoldfastError =>
        new HoldfastError('connection-closed', 'The connection is closed; see the cause.', { cause: why })
      if (status === 'open') return
      if (status === 'closed') throw error(cause)
      return awaiting(signal, (resolve, reject) => {
        const undo = [emitter.on('open', resolve), emitter.on('close', (event) => reject(error(event.cause)))]
        return () => undo.forEach((off) => off())
      })
    },
    subscribe: (topic, fn, options = {}) => subscribe(driver, keep, topic, fn as never, options) as never,
    async send(topic, data, options = {}) {
      alive()
      if (!options.volatile) return sender.receipt(await sender.offer(topic, data, options))
      sender.volatile(topic, data)
      return { id: '', serial: 0, level: 'none' }
    },
    async request(topic, data, options = {}) {
      alive()
      return (await sender.offer(topic, data, options)).value as never
    },
    async flush({ signal } = {}) {
      alive()
      if (sender.outbox.pending) await awaiting(signal, (resolve) => sender.onEmpty(resolve))
    },
    connect() {
      alive()
      dispatch({ type: 'connect' })
    },
    disconnect() {
      alive()
      dispatch({ type: 'disconnect' })
    },
    reconnect() {
      alive()
      dispatch({ type: 'reconnect' })
    },
    async reauthenticate() {
      alive()
      return driver.reauthenticate()
    },
    async close({ flush = false } = {}) {
      if (flush && ends && sender.outbox.pending) await awaiting(undefined, (resolve) => sender.onEmpty(resolve))
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
  { topics, report }: Driver,
  keep: (end: () => void) => () => void,
  topic: string,
  fn: ((data: unknown, meta: Meta) => void) | null | undefined,
  { since, onGap, signal }: SubscribeOptions,
): Subscription {
  if (!topicName(topic) || topic[0] === '~')
    throw new HoldfastError('bad-topic', `Cannot subscribe to "${topic}": see the rules for topic names.`)
  const readers = new Set<(message: Message | null) => void>()
  const guard = (call: () => void): void => {
    try {
      call()
    } catch (error) {
      report('listener-failed', `A handler of ${topic} has thrown; the message counts as handled.`, error)
    }
  }
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
      settled: (refusal) => (refusal ? fails(new HoldfastError(refusal[0], `${topic}: ${refusal[1]}`)) : stands()),
    },
    since === 'start' ? START : (since ?? null),
  )
  const unsubscribe = keep(() => {
    signal?.removeEventListener('abort', unsubscribe)
    leave()
    fails(new HoldfastError('unsubscribed', `${topic}: the subscription has ended.`))
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
