// Where a scenario takes place: a world with a server and a proxy, and clients in Node or in a page. Scenarios do not know which.
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket as NodeWebSocket } from 'ws'
import { createWorld, type World, type WorldOptions } from '../support/world.ts'
import { createAgent, type Agent, type AgentOptions } from './agent.ts'

export interface Place {
  /** Prints what was measured, in ms. */
  figure(what: string, time: number): void
  /** Makes clients; each `close` ends those that one scenario has made. */
  enter(): Promise<Room>
}

export interface Room {
  agent(url: string, options: AgentOptions): Promise<Agent>
  close(): Promise<void>
}

export interface Bench {
  readonly world: World
  agent(options: AgentOptions): Promise<Agent>
}

export const figureIn =
  (name: string) =>
  (what: string, time: number): void =>
    console.log(`${name}: ${what}: ${time.toFixed(0)} ms`)

export const inNode: Place = {
  figure: figureIn('Node'),
  async enter() {
    const agents: Agent[] = []
    return {
      async agent(url, options) {
        const agent = createAgent(url, options, NodeWebSocket as unknown as typeof WebSocket)
        agents.push(agent)
        return agent
      },
      close: async () => void (await Promise.all(agents.map((agent) => agent.close()))),
    }
  },
}

/** What is left open is found out here, not at the end of the run. */
async function inTime(ending: Promise<void>, what: string): Promise<void> {
  const late = new AbortController()
  const timeout = delay(30_000, null, { signal: late.signal }).then(
    () => Promise.reject(new Error(`${what} takes too long`)),
    () => {},
  )
  await Promise.race([ending, timeout])
  late.abort()
}

/** Runs a scenario in a world of its own, which ends with it. */
export async function within(
  place: Place,
  options: WorldOptions,
  scenario: (bench: Bench) => Promise<void>,
): Promise<void> {
  const world = await createWorld(options)
  const room = await place.enter()
  try {
    await scenario({ world, agent: (agentOptions) => room.agent(world.url, agentOptions) })
  } finally {
    await inTime(room.close(), 'closing the clients')
    await inTime(world.close(), 'closing the world')
  }
}

/** The same numbers in the same order. */
export const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => n + from)
