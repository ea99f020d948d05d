/** Everything that one run consists of, for those who act on it. Types only. */
import type { Chance } from './chance.ts'
import type { Faults } from './faults.ts'
import type { Host } from './host.ts'
import type { SharedSessions } from '../support/shared-sessions.ts'
import type { Ledger } from './ledger.ts'
import type { Network } from './network.ts'
import type { Cast } from './plan.ts'
import type { Truth } from './truth.ts'
import type { VirtualLog } from './virtual-log.ts'
import type { Visitor } from './visitor.ts'
import type { Wire } from './wire.ts'
import type { World } from './world.ts'

export interface Sim {
  readonly world: World
  readonly chance: Chance
  readonly faults: Faults
  readonly network: Network
  readonly ledger: Ledger
  readonly truth: Truth
  readonly wire: Wire
  /** What of all that is drawn takes place. */
  readonly cast: Cast
  /** Those whose page is there now. */
  readonly visitors: Visitor[]
  /** All that ever were. */
  readonly everyone: readonly Visitor[]
  /** Opens another page. */
  visit(name: string): Visitor
  readonly topics: readonly string[]
  /** The log that outlives the server process, if this run has one. */
  readonly virtualLog: VirtualLog | null
  /** The process that runs now. */
  host(): Host | null
  /** Where sessions are kept that several processes share, if they do. */
  readonly shared: SharedSessions | null
  /** Every process that runs. */
  hosts(): readonly Host[]
  /** Processes whose server is being closed. */
  readonly closing: Set<number>
  /** Sessions that the shared store has lost. */
  readonly forgotten: Set<string>
  /** Sessions that the application has ended. */
  readonly ended: Set<string>
  /** Sessions that somebody else has taken over, each once: a client that has slept through many takeovers needs as many attempts. */
  readonly robbed: Set<string>
  /** What the platform says of the network, true or not. */
  platform: { online: boolean }
  /** How long the faults last, ms. */
  readonly chaos: number
}
