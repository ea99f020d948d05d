// A GraphQL server over sockets of any make, as graphql-ws tells to write one, and a client with a class of sockets.
import {
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  execute,
  parse,
  subscribe,
  validate,
} from 'graphql'
import { createClient, type Client, type ClientOptions } from 'graphql-ws'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from 'graphql-ws'
import type { WebSocketClass } from '@holdfast/client/drop-in'

/** As much of a socket of `ws` as is used; ours has it, too. */
export interface GraphqlSocket {
  readonly protocol: string
  readonly readyState: number
  send(data: string, sent: (error?: Error) => void): void
  close(code?: number, reason?: string): void
  on(event: 'message', fn: (data: Buffer) => void): unknown
  on(event: 'close', fn: (code: number, reason: Buffer) => void): unknown
}

export interface GraphqlServer {
  accept(socket: GraphqlSocket): void
  /** What mutations have brought, in the order in which they were executed. */
  readonly noted: number[]
  /** How many sockets are open. */
  readonly open: number
}

const number = { type: new GraphQLNonNull(GraphQLInt) }

/** `count` counts from `from`, a number each millisecond; `note` keeps a number. */
export function createGraphqlServer(): GraphqlServer {
  const noted: number[] = []
  let open = 0
  async function* count(from: number): AsyncGenerator<{ count: number }> {
    for (let n = from; ; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      yield { count: n }
    }
  }
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { noted: { ...number, resolve: () => noted.length } } }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: {
        note: { ...number, args: { n: number }, resolve: (_: unknown, { n }: { n: number }) => noted.push(n) },
      },
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        count: {
          ...number,
          args: { from: number },
          subscribe: (_: unknown, { from }: { from: number }) => count(from),
        },
      },
    }),
  })
  // Its own would come from another copy of graphql, since vite finds another file of it than Node does.
  const server = makeServer({ schema, parse, validate, execute, subscribe })
  return {
    noted,
    get open() {
      return open
    },
    accept(socket) {
      open++
      const closed = server.opened(
        {
          protocol: socket.protocol,
          send: (data) =>
            new Promise((resolve, reject) => {
              if (socket.readyState !== 1) resolve()
              else socket.send(data, (error) => (error ? reject(error) : resolve()))
            }),
          close: (code, reason) => socket.close(code, reason),
          onMessage: (take) => void socket.on('message', (data) => void take(String(data))),
        },
        {},
      )
      socket.on('close', (code, reason) => {
        open--
        void closed(code, String(reason))
      })
    },
  }
}

export const graphqlProtocols = [GRAPHQL_TRANSPORT_WS_PROTOCOL]

export interface GraphqlUser {
  readonly client: Client
  /** Numbers in the order in which they came. */
  readonly counted: number[]
  /** Answers to `note`, in the order in which they came. */
  readonly answers: number[]
  /** How often graphql-ws has seen a connection open and close. */
  readonly seen: { connected: number; closed: number }
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
  const seen = { connected: 0, closed: 0 }
  const counted: number[] = []
  const answers: number[] = []
  const user = { failure: null as unknown }
  const client = createClient({
    url,
    webSocketImpl: Class,
    ...options,
    on: { connected: () => void seen.connected++, closed: () => void seen.closed++ },
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
