// A client that is left alone with its network: tells its parent of each message as it comes.
import { WebSocket } from 'ws'
import { clients } from './clients/index.ts'
import type { Library } from './contract.ts'

/** A message, its number, and when it came, ms since 1970. */
export interface Arrival {
  n: number
  at: number
}

const [name, url] = process.argv.slice(2) as [Library, string]
process.once('disconnect', () => process.exit())
const { open } = await clients[name]()
await open({
  url,
  WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
  onMessage: (text) => void process.send!({ n: Number(text), at: performance.timeOrigin + performance.now() }),
})
process.send!('open')
