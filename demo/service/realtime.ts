// The realtime server of the demo, its deaths and its handovers. What has to outlive a server process is outside of it: the ledger and
// the numbering of the stream.
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import { createServer, memoryLog, RejectError, type AttachOptions, type Log, type Server } from '@holdfast/server'
import type { ChatMessage, Topics } from '../shared/contract.ts'
import type { Ledger } from './ledger.ts'
import { startPublishing, type Publishing } from './publishing.ts'

export type RealtimeServer = Server<Topics>

/** Short, so that silence is found while somebody watches; the default is 15 s and 5 s. */
const HEARTBEAT = { beat: 2_000, grace: 2_000 }
/** Messages kept per topic: 20 s of the stream at its fastest. */
const LOG = 20_000
/** How long the port stays closed in a restart: long enough to be seen. */
const OUTAGE = 1_200
/** Over how long a drain spreads the moves of the clients. */
const DRAIN = 3_000

export interface RealtimeOptions {
  ledger: Ledger
  allowedOrigins: NonNullable<AttachOptions['allowedOrigins']>
  /** Called with the port, at first and whenever a server is handed over to another one. */
  moved(port: number): void
}

export interface Realtime {
  readonly sessions: number
  readonly stream: Publishing['stream']
  /** Ends the server, waits, starts another: sessions and logs are gone. */
  restart(): Promise<void>
  /** As in a deployment: another server takes over the log, the old one asks every client to leave, and ends when all have. */
  drain(): Promise<void>
  close(): Promise<void>
}

interface Running {
  readonly http: HttpServer
  readonly server: RealtimeServer
  readonly log: Log
  readonly port: number
}

export async function createRealtime({ ledger, allowedOrigins, moved }: RealtimeOptions): Promise<Realtime> {
  const said = new Set<string>()
  let generation = 0
  let running: Running | null = null
  let closing = false
  /** Restarts and drains happen one after the other. */
  let busy: Promise<void> = Promise.resolve()

  async function start(log: Log): Promise<Running> {
    const process = ++generation
    const server = createServer<Topics>({ log, ...HEARTBEAT })
    server.onMessage('numbers', (data, { id, redelivered }) => ledger.record(data, { id, redelivered, process }))
    server.onMessage('chat/lobby', (line, { id }) => say(server, said, id, line))
    const http = createHttpServer((_, response) => response.writeHead(404).end())
    server.attach(http, { allowedOrigins })
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject)
      http.listen(0, '127.0.0.1', resolve)
    })
    return { http, server, log, port: (http.address() as AddressInfo).port }
  }
  const startAnew = (): Promise<Running> => start(memoryLog({ maxMessages: LOG }))
  const next = (work: () => Promise<void>): Promise<void> => (busy = busy.then(work, work))

  running = await startAnew()
  moved(running.port)
  const publishing = startPublishing(() => running?.server ?? null)

  return {
    stream: publishing.stream,
    get sessions() {
      return running?.server.stats().sessions ?? 0
    },
    restart: () =>
      next(async () => {
        const old = running
        running = null
        if (!old) return
        await end(old)
        await wait(OUTAGE)
        if (closing) return
        running = await startAnew()
        moved(running.port)
      }),
    drain: () =>
      next(async () => {
        const old = running
        if (!old || closing) return
        running = await start(old.log)
        moved(running.port)
        await old.server.drain({ within: DRAIN })
        await end(old)
      }),
    close() {
      closing = true
      publishing.stop()
      return next(async () => {
        if (running) await end(running)
        running = null
      })
    },
  }
}

async function end({ server, http }: Running): Promise<void> {
  await server.close()
  await new Promise((resolve) => {
    http.close(resolve)
    http.closeAllConnections()
  })
}

/** `said` are ids: a line that is redelivered is not said twice. */
async function say(server: RealtimeServer, said: Set<string>, id: string, line: ChatMessage): Promise<void> {
  const { key, name, text } = line
  if (text.startsWith('/refuse')) throw new RejectError('refused', 'This line asked to be refused.')
  if (said.has(id)) return
  said.add(id)
  await server.publish('chat/lobby', { key, name, text, at: Date.now() })
}
