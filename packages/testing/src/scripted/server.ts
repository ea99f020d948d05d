// A server that the test plays, frame by frame, on a network in memory.
import { TestingError } from '../errors.ts'
import { memoryNetwork, type MemoryNetwork } from '../memory/network.ts'
import type { VirtualClock, WithinOptions } from '../virtual-clock.ts'
import { welcomes, type Behaviour } from './behaviours.ts'
import { createScriptedLink, type ScriptedLink } from './link.ts'

/** Options of `scriptedServer()`. */
export interface ScriptedServerOptions {
  /** Where it listens. @default a new one */
  network?: MemoryNetwork
  /** What it does by itself with each new link. @default welcomes() */
  behaves?: Behaviour
}

/** A server without a mind of its own. */
export interface ScriptedServer {
  /** Where faults are made. */
  readonly network: MemoryNetwork
  /** That of the network. */
  readonly clock: VirtualClock
  /** For a client: `createClient('https://app.test/realtime', server.clientOptions)`. */
  readonly clientOptions: MemoryNetwork['clientOptions']
  /** Every link so far, also those that are gone. */
  readonly links: readonly ScriptedLink[]
  /** The newest link. Throws `no-link` while there is none. */
  readonly link: ScriptedLink
  /** From now on new links meet this. */
  behaves(behaviour: Behaviour): void
  /** The next link that no `next` has returned; lets time pass until it comes. Rejects with `timed-out`. */
  next(options?: WithinOptions): Promise<ScriptedLink>
}

/**
 * A server that the test plays: for unit tests of what an application does, without a Holdfast server and without waiting.
 *
 * ```ts
 * const server = scriptedServer({ behaves: inTurn(refuses(4200, 'busy'), welcomes()) })
 * const client = createClient('https://app.test/realtime', server.clientOptions)
 * await server.clock.until(client.ready())
 * const sent = client.send('chat', 'hi')
 * const [, serial] = await server.link.next('send')
 * server.link.acknowledge(serial)
 * await server.clock.until(sent)
 * ```
 */
export function scriptedServer(options: ScriptedServerOptions = {}): ScriptedServer {
  const { network = memoryNetwork() } = options
  const { clock, clientOptions } = network
  const links: ScriptedLink[] = []
  let behave = options.behaves ?? welcomes()
  let taken = 0
  network.attach((socket) => {
    const drop = (): void => void network.cut({ connection: socket.connection })
    const { link, events, begin } = createScriptedLink({ socket, clock, drop })
    links.push(link)
    behave(link)
    begin()
    return events
  })
  return {
    network,
    clock,
    clientOptions,
    links,
    get link() {
      const newest = links.at(-1)
      if (newest === undefined)
        throw new TestingError('no-link', 'Nobody has opened a link yet: await next(), or let time pass.')
      return newest
    },
    behaves(behaviour) {
      behave = behaviour
    },
    async next(within) {
      const at = taken
      const link = await clock.until(() => links[at], within)
      taken = Math.max(taken, at + 1)
      return link!
    },
  }
}
