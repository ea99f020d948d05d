export {
  HoldfastProvider,
  createHooks,
  useClient,
  useConnection,
  useLatest,
  useMessages,
  useSend,
  useSnapshot,
  useStatus,
  useSubscription,
} from './hooks.ts'
export type { Register, Registered } from './topics.ts'
export type { HoldfastProviderProps, Hooks, UseMessagesOptions, UseSubscriptionOptions } from './types.ts'
