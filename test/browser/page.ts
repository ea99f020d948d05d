// What a page of the browser tests runs: agents, by number.
import { createAgent, type Agent, type AgentOptions } from '../promises/agent.ts'

declare global {
  var agents: Agent[]
  /** Returns the number of the new agent. */
  var openAgent: (url: string, options: AgentOptions) => number
}

globalThis.agents = []
globalThis.openAgent = (url, options) => agents.push(createAgent(url, options)) - 1
