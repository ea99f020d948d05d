// The numbered messages up: each is sent reliably and its outcome kept, to be compared with what the server's handler saw.
import { createRanges, missingIn, sharedBy, type Ranges } from '../shared/ranges.ts'
import type { LedgerReport } from '../shared/contract.ts'

export type Outcome = 'acknowledged' | 'rejected' | 'not-sent' | 'in-doubt'

export interface Up {
  /** Sends the next `amount` numbers in one go. */
  send(amount: number): void
  readonly sent: number
  readonly outcomes: Readonly<Record<Outcome, Ranges>>
  /** A copy of what is acknowledged by now. Whatever the server reports later must include it. */
  acknowledgedNow(): Ranges
  /** `acknowledged` as it was when the report was asked for. */
  compare(report: LedgerReport, acknowledged: Ranges): UpVerdict
}

export interface UpVerdict {
  /** Acknowledged, but its handler never ran. */
  lost: number
  doubled: number
  reordered: number
  /** Reported as not sent, but its handler ran. */
  misreported: number
}

/** `settled` is told how long each acknowledgement took, in ms. */
export function createUp(
  send: (n: number) => Promise<unknown>,
  outcomeOf: (error: unknown) => Outcome,
  settled: (outcome: Outcome, took: number) => void,
): Up {
  let sent = 0
  const outcomes: Record<Outcome, Ranges> = {
    acknowledged: createRanges(),
    rejected: createRanges(),
    'not-sent': createRanges(),
    'in-doubt': createRanges(),
  }

  async function sendOne(n: number): Promise<void> {
    const from = performance.now()
    const outcome = await send(n).then(() => 'acknowledged' as const, outcomeOf)
    outcomes[outcome].add(n)
    settled(outcome, performance.now() - from)
  }

  return {
    outcomes,
    get sent() {
      return sent
    },
    send(amount) {
      for (let i = 0; i < amount; i++) void sendOne(++sent)
    },
    acknowledgedNow: () => createRanges(outcomes.acknowledged.spans()),
    compare(report, acknowledged) {
      const handled = createRanges(report.handled)
      return {
        lost: missingIn(acknowledged, handled),
        doubled: report.doubled,
        reordered: report.reordered,
        misreported: sharedBy(outcomes['not-sent'], handled),
      }
    },
  }
}
