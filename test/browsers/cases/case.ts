import type { Browser } from '../drivers/browser.ts'
import type { Stage } from '../stage.ts'
import type { Plan } from '../traffic.ts'

export interface Case {
  /** What must hold, as a sentence. */
  readonly title: string
  /** Why a browser cannot have it; null: it can. */
  readonly skip?: (browser: Browser) => string | null
  /** What the client does, where it is not the usual. */
  readonly plan?: Partial<Plan>
  /** Of the server, ms. */
  readonly server?: { readonly beat?: number; readonly grace?: number; readonly latency?: number }
  /** ms that it may take at most; beyond them it has failed. */
  readonly limit?: number
  /** Returns ms: what it took to be well again, or nothing where nothing was to be lost. */
  run(stage: Stage): Promise<number | void>
}

/** Short, so that a run is; the defaults are these times five. */
export const BEAT = 3_000
export const GRACE = 1_000
/** For a busy machine, on top of what is promised. */
export const SLACK = 1_500
