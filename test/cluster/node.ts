// One node of a cluster, as a process of its own: serves what comes to it, writes down what its handlers do, and is told the rest.
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { redisLog, redisSessions } from '@holdfast/redis'
import { createServer, type MessageMeta, type Server, type ServerOptions, type ServerStats } from '@holdfast/server'
import { openJournal, type Entry } from './journal.ts'

/** What its process is started with. */
export interface NodePlan {
  readonly name: string
  readonly redis: string
  readonly journal: string
  /** How long handlers of `work/*` take, ms. */
  readonly work: number
  /** How long the others wait for it when it shows no life, ms. */
  readonly lease: number
  /** How long it waits for Redis, ms. */
  readonly timeout: number
  readonly server: Pick<ServerOptions, 'resumeWindow' | 'beat' | 'grace' | 'silence' | 'retrySpread'>
}

/** What it can be asked. */
export type Command =
  | { readonly do: 'publish'; readonly topic: string; readonly from: number; readonly to: number }
  | { readonly do: 'release'; readonly topic: string }
  | { readonly do: 'stats' | 'close' }
  | { readonly do: 'drain'; readonly within: number }

/** Requests that came to a node: for each kind (`hello`, `post`, `poll`, `get`, `upgrade`), whose they were, by the name of the session; '' for new ones. */
export interface Seen {
  readonly [kind: string]: { readonly [session: string]: number }
}

export interface NodeStats {
  readonly server: ServerStats
  readonly seen: Seen
}

/** What it tells by itself, or answers. */
export type Told =
  | { readonly told: 'ready'; readonly port: number }
  /** The handler of a message waits to be released. */
  | { readonly told: 'held'; readonly topic: string; readonly redelivered: boolean }
  | { readonly told: 'failed'; readonly where: string; readonly error: string }
  | { readonly told: 'answer'; readonly id: number; readonly answer: unknown; readonly error?: string }

const plan = JSON.parse(process.argv[2]!) as NodePlan
const journal = openJournal(plan.journal)
const tell = (told: Told): void => void (process.connected && process.send!(told))
// Whoever started it is gone.
process.on('disconnect', () => process.exit())

const shared = { url: plan.redis, timeout: plan.timeout, onError: () => {} }
const log = redisLog(shared)

const entryOf = (did: Entry['did'], data: unknown, meta: MessageMeta): Entry => {
  const { session, serial, id, fence, redelivered, topic } = meta
  return { did, node: plan.name, session: session.id, serial, id, fence, redelivered, topic, data }
}
const held = new Map<string, () => void>()
function setUp(server: Server): Server {
  server.onMessage('up/*', (data, meta) => {
    journal.write(entryOf('start', data, meta))
    journal.write(entryOf('end', data, meta))
  })
  server.onMessage('work/*', async (data, meta) => {
    journal.write(entryOf('start', data, meta))
    await new Promise((resolve) => setTimeout(resolve, plan.work))
    journal.write(entryOf('end', data, meta))
  })
  // Waits the first time: what it had to do is done, and not recorded.
  server.onMessage('hold/*', async (data, meta) => {
    const { topic, redelivered } = meta
    journal.write(entryOf('start', data, meta))
    tell({ told: 'held', topic, redelivered })
    if (!redelivered) await new Promise<void>((resolve) => held.set(topic, resolve))
    journal.write(entryOf('end', data, meta))
    return plan.name
  })
  return server
}
/** One for each path, with sessions of its own. `/forgetful` takes it that Redis may have lost something when it is started again. */
const servers = (['realtime', 'at-most-once', 'forgetful'] as const).map((name) => {
  const sessions = redisSessions({ ...shared, lease: plan.lease, durable: name !== 'forgetful', prefix: name })
  const server = createServer({
    ...plan.server,
    ...(name === 'at-most-once' ? { intake: name } : {}),
    log,
    sessions,
    authenticate: ({ credential }) => (typeof credential === 'string' ? credential : null),
    onError: (error, where) => tell({ told: 'failed', where, error: String(error) }),
  })
  return { path: `/${name}`, server: setUp(server) }
})
const [{ server }] = servers as [(typeof servers)[number]]

let life: 'serving' | 'leaving' = 'serving'
// Asked by the balancer: 404 means that it is to send nothing new.
const http = createHttpServer((_, response) => void response.writeHead(life === 'serving' ? 200 : 404).end())
for (const each of servers) each.server.attach(http, { path: each.path, allowedOrigins: '*' })

const seen: { [kind: string]: { [session: string]: number } } = {}
function count(kind: string, session: string): void {
  const sessions = (seen[kind] ??= {})
  sessions[session] = (sessions[session] ?? 0) + 1
}
/** By the head of a packet: sessions are named in the first part of their token. */
function look(request: IncomingMessage): void {
  if (request.method === 'GET' && request.url !== '/health') count('get', '')
  request.once('data', (chunk: Buffer) => {
    const text = chunk.toString('utf8', 0, 2_000)
    const kind = /^\[\["(\w+)"/.exec(text)?.[1]
    const session = /^\[\["(?:post|poll)","([^".]+)/.exec(text)?.[1] ?? /"session":"([^".]+)/.exec(text)?.[1]
    if (kind) count(kind, session ?? '')
  })
}
const { emit } = http
http.emit = (type: string, ...args: unknown[]) => {
  if (type === 'request') look(args[0] as IncomingMessage)
  if (type === 'upgrade') count('upgrade', '')
  return (emit as (type: string, ...args: unknown[]) => boolean).call(http, type, ...args)
}

async function close(): Promise<void> {
  await Promise.all(servers.map((each) => each.server.close()))
  await log.close?.()
  http.close()
  http.closeAllConnections()
}
async function obey(command: Command): Promise<unknown> {
  if (command.do === 'stats') return { server: server.stats(), seen } satisfies NodeStats
  if (command.do === 'release') held.get(command.topic)?.()
  if (command.do === 'publish')
    for (let n = command.from; n < command.to; n++) await server.publish(command.topic, n, { id: String(n) })
  if (command.do === 'drain') await Promise.all(servers.map((each) => each.server.drain({ within: command.within })))
  if (command.do === 'close') await close()
  return null
}
process.on('message', ({ id, command }: { id: number; command: Command | 'leave' }) => {
  if (command === 'leave') {
    life = 'leaving'
    return
  }
  void obey(command)
    .then(
      (answer) => tell({ told: 'answer', id, answer }),
      (error: unknown) => tell({ told: 'answer', id, answer: null, error: String(error) }),
    )
    .then(() => command.do === 'close' && process.disconnect())
})
http.listen(0, '127.0.0.1', () => tell({ told: 'ready', port: (http.address() as AddressInfo).port }))
