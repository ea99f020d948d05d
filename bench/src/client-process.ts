// A process with one contestant's client, which takes the measures that its parent asks for.
import { WebSocket } from 'ws'
import { clients } from './clients/index.ts'
import type { Library, Plan, Sample } from './contract.ts'
import { measure } from './measures.ts'

/** A sample, and what this process has spent on it, ms of CPU. */
export interface Answer {
  sample: (Sample & { cpu: number }) | null
  error?: string
}

const [name] = process.argv.slice(2) as [Library]
const { open } = await clients[name]()
const place = { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket, later: setImmediate }

async function take(url: string, plan: Plan): Promise<Answer> {
  const before = process.cpuUsage()
  try {
    const sample = await measure(open, url, plan, place)
    const { user, system } = process.cpuUsage(before)
    return { sample: sample && { ...sample, cpu: (user + system) / 1_000 } }
  } catch (error) {
    return { sample: null, error: String(error) }
  }
}

process.once('disconnect', () => process.exit())
process.on('message', ({ url, plan }: { url: string; plan: Plan }) => {
  void take(url, plan).then((answer) => process.send!(answer))
})
process.send!('ready')
