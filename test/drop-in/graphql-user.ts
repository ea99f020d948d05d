// A client of graphql-ws with a class of sockets.
import { createClient, type Client, type ClientOptions } from 'graphql-ws'
import type { WebSocketClass } from '@holdfast/client/drop-in'

export interface GraphqlUser {
  readonly client: Client
  /** Numbers in the order in which they came. */
  readonly counted: number[]
  /** Answers to `note`, in the order in which they came. */
  readonly answers: number[]
  /** How often graphql-ws has seen a connection open, and the codes with which it has seen one close. */
  readonly seen: { connected: number; closed: number[] }
  note(n: number): Promise<void>
  /** Why the subscription has ended; null while it goes on. */
  readonly failure: unknown
  /** Ends the subscription. */
  stop(): void
  close(): Promise<void>
}

/** Subscribes to `count`, from the number after the last one. */
export function createGraphqlUser(
  url: string,
  Class: WebSocketClass,
  options: Partial<ClientOptions> = {},
): GraphqlUser {
  const seen = { connected: 0, closed: [] as number[] }
  const counted: number[] = []
  const answers: number[] = []
  const user = { failure: null as unknown }
  const client = createClient({
    url,
    webSocketImpl: Class,
    ...options,
    on: {
      connected: () => void seen.connected++,
      closed: (event) => void seen.closed.push((event as CloseEvent).code),
    },
  })
  const stop = client.subscribe<{ count: number }>(
    { query: 'subscription { count(from: 0) }' },
    {
      next: ({ data }) => void counted.push(data!.count),
      error: (error) => void (user.failure = error),
      complete() {},
    },
  )
  return {
    client,
    counted,
    answers,
    seen,
    get failure() {
      return user.failure
    },
    note: (n) =>
      new Promise((resolve, reject) =>
        client.subscribe<{ note: number }>(
          { query: 'mutation ($n: Int!) { note(n: $n) }', variables: { n } },
          { next: ({ data }) => void answers.push(data!.note), error: reject, complete: resolve },
        ),
      ),
    stop,
    close: async () => await client.dispose(),
  }
}
