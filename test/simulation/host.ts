/** A server process: the real server with its real HTTP listeners, handlers that do what messages ask for, and the ways it dies. */
import { EventEmitter } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import {
  createServer,
  memoryLog,
  RejectError,
  type Identity,
  type Log,
  type Server,
  type ServerOptions,
} from '@holdfast/server'
import type { Chance } from './chance.ts'
import { replyTo, type Body, type Ledger, type Meta } from './ledger.ts'
import type { SharedSessions } from '../support/shared-sessions.ts'
import type { Network, Process } from './network.ts'
import type { Truth } from './truth.ts'
import type { Clock, World } from './world.ts'

/** Where the application's code can be when its process dies. */
export type CrashPoint = 'before-handler' | 'after-handler' | 'authenticate' | 'log'

export interface HostOptions {
  world: World
  chance: Chance
  network: Network
  ledger: Ledger
  truth: Truth
  /** Null: a memory log of the process's own, with this bound. */
  sharedLog: Log | null
  keep: number
  /** Most ms that the log takes for an answer; 0: it answers at once. */
  logDelay: number
  settings: ServerOptions
  /** Where sessions are kept that several processes share; null: each has its own. */
  sharedSessions: SharedSessions | null
  /** Credentials that are good, and for how long, ms. */
  credentialLife(): number
  /** Whether the process dies right here. */
  dies(point: CrashPoint): boolean
  /** Handlers answer at once from now on. */
  isCalm(): boolean
  died(): void
}

export interface Host extends Process {
  readonly server: Server
  readonly http: EventEmitter
  /** The process is gone, with all it had in memory. */
  kill(): void
}

/** Answers later, as a log on another machine does. */
function slow(log: Log, clock: Clock, delay: () => number): Log {
  const later = <T>(get: () => T): Promise<Awaited<T>> =>
    new Promise((resolve) => {
      const half = delay() / 2
      clock.after(half, () => {
        const value = get() as Awaited<T>
        clock.after(half, () => resolve(value))
      })
    })
  return {
    ...log,
    append: (topic, data, options) => later(() => log.append(topic, data, options)),
    read: (topic, after, limit) => later(() => log.read(topic, after, limit)),
    locate: (topic, position) => later(() => log.locate(topic, position)),
  }
}

/** Credentials look like `ann:12000`: who, and when it was made. */
function authenticate(options: HostOptions, credential: unknown, skew: number): Identity | null {
  if (typeof credential !== 'string') return null
  const [id, madeAt] = credential.split(':')
  const expiresAt = Number(madeAt) + options.credentialLife()
  if (!(expiresAt > options.world.now)) throw new RejectError('expired', 'credential expired')
  // By the server's own clock, which may be off.
  return { id: id!, expiresAt: expiresAt + skew }
}

let processes = 0
/** Numbers processes from 1 again: for a new run. */
export const resetProcesses = (): void => void (processes = 0)

export function createHost(options: HostOptions): Host {
  const { world, chance, network, ledger, truth, settings } = options
  const n = ++processes
  const actor = world.actor('process ' + n)
  const clock = world.clock(actor)
  const http = new EventEmitter()
  const own =
    options.sharedLog ?? truth.record(memoryLog({ maxMessages: options.keep, epoch: 'm' + n, now: clock.now }))
  const deadly: Log = {
    ...own,
    read(topic, after, limit) {
      dies('log')
      return own.read(topic, after, limit)
    },
    locate(topic, position) {
      dies('log')
      return own.locate(topic, position)
    },
  }
  const log = options.logDelay ? slow(deadly, clock, () => chance.int(options.logDelay)) : deadly
  const sessions = options.sharedSessions?.open() ?? null
  const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))

  function kill(): void {
    if (actor.state === 'dead') return
    world.trace(`process ${n} dies`)
    actor.state = 'dead'
    network.processes.delete(host)
    if (sessions) options.sharedSessions!.kill(sessions.node)
    network.lose(host)
    options.died()
  }
  function dies(point: CrashPoint): boolean {
    const isOver = actor.state === 'alive' && options.dies(point)
    if (isOver) kill()
    return isOver
  }
  async function work({ ms }: Body): Promise<void> {
    if (!options.isCalm() && ms > 0) await pause(ms)
  }
  function handle(body: Body, meta: Meta): unknown {
    if (actor.state === 'dead') return undefined
    const start = ledger.started(body, meta, n)
    if (!start || dies('before-handler')) return undefined
    const finish = (): unknown => {
      start.finished = body.plan
      dies('after-handler')
      if (body.plan === 'refuse') throw new RejectError('refused', 'as the message asked for')
      if (body.plan === 'throw') throw new Error('planned')
      return body.plan === 'value' ? replyTo(body.k) : undefined
    }
    return body.ms > 0 ? work(body).then(finish) : finish()
  }
  const server = createServer({
    ...settings,
    clock,
    random: chance.float,
    log,
    sessions,
    async authenticate({ credential }) {
      if (!options.isCalm() && chance.hit(0.2)) await pause(chance.int(400))
      dies('authenticate')
      return authenticate(options, credential, actor.skew)
    },
    onError(error, where) {
      // A store that fails is one of the faults.
      if (where === 'the session store') return
      if (actor.state === 'alive' && (error as Error).message !== 'planned')
        world.fail('sound', `${where}: ${String((error as Error).stack)}`)
    },
  })
  const fullAt = settings.limits?.replayBytes ?? Infinity
  const host: Host = { n, actor, server, http, fullAt, kill }
  server.attach(http as HttpServer, { path: '/realtime', allowedOrigins: '*' })
  server.onMessage('up/*', handle as never)
  server.onMessage('up/many/*', handle as never, { concurrent: true })
  world.trace(`process ${n} starts`)
  network.processes.add(host)
  return host
}
