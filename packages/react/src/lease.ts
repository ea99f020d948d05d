/** A client that can be held before its connection is asked for: rendering opens nothing, and may come to nothing. Knows no React. */
import { HoldfastError, connect, type Client, type ClientOptions, type Snapshot } from '@holdfast/client'

/** Of a client that nobody has asked for anything, as on a server. */
export const idle: Snapshot = Object.freeze({
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

type Method = Exclude<keyof Client, 'url' | 'status' | 'snapshot'>

/** A record, so that the compiler tells when one is missing. */
const methods: Record<Method, 1> = {
  watch: 1,
  on: 1,
  ready: 1,
  subscribe: 1,
  send: 1,
  request: 1,
  flush: 1,
  connect: 1,
  disconnect: 1,
  reconnect: 1,
  reauthenticate: 1,
  close: 1,
  [Symbol.dispose]: 1,
  [Symbol.asyncDispose]: 1,
}

export interface Lease<T> {
  /** The same object before, while and after it has a connection. */
  readonly client: Client<T>
  /** Gives it a handle on the shared connection. Returns the end of it, after which every call says `closed`. */
  begin(): () => void
}

export function createLease<T>(url: string | URL, options: ClientOptions): Lease<T> {
  let handle: Client<T> | null = null
  /** What connecting has thrown: whoever calls next, in an effect of the same commit, must not hide it from the error boundary. */
  let fault: unknown
  const client = {
    get url() {
      return handle?.url ?? String(url)
    },
    get status() {
      return handle?.status ?? 'idle'
    },
    get snapshot() {
      return handle?.snapshot ?? idle
    },
  } as Client<T> & Record<Method, (...args: unknown[]) => unknown>
  for (const name of Reflect.ownKeys(methods) as Method[])
    client[name] = ((...args: unknown[]) => {
      if (!handle)
        throw fault ?? new HoldfastError('not-mounted', 'Rendering opens nothing: use it in effects and handlers.')
      return (handle[name] as (...args: unknown[]) => unknown)(...args)
    }) as never
  return {
    client,
    begin() {
      try {
        const mine = (handle = connect<T>(url, options))
        return () => void mine.close()
      } catch (error) {
        throw (fault = error)
      }
    },
  }
}
