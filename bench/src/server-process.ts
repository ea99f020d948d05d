// A process with one contestant's server. Tells its parent the port, and, when asked, what it has cost.
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Contestant } from './contract.ts'
import { attend } from './core.ts'
import { servers } from './servers/index.ts'

const [name, pageFile] = process.argv.slice(2) as [Contestant, string?]
const page = pageFile && existsSync(pageFile) ? readFileSync(pageFile) : ''

const server = createServer((request, response) => {
  if (request.url === '/') {
    response.setHeader('Content-Type', 'text/html')
    response.end('<!doctype html><meta charset="utf-8"><title>bench</title><script src="/page.js"></script>')
  } else if (request.url === '/page.js') {
    response.setHeader('Content-Type', 'text/javascript')
    response.end(page)
  }
})
const { start } = await servers[name]()
start(server, attend)
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))

// Its parent's end is its own.
process.once('disconnect', () => process.exit())
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send!({ cpu: (user + system) / 1_000 })
})
