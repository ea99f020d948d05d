// Checks the numbered stream down by the numbers in it, which are the application's own: what the client says of offsets is not asked.
import { createRanges } from '../shared/ranges.ts'

export interface Continuity {
  /** A message as the page's handler got it. */
  take(n: number): void
  /** The client announced a hole: of so many messages, or of unknown size when the log itself is a new one. */
  announced(missing: number | null): void
  readonly report: Readonly<ContinuityReport>
  /** The highest number so far; null before the first. */
  readonly last: number | null
}

export interface ContinuityReport {
  received: number
  /** Missing without having been announced. */
  lost: number
  doubled: number
  reordered: number
  gaps: number
  /** Missing, as announced. */
  missing: number
}

export function createContinuity(): Continuity {
  const seen = createRanges()
  const report: ContinuityReport = { received: 0, lost: 0, doubled: 0, reordered: 0, gaps: 0, missing: 0 }
  let last: number | null = null
  /** How many the next message may skip. */
  let allowed = 0

  return {
    report,
    get last() {
      return last
    },
    announced(missing) {
      report.gaps++
      allowed += missing ?? Infinity
    },
    take(n) {
      report.received++
      if (!seen.add(n)) report.doubled++
      else if (last !== null && n < last) report.reordered++
      else {
        const skipped = last === null ? 0 : n - last - 1
        report.missing += Math.min(skipped, allowed)
        report.lost += Math.max(0, skipped - allowed)
        allowed = 0
        last = n
      }
    },
  }
}
