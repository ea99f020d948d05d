// Clients in Node, each in a process of its own, beside a process with its server.
import type { Bundles } from '../bundle.ts'
import { contestants, type Contestant } from '../contract.ts'
import { startClient, startServer } from '../processes.ts'
import type { Row } from '../results.ts'
import { race, type CountFor, type RaceOptions, type Racer } from './rounds.ts'

/** The fast ones need more messages for a figure that means something. */
const throughput: Partial<Record<Contestant, number>> = { 'raw-batched': 100_000, signalr: 50_000, holdfast: 100_000 }

export const countInNode: CountFor = (name, measure, bytes) => {
  if (measure === 'serial' || measure === 'roundTrip') return 8_000
  const base = throughput[name] ?? (measure === 'pipelined' ? 20_000 : 40_000)
  return bytes === 64 ? base : base / 4
}

export async function runInNode(
  bundles: Bundles,
  options: Omit<RaceOptions, 'countFor'> & {
    countFor?: CountFor
    names?: readonly Contestant[]
    /** Flags for Node, such as `--cpu-prof`. */
    execArgv?: string[]
  },
): Promise<Row[]> {
  const { names = contestants, countFor = countInNode, execArgv } = options
  const all: (Racer & { stop(): void })[] = []
  try {
    for (const name of names) {
      const [server, client] = [await startServer(bundles, name, execArgv), await startClient(bundles, name, execArgv)]
      all.push({
        name,
        async take(plan) {
          const before = await server.cpu()
          const sample = await client.take(server.url, plan)
          return sample && { ...sample, cpu: { client: sample.cpu, server: (await server.cpu()) - before } }
        },
        stop() {
          client.stop()
          server.stop()
        },
      })
    }
    return await race(all, { ...options, countFor })
  } finally {
    for (const racer of all) racer.stop()
  }
}
