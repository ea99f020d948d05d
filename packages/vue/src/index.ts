export {
  createComposables,
  provideHoldfast,
  useClient,
  useConnection,
  useLatest,
  useMessages,
  useSend,
  useSnapshot,
  useStatus,
  useSubscription,
} from './composables.ts'
export type { Register, Registered } from './topics.ts'
export type {
  ClientRef,
  Composables,
  ProvideHoldfast,
  UseMessagesOptions,
  UseSubscriptionOptions,
  View,
} from './types.ts'
