// The page's one client. Choosing a transport is done with what the library offers: a transport that is not wanted refuses to open,
// as one that the environment forbids would, and the session moves to the next. Nothing is lost on the way.
import { createClient, eventSource, longPolling, webSocket, type Client, type Transport } from '@holdfast/client'
import type { Topics } from '../shared/contract.ts'
import type { Wiretap } from './tap.ts'

export type DemoClient = Client<Topics>

/** Names of transports, or all of them in order. */
export type Choice = 'auto' | 'webSocket' | 'eventSource' | 'longPolling'

export interface Session {
  readonly client: DemoClient
  readonly choice: Choice
  /** Moves the session to this transport. */
  choose(choice: Choice): void
  /** After `close()`, which is final: another client, set up like the first. */
  renew(): void
}

/** `setUp` is called with each new client. */
export function createSession(url: string, tap: Wiretap, setUp: (client: DemoClient) => void): Session {
  let choice: Choice = 'auto'
  const wanted = (transport: Transport): Transport => ({
    ...transport,
    open(opening, events) {
      if (choice !== 'auto' && choice !== transport.name) throw new Error(`${transport.name} is not chosen`)
      return transport.open(opening, events)
    },
  })
  const transports = [webSocket(), eventSource(), longPolling()].map((transport) => tap.wrap(wanted(transport)))
  const begin = (): DemoClient => {
    const fresh = createClient<Topics>(url, { transports })
    setUp(fresh)
    return fresh
  }
  let client = begin()

  return {
    get client() {
      return client
    },
    get choice() {
      return choice
    },
    choose(next) {
      choice = next
      if (next !== 'auto') return client.reconnect()
      // A client that comes back prefers what worked last; one that starts begins with the first transport.
      client.disconnect()
      client.connect()
    },
    renew() {
      client = begin()
    },
  }
}
