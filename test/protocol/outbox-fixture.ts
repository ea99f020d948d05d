import {
  createOutbox,
  type Message,
  type Outbox,
  type Outcome,
  type OutboxLimits,
  type Ticket,
} from '@holdfast/protocol'
import { expect } from 'vitest'

const NONE: OutboxLimits = { maxMessages: 1_000, maxBytes: 100_000, overflow: 'reject' }

/** An outbox in session `s` with room on the link, and what became of each message by its payload. */
export function setUp(limits: Partial<OutboxLimits> = {}, inFlight = 100, inFlightBytes = 10_000) {
  const outbox: Outbox<string> = createOutbox({ ...NONE, ...limits })
  outbox.restart('s')
  outbox.limit(inFlight, inFlightBytes)
  const outcomes: Record<string, Outcome> = {}
  const add = (payload: string, more: Partial<Message<string>> = {}): Ticket =>
    outbox.add({
      topic: 't',
      payload,
      bytes: 10,
      ...more,
      settle(outcome) {
        expect(outcomes[payload]).toBeUndefined()
        outcomes[payload] = outcome
      },
    })
  const take = (maxBytes = 1_000, now = 0): string[] =>
    outbox.take(now, maxBytes).map(({ serial, payload, id }) => `${serial}:${payload ?? 'void'}${id ? ' ' + id : ''}`)
  const ends = (): Record<string, string> =>
    Object.fromEntries(
      Object.entries(outcomes).map(([name, o]) => [name, 'code' in o ? `${o.outcome} ${o.code}` : o.outcome]),
    )
  /** The link is closed by the other side, and the next one finds the server where it was. */
  const fail = (received: number, blame: boolean): string[] => {
    outbox.dropped(blame)
    expect(outbox.resume(received)).toBe(true)
    return take()
  }
  return { outbox, add, take, ends, outcomes, fail }
}
