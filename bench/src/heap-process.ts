// What an idle client costs: opens so many, each connected and subscribed, and tells the heap that they hold. Run with `--expose-gc`.
import { WebSocket } from 'ws'
import { clients } from './clients/index.ts'
import type { Library } from './contract.ts'

const [name, url, count] = process.argv.slice(2) as [Library, string, string]
const { open } = await clients[name]()
const one = (): Promise<unknown> =>
  open({ url, WebSocket: WebSocket as unknown as typeof globalThis.WebSocket, onMessage() {} })

/** Bytes in use, once everything that can go has gone. */
async function used(): Promise<number> {
  for (let n = 0; n < 4; n++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    globalThis.gc!()
  }
  return process.memoryUsage().heapUsed
}

process.once('disconnect', () => process.exit())
// The first pays for code and caches.
const kept: unknown[] = [await one()]
const before = await used()
for (let n = 0; n < Number(count); n++) kept.push(await one())
process.send!({ bytes: ((await used()) - before) / Number(count), held: kept.length })
