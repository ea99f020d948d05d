/** Polls that the server holds open, POST up (PROTOCOL.md §5.2, §5.4): works wherever HTTP does. */
import type { Transport } from '../transport.ts'
import { createHttpLink, POST_TIMEOUT } from './http-uplink.ts'
import type { HttpLink, HttpOptions } from './http-uplink.ts'
import type { Wire } from '../dialect.ts'

/** The server answers after 25 s at most (PROTOCOL.md §5.4); in ms. */
const POLL_TIMEOUT = 40_000

/** One request after another; what came is confirmed by the next, whose number the wire knows since its owner has decoded it. */
async function poll(http: HttpLink, wire: Wire): Promise<void> {
  // A failed hello is for the owner: it may prefer another transport. A failed poll is repeated, and the session goes on.
  let packet = await http.insist(wire.hello('poll'), POST_TIMEOUT, 1)
  if (packet !== null) http.owner?.opened()
  while (packet !== null && http.owner) {
    http.owner.received(packet)
    packet = await http.insist(wire.request('poll', []), POLL_TIMEOUT)
  }
}

/** Packets as answers to polls, frames up by POST. */
export function longPolling(options: HttpOptions = {}): Transport {
  return {
    name: 'longPolling',
    open(opening, events) {
      const http = createHttpLink(options, opening, events)
      void poll(http, opening.wire)
      return http
    },
  }
}
