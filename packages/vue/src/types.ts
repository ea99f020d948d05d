/** The public shapes of the composables. Types only. */
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
import type { MaybeRef, MaybeRefOrGetter, ShallowRef } from 'vue'
import type { Registered } from './topics.ts'

/** A value that the connection changes and the application reads. */
export type View<V> = Readonly<ShallowRef<V>>

/** A client; another one after the URL or the key has changed. */
export type ClientRef<T = Registered> = View<Client<T>>

/** How a composable subscribes. */
export type UseSubscriptionOptions = Pick<SubscribeOptions, 'since' | 'onGap'>

/** How much `useMessages` keeps. */
export interface UseMessagesOptions extends Pick<SubscribeOptions, 'since'> {
  /** The newest so many; another limit counts from the next message on. @default 100 */
  limit?: MaybeRefOrGetter<number>
}

/** `provideHoldfast`: a client of your own making, or where to connect. */
export interface ProvideHoldfast<T = Registered> {
  /** Gives a client of yours, which stays yours to close. */
  (client: MaybeRef<Client<T>>): ClientRef<T>
  /** Connects as `useConnection` does, and gives that. */
  (url: MaybeRefOrGetter<string | URL>, options: MaybeRefOrGetter<ClientOptions>): ClientRef<T>
}

/** Every composable, typed by one map of topics; what `createComposables` returns. */
export interface Composables<T = Registered> {
  /** As the exported one. */
  provideHoldfast: ProvideHoldfast<T>
  /** As the exported one. */
  useClient(): ClientRef<T>
  /** As the exported one. */
  useConnection(url: MaybeRefOrGetter<string | URL>, options: MaybeRefOrGetter<ClientOptions>): ClientRef<T>
  /** As the exported one. */
  useStatus(): View<Status>
  /** As the exported one. */
  useSnapshot(): View<Snapshot>
  /** As the exported one. */
  useSubscription<K extends TopicOf<T>>(
    topic: MaybeRefOrGetter<K | null>,
    fn: (data: T[K], meta: Meta) => void,
    options?: UseSubscriptionOptions,
  ): void
  /** As the exported one. */
  useLatest<K extends TopicOf<T>>(
    topic: MaybeRefOrGetter<K | null>,
    options?: Pick<SubscribeOptions, 'since'>,
  ): View<T[K] | undefined>
  /** As the exported one. */
  useMessages<K extends TopicOf<T>>(
    topic: MaybeRefOrGetter<K | null>,
    options?: UseMessagesOptions,
  ): View<readonly Message<T[K]>[]>
  /** As the exported one. */
  useSend(): Client<T>['send']
}
