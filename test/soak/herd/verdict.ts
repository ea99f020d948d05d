/** What is wrong with a run of the herd. Pure. */
import type { Course, HerdFigures } from './figures.ts'

/** Most that something may grow by, an hour. A descriptor a minute is one in sixty faults. */
const BOUNDS = { heap: 1, external: 1, descriptors: 60 }
const UNITS = { heap: 'MiB of heap', external: 'MiB of buffers', descriptors: 'descriptors' }
/** Minutes: a few seconds of garbage do to a line through a few minutes whatever they like. */
const LONG_ENOUGH = 20
/** A loop that is later than this, in ms, lets links be given up that no fault has struck: there is more to hold, and ever more of it. */
const LATE = 200
/** What a process opens once, whenever it first needs it. */
const SOME_DESCRIPTORS = 20

/** `grows` and `flat` are sure; what is neither needs a longer run, or a quieter machine. */
type Verdict = 'grows' | 'flat' | 'cannot be told'

export function verdictOf({ slope, margin }: Pick<Course, 'slope' | 'margin'>, bound: number): Verdict {
  if (slope - margin > bound) return 'grows'
  return slope + margin < bound ? 'flat' : 'cannot be told'
}

const measures = ['heap', 'external', 'descriptors'] as const

/** What was weighed and got this verdict, in words. */
function named({ processes }: HerdFigures, verdict: Verdict): string[] {
  return Object.entries(processes).flatMap(([name, figure]) =>
    measures
      .filter((what) => verdictOf(figure[what], BOUNDS[what]) === verdict)
      .map((what) => {
        const { slope, margin } = figure[what]
        return `${name}: its ${UNITS[what]} grow by ${slope.toFixed(1)} ± ${margin.toFixed(1)} an hour`
      }),
  )
}

/** Promises broken, and what grew for sure. Empty: all is well, as far as a run of this length can tell. */
export function faultsOf(figures: HerdFigures): string[] {
  const { minutes, sent, outcomes, handled, redelivered, violations, processes } = figures
  const faults = [...violations]
  const { acknowledged = 0 } = outcomes
  if (acknowledged !== sent) faults.push(`${sent} sent, ${acknowledged} acknowledged`)
  if (handled - redelivered !== sent) faults.push(`${sent} sent, ${handled - redelivered} handled`)
  for (const [name, { descriptors }] of Object.entries(processes)) {
    const { before, after } = descriptors
    if (after > before + SOME_DESCRIPTORS)
      faults.push(`${name}: ${after} descriptors at the end, ${before} at the start`)
  }
  return minutes < LONG_ENOUGH ? faults : [...faults, ...named(figures, 'grows')]
}

/** What this run could not tell from growth beyond the bound, and why not. */
export function doubtsOf(figures: HerdFigures): string[] {
  const late = Object.entries(figures.processes)
    .filter(([, { lag }]) => lag > LATE)
    .map(([name, { lag }]) => `${name}: its event loop was late by ${Math.round(lag)} ms, the machine did not keep up`)
  return [...late, ...named(figures, 'cannot be told')]
}
