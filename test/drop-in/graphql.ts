// A GraphQL server over sockets of any make, as graphql-ws tells to write one.
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
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from 'graphql-ws'

/** As much of a socket of `ws` as is used; ours has it, too. */
interface GraphqlSocket {
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
