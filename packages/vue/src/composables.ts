/** The composables: Vue's side of the client, and nothing else. Whatever one begins, the end of its scope ends. */
import {
  HoldfastError,
  connect,
  createClient,
  type Client,
  type ClientOptions,
  type Message,
  type Meta,
  type Snapshot,
} from '@holdfast/client'
import {
  computed,
  getCurrentInstance,
  hasInjectionContext,
  inject,
  isRef,
  onMounted,
  onScopeDispose,
  provide,
  shallowRef,
  ssrContextKey,
  toValue,
  watch,
  type InjectionKey,
  type MaybeRef,
  type MaybeRefOrGetter,
  type ShallowRef,
  type WatchSource,
} from 'vue'
import type { ClientRef, Composables, View } from './types.ts'

/** By name, so that a module loaded twice finds what the other copy provides. */
const key: InjectionKey<ClientRef> = Symbol.for('holdfast.vue.1')
/** By component, which does not see what it provides itself. */
const own = new WeakMap<object, ClientRef>()

const idle: Snapshot = Object.freeze({
  status: 'idle',
  transport: null,
  attempt: 0,
  retryAt: null,
  cause: null,
  roundTrip: null,
  pending: 0,
  pendingBytes: 0,
  resumed: false,
})

/** Rendering to text: nobody would end what is begun there, since Vue disposes of no scope. */
const isServer = (): boolean =>
  hasInjectionContext() ? inject(ssrContextKey, null) !== null : typeof document === 'undefined'

/** Runs `begin` now and whenever a source has changed, after the end that it returned before. A fault is thrown at the first call. */
function follow(sources: WatchSource[], begin: () => () => void): void {
  if (isServer()) return
  let end = begin()
  watch(
    sources,
    () => {
      end()
      end = begin()
    },
    { flush: 'sync' },
  )
  onScopeDispose(() => end())
}

/**
 * A handle on the one connection to this URL, until the scope ends. A changed URL or `key` connects there, and the ref holds the new
 * handle; of an `auth` function the newest one is asked; other options count when the connection is made. On a server it is a client that never connects.
 * @throws HoldfastError `bad-url`, `bad-option`, `conflicting-options`
 */
export const useConnection: Composables['useConnection'] = (url, options) => {
  const server = isServer()
  /** Whoever asks for the credential later asks the `auth` of then. */
  const asking = (): ClientOptions => {
    const now = toValue(options)
    const auth = (): unknown => {
      const newest = toValue(options).auth
      return typeof newest === 'function' ? newest() : newest
    }
    return typeof now.auth === 'function' ? { ...now, auth } : now
  }
  const open = (): Client =>
    server
      ? // One that never starts. A relative URL has no page to be relative to.
        createClient(new URL(toValue(url), 'http://localhost'), { ...toValue(options), autoConnect: false })
      : connect(toValue(url), asking())
  const client = shallowRef(open())
  if (server) return client
  watch(
    [() => String(toValue(url)), () => toValue(options).key],
    () => {
      const before = client.value
      client.value = open()
      void before.close()
    },
    { flush: 'sync' },
  )
  onScopeDispose(() => void client.value.close())
  return client
}

const isClient = (source: unknown): source is Client => 'subscribe' in Object(source)

/**
 * Gives a client to the composables of this component and of all below it: yours, or one of its own (URL and options), as `useConnection`
 * makes it. Returns it.
 * @throws HoldfastError `bad-url`, `bad-option`, `conflicting-options`
 */
export const provideHoldfast: Composables['provideHoldfast'] = (
  source: MaybeRef<Client> | MaybeRefOrGetter<string | URL>,
  options?: MaybeRefOrGetter<ClientOptions>,
): ClientRef => {
  const given = toValue(source)
  const client = isClient(given)
    ? isRef(source)
      ? (source as ShallowRef<Client>)
      : shallowRef(given)
    : useConnection(source as MaybeRefOrGetter<string | URL>, options!)
  const component = getCurrentInstance()
  if (component) own.set(component, client)
  provide(key, client)
  return client
}

