/** What a run of the herd tells. Types only. */
import type { Trend } from './trend.ts'

export type ProcessName = 'clients' | 'proxy' | 'server'

/** How something fared after the warm-up. */
export interface Course extends Trend {
  readonly first: number
  readonly last: number
}

export interface ProcessFigures {
  /** MiB. */
  heap: Course
  code: Course
  external: Course
  resident: Course
  descriptors: Course & { before: number; after: number }
  /** Processors it used, on average. */
  cores: number
  /** How late its event loop was, in ms: 99 of 100 turns were less so, on average over the weighings. */
  lag: number
}

export interface HerdFigures {
  clients: number
  minutes: number
  seed: number
  /** Minutes that are not looked at: logs fill, connections and code settle. */
  warmUp: number
  /** By name of the fault. */
  faults: { [name: string]: number }
  sent: number
  outcomes: { [outcome: string]: number }
  handled: number
  redelivered: number
  heard: number
  links: number
  /** What should not have been; empty when every promise was kept. */
  violations: string[]
  processes: { [name in ProcessName]: ProcessFigures }
}
