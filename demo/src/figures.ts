// Collects what was observed at both ends and turns it into the verdict.
import type { State, WeatherEvent } from '../shared/contract.ts'
import type { Ranges } from '../shared/ranges.ts'
import type { Continuity } from './continuity.ts'
import type { Wiretap } from './tap.ts'
import type { Up, UpVerdict } from './up.ts'
import { createVerdictCard } from './verdict.ts'

export interface Figures {
  /** The server is about to be asked for its report. */
  asking(): void
  told(state: State): void
  /** The service does not answer: what it would say is not known, and not guessed. */
  unknown(): void
  weather(event: WeatherEvent): void
  received(replayed: boolean): void
  resumed(): void
  readonly resumes: number
  show(pending: number): void
}

export function createFigures({ up, continuity, tap }: { up: Up; continuity: Continuity; tap: Wiretap }): Figures {
  const card = createVerdictCard()
  const counted = { replayed: 0, resumes: 0, strikes: 0 }
  let acknowledged: Ranges = up.acknowledgedNow()
  let state: State | null = null
  let upVerdict: UpVerdict = { lost: 0, doubled: 0, reordered: 0, misreported: 0 }
  /** What had happened before the page came is not its weather. */
  let sinceOpened = false

  function counters(pending: number): Parameters<typeof card.show>[1] {
    const { outcomes } = up
    const ledger = state?.ledger
    const { received, gaps, missing } = continuity.report
    return {
      up: {
        Sent: up.sent,
        Acknowledged: outcomes.acknowledged.size,
        'Handled by the server': ledger ? ledger.started - ledger.repeated : 0,
        'Without an outcome yet': pending,
        'Sent again on the wire': tap.counts.resent,
        'Redelivered, no second effect': ledger?.repeated ?? 0,
        'Rejected, not sent, in doubt': outcomes.rejected.size + outcomes['not-sent'].size + outcomes['in-doubt'].size,
      },
      down: {
        Received: received,
        'Behind the server': state && continuity.last !== null ? Math.max(0, state.published - continuity.last) : 0,
        Replayed: counted.replayed,
        'Duplicates dropped': tap.counts.duplicates,
        'Gaps announced': gaps,
        'Missing, as announced': missing,
      },
    }
  }

  return {
    asking: () => (acknowledged = up.acknowledgedNow()),
    told(next) {
      state = next
      upVerdict = up.compare(next.ledger, acknowledged)
      sinceOpened = true
    },
    unknown: () => (state = null),
    weather({ weather, what }) {
      if (sinceOpened && weather !== 'calm' && (what === 'struck' || what === 'began')) counted.strikes++
    },
    received(replayed) {
      if (replayed) counted.replayed++
    },
    resumed: () => counted.resumes++,
    get resumes() {
      return counted.resumes
    },
    show(pending) {
      const { lost, doubled, reordered, received, missing } = continuity.report
      const checked = up.outcomes.acknowledged.size + received
      card.show({ up: upVerdict, down: { lost, doubled, reordered } }, counters(pending), {
        checked,
        strikes: counted.strikes,
        missing,
      })
    },
  }
}