/**
 * The client of the nearest `provideHoldfast`.
 * @throws HoldfastError `no-provider`
 */
export const useClient: Composables['useClient'] = () => {
  const component = getCurrentInstance()
  const client = (component && own.get(component)) ?? (hasInjectionContext() ? inject(key, null) : null)
  if (!client)
    throw new HoldfastError('no-provider', 'Call provideHoldfast() in setup, here or in a component above this one.')
  return client
}

function look<V>(read: (snapshot: Snapshot, client: Client | null) => V): View<V> {
  const client = useClient()
  const view = shallowRef(read(idle, null)) as ShallowRef<V>
  const start = (): void =>
    follow([client], () => {
      const now = client.value
      const show = (): void => void (view.value = read(now.snapshot, now))
      show()
      return now.watch(show)
    })
  // What hydrates must first show what the server has shown.
  if (getCurrentInstance()?.vnode.el) onMounted(start)
  else start()
  return view
}

/**
 * Calls `fn` for every message of the topic, in order, whatever Vue renders meanwhile, until the scope ends. Another topic subscribes anew;
 * null subscribes to nothing.
 * @throws HoldfastError `bad-topic`
 */
export const useSubscription: Composables['useSubscription'] = (topic, fn, options) => {
  const client = useClient()
  follow([client, () => toValue(topic)], () => {
    const name = toValue(topic)
    return name === null ? () => {} : client.value.subscribe(name, fn, options).unsubscribe
  })
}

/**
 * The newest messages of the topic since the scope began (or since `since`), oldest first, 100 by default. Every message is taken in; those of
 * one tick are one change. Emptied for another topic.
 * @throws HoldfastError `bad-option`
 */
export const useMessages: Composables['useMessages'] = (topic, { limit = 100, since } = {}) => {
  const first = toValue(limit)
  if (!(first >= 1)) throw new HoldfastError('bad-option', 'limit: give a number from 1 up, not ' + first)
  const client = useClient()
  const view = shallowRef<readonly Message[]>([])
  follow([client, () => toValue(topic)], () => {
    const name = toValue(topic)
    let fresh: Message[] = []
    let telling: Promise<void> | null = null
    view.value = []
    const tell = (): void => {
      telling = null
      view.value = [...view.value, ...fresh].slice(-toValue(limit))
      fresh = []
    }
    if (name === null) return () => {}
    const take = (data: unknown, meta: Meta): void => {
      fresh.push({ ...meta, data })
      telling ??= Promise.resolve().then(tell)
    }
    const { unsubscribe } = client.value.subscribe(name, take, { since })
    return () => {
      unsubscribe()
      fresh = []
    }
  })
  return view
}

/** The status of the connection; `idle` on a server and until what a server rendered is mounted. */
export const useStatus: Composables['useStatus'] = () => look((_, client) => client?.status ?? 'idle')

/** The connection as it is now; idle on a server and until what a server rendered is mounted. */
export const useSnapshot: Composables['useSnapshot'] = () => look((snapshot) => snapshot)

/** The data of the newest message of the topic since the scope began; before the first, undefined. */
export const useLatest: Composables['useLatest'] = (topic, options) => {
  const view = useMessages(topic, { ...options, limit: 1 })
  return computed(() => view.value[0]?.data)
}

/** `send` of the client, whichever it is when called. */
export const useSend: Composables['useSend'] = () => {
  const client = useClient()
  return (topic, data, options) => client.value.send(topic, data, options)
}

/** All composables, typed by your topics: `export const { useSubscription, useSend } = createComposables<Topics>()`. They are the exported ones. */
export function createComposables<T>(): Composables<T> {
  return {
    provideHoldfast,
    useClient,
    useConnection,
    useStatus,
    useSnapshot,
    useSubscription,
    useLatest,
    useMessages,
    useSend,
  } as unknown as Composables<T>
}
