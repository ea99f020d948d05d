/** Polls that the server holds open, POST up (PROTOCOL.md §5.2, §5.4): works wherever HTTP does. */
import type { Opening, Transport } from '../transport.ts'
import { createHttpLink, POST_TIMEOUT } from './http-uplink.ts'
import type { HttpLink, HttpOptions } from './http-uplink.ts'

/** Options of `longPolling()`. */
export interface LongPollingOptions extends HttpOptions {
  /** Longest that an answer may take, ms. A Holdfast server answers after 25 s at most (PROTOCOL.md §5.4). @default 40_000 */
  timeout?: number
  /** Pause between an answer and the next poll, ms: for servers that answer at once instead of holding the poll open. @default 0 */
  interval?: number
}

/** One request after another; what came is confirmed by the next, which the wire knows since its owner has decoded it. */
async function poll(http: HttpLink, { wire, clock }: Opening, options: LongPollingOptions): Promise<void> {
  const { timeout = 40_000, interval = 0 } = options
  const { openAfter } = wire
  const open = (): void => {
    calm()
    http.owner?.opened()
  }
  const calm = openAfter === undefined ? () => {} : http.hold(clock.after(openAfter, open))
  // A failed hello is for the owner: it may prefer another transport. A failed poll is repeated, and the session goes on.
  let packet = await http.insist(wire.hello('poll')!, openAfter === undefined ? POST_TIMEOUT : timeout, 1)
  if (packet !== null) open()
  while (packet !== null && http.owner) {
    http.owner.received(packet, { isAnswer: true })
    if (interval) await http.pause(interval)
    packet = await http.insist(wire.request('poll', []), timeout)
  }
}

/** Packets as answers to polls, frames up by POST. */
export function longPolling(options: LongPollingOptions = {}): Transport {
  return {
    name: 'longPolling',
    open(opening, events) {
      const http = createHttpLink(options, opening, events)
      void poll(http, opening, options)
      return http
    },
  }
}
