// A process with one contestant's server. Tells its parent the port, and, when asked, what it has cost.
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Library } from './contract.ts'
import { attend } from './core.ts'
import { servers } from './servers/index.ts'

/** ms. */
const TICK = 20

const [name, pageFile] = process.argv.slice(2) as [Library, string?]
const page = pageFile && existsSync(pageFile) ? readFileSync(pageFile) : ''

const server = createServer((request, response) => {
  if (request.url === '/') {
    response.setHeader('Content-Type', 'text/html')
    // Only a page that is isolated so has a clock of microseconds.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    response.end('<!doctype html><meta charset="utf-8"><title>bench</title><script src="/page.js"></script>')
  } else if (request.url === '/page.js') {
    response.setHeader('Content-Type', 'text/javascript')
    response.end(page)
  }
})
const { start } = await servers[name]()
const broadcast = start(server, attend)
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))

/** Numbered messages to all, for ever. */
function tick(n: number): void {
  broadcast(String(n))
  setTimeout(tick, TICK, n + 1)
}

// Its parent's end is its own.
process.once('disconnect', () => process.exit())
process.on('message', (message) => {
  if (message === 'tick') return tick(0)
  const { user, system } = process.cpuUsage()
  process.send!({ cpu: (user + system) / 1_000 })
})
