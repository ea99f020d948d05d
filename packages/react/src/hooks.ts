/** The hooks: React's side of the feeds and the lease, and nothing else. */
import { HoldfastError, type AnyTopics, type Client, type ClientOptions, type Message } from '@holdfast/client'
import {
  createContext,
  createElement,
  useContext,
  useEffect,
  useInsertionEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
  type Context,
  type RefObject,
} from 'react'
import { createFeed, createStore } from './feed.ts'
import { createLease, idle } from './lease.ts'
import type { Hooks } from './types.ts'

const Held: Context<Client | null> = /* @__PURE__ */ createContext<Client | null>(null)
const none: readonly Message[] = []

/** What was given last, for what runs outside of rendering. */
function useNewest<V>(value: V): RefObject<V> {
  const newest = useRef(value)
  useInsertionEffect(() => {
    newest.current = value
  })
  return newest
}

/** Whoever asks for the credential after another rendering asks the `auth` of that one. */
const asking = (options: ClientOptions, newest: RefObject<unknown>): ClientOptions =>
  typeof options.auth === 'function'
    ? { ...options, auth: () => (typeof newest.current === 'function' ? newest.current() : newest.current) }
    : options

/**
 * A handle on the one connection to this URL for as long as the component lives, for a provider or for itself. It can be held at once; its
 * methods work from the first effect on, and say `not-mounted` while rendering. Opens nothing on a server. An `auth` function may be
 * another one in each render: the newest is asked.
 * @throws HoldfastError `bad-url`, `bad-option`, `conflicting-options`, to the nearest error boundary
 */
export const useConnection: Hooks['useConnection'] = (url, options) => {
  const newest = useNewest(options.auth)
  // Made anew when the page is edited under it, so that everything below begins anew, too; the connection lingers meanwhile.
  const lease = useMemo(() => createLease<AnyTopics>(url, asking(options, newest)), [String(url), options.key])
  // Before any other effect of the tree, so that they all find a connection; and for as long as the component lives: neither StrictMode's
  // second mount nor a hidden part of the page ends it.
  useInsertionEffect(lease.begin, [lease])
  return lease.client
}

const Connected: Hooks['HoldfastProvider'] = ({ url, options, children }) =>
  createElement(Held.Provider, { value: useConnection(url!, options!) }, children)

/**
 * Gives a client to every hook below it: yours (`client`), or one of its own (`url` and `options`), which shares the connection with
 * whoever uses the same URL, begins when it is mounted, and ends when it is gone. A changed `url` or `options.key` connects there; of an `auth` function the newest one
 * is asked; other options count when the connection is made.
 * @throws HoldfastError `bad-url`, `bad-option`, `conflicting-options`, to the nearest error boundary
 */
export const HoldfastProvider: Hooks['HoldfastProvider'] = (props) =>
  props.client ? createElement(Held.Provider, { value: props.client }, props.children) : createElement(Connected, props)

/**
 * The client of the nearest provider.
 * @throws HoldfastError `no-provider`
 */
export const useClient: Hooks['useClient'] = () => {
  const client = useContext(Held)
  if (!client)
    throw new HoldfastError('no-provider', 'No <HoldfastProvider> is above this component. Put one around it.')
  return client
}

/** The status of the connection; `idle` on a server and while hydrating. */
export const useStatus: Hooks['useStatus'] = () => {
  const client = useClient()
  return useSyncExternalStore(
    client.watch,
    () => client.status,
    () => idle.status,
  )
}

/** The connection as it is now, the same object until something in it changes; idle on a server and while hydrating. */
export const useSnapshot: Hooks['useSnapshot'] = () => {
  const client = useClient()
  return useSyncExternalStore(
    client.watch,
    () => client.snapshot,
    () => idle,
  )
}

/**
 * Calls the newest `fn` for every message of the topic, in order, whatever React renders meanwhile. Another `fn` does not subscribe anew;
 * another topic does; null subscribes to nothing. Mounted again, as StrictMode does, it goes on after what it had.
 * @throws HoldfastError `bad-topic`, to the nearest error boundary
 */
export const useSubscription: Hooks['useSubscription'] = (topic, fn, { since, onGap } = {}) => {
  const client = useClient()
  const newest = useNewest({ fn, onGap })
  const begin = useMemo(
    () =>
      createFeed(client, topic, since, {
        take: (data, meta) => newest.current.fn(data, meta),
        gap: (gap) => newest.current.onGap?.(gap),
      }),
    [client, topic],
  )
  useEffect(begin, [begin])
}

/**
 * The newest messages of the topic since the component is there (or since `since`), oldest first, 100 by default. Every message is taken
 * in; those of one tick are one render. A new array when there are more, empty for another topic.
 * @throws HoldfastError `bad-option`
 */
export const useMessages: Hooks['useMessages'] = (topic, { limit = 100, since } = {}) => {
  if (!(limit >= 1)) throw new HoldfastError('bad-option', 'limit: give a number from 1 up, not ' + limit)
  const client = useClient()
  const newest = useNewest(limit)
  const store = useMemo(() => createStore(client, topic, since, () => newest.current), [client, topic])
  const all = useSyncExternalStore(store.begin, store.view, () => none)
  return all.length > limit ? all.slice(-limit) : all
}

/** The data of the newest message of the topic since the component is there; before the first, undefined. */
export const useLatest: Hooks['useLatest'] = (topic, options) => useMessages(topic, { ...options, limit: 1 })[0]?.data

/** `send` of the client, always the same function for one connection. */
export const useSend: Hooks['useSend'] = () => useClient().send

/** All hooks, typed by your topics: `export const { useSubscription, useSend } = createHooks<Topics>()`. They are the exported ones. */
export function createHooks<T>(): Hooks<T> {
  return {
    HoldfastProvider,
    useClient,
    useConnection,
    useStatus,
    useSnapshot,
    useSubscription,
    useLatest,
    useMessages,
    useSend,
  } as unknown as Hooks<T>
}
