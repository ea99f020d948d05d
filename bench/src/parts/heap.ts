// Heap of an idle client in Node: connected, subscribed to one thing, nothing going on.
import type { Bundles } from '../bundle.ts'
import type { Library } from '../contract.ts'
import { start, startServer } from '../processes.ts'
import type { Row } from '../results.ts'
import { rounded } from '../statistics.ts'
import { turned } from './rounds.ts'

const libraries: readonly Library[] = [
  'raw',
  'partysocket',
  'phoenix',
  'socket.io',
  'signalr',
  'centrifuge',
  'holdfast',
]
const KB = 1_000

export async function measureHeap(bundles: Bundles, rounds: number, count: number): Promise<Row[]> {
  const rows = libraries.map((contestant): Row => ({
    contestant,
    measure: 'heap per idle client',
    unit: 'KB',
    values: [],
  }))
  for (let round = 0; round < rounds; round++)
    for (const row of turned(rows, round)) {
      const name = row.contestant as Library
      const server = await startServer(bundles, name)
      const [child, told] = await start(bundles, 'heap-process', [name, server.url, String(count)], ['--expose-gc'])
      row.values.push(rounded((told as { bytes: number }).bytes / KB))
      child.disconnect()
      server.stop()
    }
  return rows
}
