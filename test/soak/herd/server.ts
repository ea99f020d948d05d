/** The process of the server: publishes, and judges what it is sent. */
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, memoryLog } from '@holdfast/server'
import { obey } from './child.ts'
import { createViolations, KEPT, PUBLISH_EVERY, TOPICS } from './plan.ts'

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

/** One topic after the other: all at once would be a wave of polls. */
function publish(): void {
  const round = Math.floor(published / TOPICS) + 1
  server
    .publish(`feed/${published++ % TOPICS}`, round)
    .catch((error: unknown) => violations.add(`the server, publish: ${String(error)}`))
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
    timer = setInterval(publish, PUBLISH_EVERY / TOPICS)
  },
  /** Returns the last number published, on each topic. */
  end() {
    clearInterval(timer)
    while (published % TOPICS) publish()
    return published / TOPICS
  },
  judgement: (): Judgement => ({ ...tally, violations: violations.list }),
  async close() {
    await server.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  },
})
