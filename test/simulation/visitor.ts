/** A client in its page: the real client over the real transports, on the simulated network, with signals, a credential, and readers. */
import {
  createClient,
  eventSource,
  longPolling,
  webSocket,
  type Client,
  type ClientOptions,
  type Signal,
  type Subscription,
  type Transport,
} from '@holdfast/client'
import type { Chance } from './chance.ts'
import { createFetch } from './http.ts'
import type { Body, Ledger } from './ledger.ts'
import type { Network, Page } from './network.ts'
import { createReader, type Reader } from './reader.ts'
import { sloppySocket } from './sloppy.ts'
import { socketClass } from './socket.ts'
import { createTap, type Tap } from './tap.ts'
import type { Truth } from './truth.ts'
import type { World } from './world.ts'

type Topics = { [topic: string]: unknown }

export interface Visitor {
  readonly page: Page
  readonly client: Client<Topics>
  readonly tap: Tap
  /** What the user has subscribed to. */
  readonly readers: ReadonlyMap<Reader, Subscription>
  /** Listeners for signals of the page. */
  readonly listeners: ReadonlySet<(signal: Signal) => void>
  signal(signal: Signal): void
  subscribe(topic: string, since: 'now' | 'start'): void
  unsubscribe(reader: Reader): void
  /** Whether it has asked for its connection to be closed, or a code has closed it. */
  wasClosed: boolean
  /** Who it says that it is. */
  user: string
  /** Calls of its user that put frames on a link. */
  calls: number
}

export interface VisitorOptions {
  world: World
  chance: Chance
  network: Network
  ledger: Ledger
  truth: Truth
  name: string
  transports: readonly ('webSocket' | 'sloppy' | 'eventSource' | 'longPolling')[]
  options: Partial<ClientOptions>
  /** Whether asking for a credential fails now. */
  authFails(): boolean
  mayLose(token: string): boolean
  /** Whether a handler of events does something rash now. */
  isRash(): boolean
}

/** Direct messages: each at most once, in order of their inbox, which is told apart by its epoch. */
function watchInbox(world: World, truth: Truth, name: string, client: Client<Topics>, tap: Tap): void {
  const at = new Map<string, number>()
  client.on('message', (message) => {
    if (!message.direct) return
    const { epoch, offset } = message
    world.trace(`${name} is told ${epoch}@${offset}`)
    if (tap.isStale(`${epoch}@${offset}`)) world.fail('fence', `${name}: a direct message from a link that was let go`)
    const before = at.get(epoch)
    if (before !== undefined && offset !== before + 1)
      world.fail('topics', `${name}: direct message ${offset} of ${epoch} after ${before}`)
    at.set(epoch, offset)
  })
  client.on('gap', ({ topic, epoch, from, to, since }) => {
    if (!topic.startsWith('~')) return
    world.trace(`${name} misses ${topic} ${epoch}@${from}..${to} after ${since[0]}@${since[1]}`)
    if ((at.get(since[0]) ?? since[1]) !== since[1])
      world.fail('topics', `${name}: a gap in ${topic} after ${since[1]} of ${epoch}, had ${at.get(epoch)}`)
    at.set(epoch, to)
  })
}

