/** The process of the server: publishes, and judges what it is sent. */
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, memoryLog } from '@holdfast/server'
import { obey } from './child.ts'
import { createViolations, KEPT, TOPICS } from './plan.ts'

const PUBLISH_EVERY = 1_000

/** What became of messages up. */
export interface Judgement {
  handled: number
  redelivered: number
  violations: string[]
}

const violations = createViolations()
const tally = { handled: 0, redelivered: 0 }
const http = createHttpServer((_request, response) => response.writeHead(404).end())
const server = createServer({
  log: memoryLog({ maxMessages: KEPT }),
  onError: (error, where) => violations.add(`the server, ${where}: ${String(error)}`),
})
let timer: NodeJS.Timeout
let published = 0

/** Each message of each client once and in order, but for those marked as redelivered. */
function judge(clients: number): (data: unknown, meta: { redelivered: boolean }) => void {
  const last = new Uint32Array(clients)
  return (data, { redelivered }) => {
    const [client, n] = data as [number, number]
    tally.handled++
    if (redelivered) tally.redelivered++
    const expected = last[client]! + 1
    if (n > expected) violations.add(`client ${client}: ${n} handled before ${expected}`)
    else if (n < expected && !redelivered) violations.add(`client ${client}: ${n} handled twice`)
    last[client] = Math.max(n, last[client]!)
  }
}

async function publish(): Promise<void> {
  published++
  for (let topic = 0; topic < TOPICS; topic++) await server.publish(`feed/${topic}`, published)
}

obey({
  /** Resolves with the port. */
  async open(clients: number) {
    server.onMessage('up', judge(clients))
    server.attach(http, { path: '/realtime', allowedOrigins: '*' })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    return (http.address() as AddressInfo).port
  },
  begin() {
    timer = setInterval(() => void publish(), PUBLISH_EVERY)
  },
  /** Returns the last number published, on each topic. */
  end() {
    clearInterval(timer)
    return published
  },
  judgement: (): Judgement => ({ ...tally, violations: violations.list }),
  async close() {
    await server.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  },
})
