// A client with everything scripted: time, chance, the environment, the network. The test plays the server.
import { createClient } from '../../packages/client/src/registry.ts'
import type { ClientOptions } from '../../packages/client/src/options.ts'
import type { Signal } from '../../packages/client/src/state.ts'
import type { Client } from '../../packages/client/src/types.ts'
import type { Welcome } from '@holdfast/protocol'
import { createVirtualClock, settled, type VirtualClock } from './virtual-clock.ts'
import { scriptedTransport, type ScriptedLink } from './scripted-transport.ts'

export interface Rig {
  readonly client: Client
  readonly clock: VirtualClock
  /** Every link so far. */
  readonly links: ScriptedLink[]
  /** The newest link. */
  readonly link: ScriptedLink
  /** Links that are not closed from this side. */
  readonly open: number
  /** Listeners in the environment. */
  readonly listening: number
  /** What nobody listened for. */
  readonly logged: unknown[]
  signal(signal: Signal): void
  /** Welcomes the session on the newest link. */
  welcome(welcome?: Partial<Welcome>): Promise<ScriptedLink>
}

/** Options with everything scripted, for a client of one's own making. */
export function createParts(options: Partial<ClientOptions> = {}) {
  const clock = createVirtualClock()
  const links: ScriptedLink[] = []
  const logged: unknown[] = []
  const listeners = new Set<(signal: Signal) => void>()
  const full: ClientOptions = {
    transports: [scriptedTransport('webSocket', links)],
    clock,
    random: () => 0.5,
    logger: { error: (error) => logged.push(error) },
    environment(emit) {
      listeners.add(emit)
      return () => listeners.delete(emit)
    },
    ...options,
  }
  return { clock, links, logged, listeners, options: full }
}

export function createRig(
  options: Partial<ClientOptions> | ((links: ScriptedLink[]) => Partial<ClientOptions>) = {},
): Rig {
  const parts = createParts()
  const { clock, links, logged, listeners } = parts
  const more = typeof options === 'function' ? options(links) : options
  const client = createClient('https://example.test/realtime', { ...parts.options, ...more })
  const newest = (): ScriptedLink => links.at(-1)!
  return {
    client,
    clock,
    links,
    logged,
    get link() {
      return newest()
    },
    get open() {
      return links.filter(({ closed }) => !closed).length
    },
    get listening() {
      return listeners.size
    },
    signal: (signal) => [...listeners].forEach((emit) => emit(signal)),
    async welcome(welcome) {
      const link = newest()
      link.welcome(welcome)
      await settled()
      return link
    },
  }
}