export function createVisitor(o: VisitorOptions): Visitor {
  const { world, chance, network, ledger, name } = o
  const page: Page = { name, actor: world.actor(name), stalledUntil: 0 }
  const clock = world.clock(page.actor)
  const tap = createTap({ world, page: name, ledger, mayLose: o.mayLose })
  const listeners = new Set<(signal: Signal) => void>()
  const readers = new Map<Reader, Subscription>()
  const Socket = socketClass(network, page)
  const fetch = createFetch(network, page)
  const make: { readonly [kind in VisitorOptions['transports'][number]]: () => Transport } = {
    webSocket: () => webSocket({ WebSocket: Socket }),
    sloppy: () => sloppySocket(Socket),
    eventSource: () => eventSource({ fetch }),
    longPolling: () => longPolling({ fetch }),
  }
  async function auth(): Promise<string> {
    await new Promise<void>((resolve) => void clock.after(chance.int(30), resolve))
    if (o.authFails()) throw new Error('no credential now')
    return `${visitor.user}:${Math.floor(world.now)}`
  }
  const client = createClient<Topics>('http://sim.test/realtime', {
    ...o.options,
    ...(o.options.auth === undefined ? {} : { auth }),
    transports: o.transports.map((kind) => tap.wrap(make[kind]())),
    clock,
    random: chance.fork('client').float,
    logger: { error: (error) => world.fail('sound', `${name}: ${String((error as Error).stack)}`) },
    environment(emit) {
      listeners.add(emit)
      return () => listeners.delete(emit)
    },
  })
  const visitor: Visitor = {
    page,
    client,
    tap,
    readers,
    listeners,
    wasClosed: false,
    user: 'ann',
    calls: 0,
    signal(signal) {
      world.trace(`${name} ${signal}`)
      for (const listener of listeners) listener(signal)
    },
    subscribe(topic, since) {
      const id = `${name}/${readers.size}`
      const reader = createReader({ world, truth: o.truth, name: id, topic, since, isStale: tap.isStale })
      world.trace(`${id} subscribes to ${topic} ${since}`)
      visitor.calls++
      const subscription = client.subscribe(
        topic,
        (data, meta) => {
          reader.message(data, meta)
          if (o.isRash()) client.reconnect()
        },
        { onGap: reader.gap, ...(since === 'start' ? { since } : {}) },
      )
      readers.set(reader, subscription)
    },
    unsubscribe(reader) {
      world.trace(`${name} unsubscribes from ${reader.topic}`)
      visitor.calls++
      reader.end()
      readers.get(reader)!.unsubscribe()
      readers.delete(reader)
    },
  }
  client.on('error', ({ code, message }) => {
    world.trace(`${name} error ${code} ${message}`)
    if (code === 'listener-failed') world.fail('sound', `${name}: ${message}`)
  })
  client.on('status', (status) => {
    world.trace(`${name} is ${status}`)
    if (status === 'closed') visitor.wasClosed = true
  })
  const { maxMessages = Infinity, overflow } = o.options.outbox ?? {}
  client.watch(({ pending }) => {
    if (pending > maxMessages && overflow !== 'wait')
      world.fail('bounds', `${name}: ${pending} messages are pending, of ${maxMessages}`)
  })
  client.on('open', ({ resumed, transport }) =>
    world.trace(`${name} open ${transport} ${resumed ? 'resumed' : 'anew'}`),
  )
  watchInbox(world, o.truth, name, client, tap)
  return visitor
}

export interface Writing {
  readonly topic: string
  readonly body: Omit<Body, 'k'>
  readonly kind: 'send' | 'request' | 'volatile'
  readonly once: boolean
  readonly ttl: number | null
  readonly keyed: string | null
  /** ms until it is aborted, or until it times out. */
  readonly abortAfter: number | null
}

interface Failure {
  readonly outcome?: string
  readonly code: string
}

/** Sends one message, and has its outcome judged. */
export function write(
  { page, client }: Visitor,
  { world, ledger }: Pick<VisitorOptions, 'world' | 'ledger'>,
  writing: Writing,
): void {
  const { topic, kind, once, ttl, keyed, abortAfter } = writing
  const inTurn = !topic.startsWith('up/many/')
  const letter = ledger.add({ page: page.name, kind, once, ttl: ttl !== null, keyed: keyed !== null, inTurn })
  const data: Body = { k: letter.key, ...writing.body }
  world.trace(`${page.name} sends ${letter.key} ${kind}${once ? ' once' : ''}${keyed ?? ''}`)
  const withdraw = (): void => {
    letter.withdrawn = true
  }
  const failed = (error: Failure): void => {
    if (error.code === 'timeout') withdraw()
    ledger.settled(letter, error.outcome ?? 'no outcome', error.code, {})
  }
  if (kind === 'request') {
    const options = abortAfter === null ? {} : { timeout: abortAfter }
    client.request(topic, data, options).then((reply) => ledger.settled(letter, 'acknowledged', '', { reply }), failed)
    return
  }
  const abort = new AbortController()
  client
    .send(topic, data, {
      ...(kind === 'volatile' ? { volatile: true } : { once }),
      ...(ttl === null ? {} : { ttl }),
      ...(keyed === null ? {} : { key: keyed }),
      ...(abortAfter === null ? {} : { signal: abort.signal }),
    })
    .then(({ id }) => ledger.settled(letter, 'acknowledged', '', { id }), failed)
  if (abortAfter === null) return
  world.after(page.actor, abortAfter, () => {
    withdraw()
    abort.abort()
  })
}
