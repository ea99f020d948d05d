/** The public shapes of the hooks. Types only. */
import type {
  Client,
  ClientOptions,
  Message,
  Meta,
  Snapshot,
  Status,
  SubscribeOptions,
  TopicOf,
} from '@holdfast/client'
import type { ReactNode } from 'react'
import type { Registered } from './topics.ts'

/** What a provider gives to everything below it: a client of your own making, or one that it makes, and ends when it goes. */
export type HoldfastProviderProps<T = Registered> = { children?: ReactNode } & (
  { client: Client<T>; url?: never; options?: never } | { client?: never; url: string | URL; options: ClientOptions }
)

/** How a hook subscribes. `since` is read when the subscription begins; `onGap` is always the newest one. */
export type UseSubscriptionOptions = Pick<SubscribeOptions, 'since' | 'onGap'>

/** How much `useMessages` keeps. */
export interface UseMessagesOptions extends Pick<SubscribeOptions, 'since'> {
  /** The newest so many. @default 100 */
  limit?: number
}

/** Every hook, typed by one map of topics; what `createHooks` returns. */
export interface Hooks<T = Registered> {
  /** As the exported one. */
  HoldfastProvider(props: HoldfastProviderProps<T>): ReactNode
  /** As the exported one. */
  useClient(): Client<T>
  /** As the exported one. */
  useConnection(url: string | URL, options: ClientOptions): Client<T>
  /** As the exported one. */
  useStatus(): Status
  /** As the exported one. */
  useSnapshot(): Snapshot
  /** As the exported one. */
  useSubscription<K extends TopicOf<T>>(
    topic: K | null,
    fn: (data: T[K], meta: Meta) => void,
    options?: UseSubscriptionOptions,
  ): void
  /** As the exported one. */
  useLatest<K extends TopicOf<T>>(topic: K | null, options?: Pick<SubscribeOptions, 'since'>): T[K] | undefined
  /** As the exported one. */
  useMessages<K extends TopicOf<T>>(topic: K | null, options?: UseMessagesOptions): readonly Message<T[K]>[]
  /** As the exported one. */
  useSend(): Client<T>['send']
}
