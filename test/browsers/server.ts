// The server's process, in a network namespace of its own: the real server, the page, and neighbours that a page may have. The runner
// commands it over Node's channel to a child, which no fault of the network touches.
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { readFileSync } from 'node:fs'
import { createServer, memoryLog, type Server } from '@holdfast/server'
import { faultProxy } from '@holdfast/testing'
import type { Taken } from './traffic.ts'

/** What the runner says at the start, as the last argument. */
export interface ServerPlan {
  readonly host: string
  readonly script: string
  readonly beat: number
  readonly grace: number
  /** ms that a proxy in front, at port 81, holds back each byte, each way. */
  readonly latency: number
}

interface Endpoint {
  readonly path: string
  readonly server: Server
  readonly handled: number[]
  redelivered: number
  published: number
  timer?: ReturnType<typeof setInterval>
}

export type Command =
  | { readonly do: 'publish'; readonly path: string; readonly every: number }
  | { readonly do: 'rest'; readonly path: string }
  | { readonly do: 'tell'; readonly path: string }

/** More than a browser's connections to one host over HTTP/1.1. */
const TABS = 7

const plan = JSON.parse(process.argv.at(-1)!) as ServerPlan
const script = readFileSync(plan.script)
const endpoints = new Map<string, Endpoint>()
const realtime = createHttpServer(serve)
/** Its streams and polls work; who wants a WebSocket of it waits for ever. */
const mute = createHttpServer()

function add(path: string, http: typeof realtime): void {
  const { beat, grace } = plan
  // Room for more in flight than a socket's buffers hold by default.
  const limits = { inFlightBytes: 8 * 2 ** 20 }
  const server = createServer({ beat, grace, limits, log: memoryLog({ maxMessages: 100_000 }) })
  const endpoint: Endpoint = { path, server, handled: [], redelivered: 0, published: 0 }
  server.onMessage(`up${path}`, (data, { redelivered }) => {
    endpoint.handled.push((Array.isArray(data) ? data[0] : data) as number)
    if (redelivered) endpoint.redelivered++
  })
  server.attach(http, { path })
  endpoints.set(path, endpoint)
}

/** By path, as a whole answer. */
const pages: { readonly [path: string]: readonly [type: string, body: string | Buffer] } = {
  '/': [
    'text/html',
    '<!doctype html><link rel="icon" href="data:,"><title>page</title><script src="/page.js"></script>',
  ],
  '/page.js': ['text/javascript', script],
  '/elsewhere': ['text/html', '<!doctype html><link rel="icon" href="data:,"><title>elsewhere</title>'],
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url!.replace(/\?.*/, '')
  const page = pages[path]
  if (path.startsWith('/realtime')) return
  if (path.startsWith('/mute')) return void mute.emit('request', request, response)
  if (page) return void response.writeHead(200, { 'Content-Type': page[0] }).end(page[1])
  if (path === '/foreign') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).write(':\n\n')
  } else if (path === '/download') {
    const headers = { 'Content-Type': 'application/octet-stream', 'Content-Disposition': 'attachment; filename=file' }
    response.writeHead(200, headers).end('file')
  } else response.writeHead(path === '/nothing' ? 204 : 404).end()
}

function obey(command: Command): Taken {
  const endpoint = endpoints.get(command.path)!
  const { server, handled } = endpoint
  if (command.do === 'publish') {
    endpoint.timer = setInterval(() => void server.publish(`down${endpoint.path}`, endpoint.published++), command.every)
  }
  if (command.do === 'rest') clearInterval(endpoint.timer)
  const { redelivered, published } = endpoint
  return { handled, redelivered, published, links: server.stats().links }
}

add('/realtime', realtime)
// One for each tab that a browser may have here.
for (let tab = 2; tab <= TABS; tab++) add(`/realtime${tab}`, realtime)
add('/mute', mute)
realtime.on('upgrade', (request: IncomingMessage, socket) => {
  // Held, and never answered.
  if (request.url!.startsWith('/mute')) socket.on('error', () => {})
})
realtime.keepAliveTimeout = 60_000
await new Promise<void>((resolve) => realtime.listen(80, plan.host, resolve))
if (plan.latency) {
  const proxy = await faultProxy({ target: { host: plan.host, port: 80 }, host: plan.host, port: 81 })
  proxy.rule({ fault: 'delay', latency: plan.latency })
}
process.on('message', ({ id, command }: { id: number; command: Command }) =>
  process.send!({ id, answer: obey(command) }),
)
process.on('disconnect', () => process.exit())
process.send!({ id: 0, answer: null })
