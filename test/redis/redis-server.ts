/** A Redis of the test's own: on a free port, in a folder that is gone afterwards, kept in a file so that it can be started again. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { requireProgram } from '../../scripts/debian.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/world.ts'

export interface RedisServer {
  readonly url: string
  /** Ends it as a crash would. What `save` has written is what the next start finds. */
  kill(): Promise<void>
  start(): Promise<void>
  /** It stands still, as a machine that is overloaded, until it goes on. */
  pause(): void
  resume(): void
  /** Writes everything to its file. */
  save(): Promise<void>
  /** Puts its files aside, or what was put aside in their place: the restored backup. */
  backUp(): void
  restore(): void
  /** A command, answered as text. */
  call(command: string, ...args: string[]): Promise<unknown>
  /** Ends it, and nothing is left. */
  close(): Promise<void>
}

/** Those that there are, in the place of those that were. */
function replace(from: string, to: string, files: readonly string[]): void {
  mkdirSync(to, { recursive: true })
  for (const file of files) {
    rmSync(join(to, file), { recursive: true, force: true })
    if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file), { recursive: true })
  }
}

export interface RedisServerOptions {
  /** The only node of one, which has every slot. */
  cluster?: boolean
  /** What was written is there after a crash, whatever `save` has written. */
  appendOnly?: boolean
  /** It follows that one. */
  replicaOf?: RedisServer
}

export async function startRedis(given: RedisServerOptions = {}): Promise<RedisServer> {
  const { cluster = false, appendOnly = false, replicaOf } = given
  const program = await requireProgram('redis-server')
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const options = {
    '--port': port,
    '--bind': '127.0.0.1',
    '--dir': dir,
    '--save': '',
    '--appendonly': appendOnly ? 'yes' : 'no',
    // Once a second, Redis puts off writing while the disk is busy: then a crash of its process alone loses something.
    '--appendfsync': 'always',
    '--cluster-enabled': cluster ? 'yes' : 'no',
    '--cluster-announce-ip': '127.0.0.1',
    '--repl-diskless-sync-delay': 0,
  }
  let child: ChildProcess

  async function withClient<T>(use: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(url, { retryStrategy: () => 20 })
    client.on('error', () => {})
    try {
      return await use(client)
    } finally {
      client.disconnect()
    }
  }
  async function start(): Promise<void> {
    child = spawn(program, Object.entries(options).flat().map(String), { stdio: 'ignore' })
    await withClient((client) => client.ping())
  }
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const aside = join(dir, 'aside')
  const files = ['dump.rdb', 'appendonlydir']

  await start()
  if (cluster) {
    await withClient((client) => client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383'))
    const isUp = async (): Promise<boolean> =>
      (await withClient((client) => client.cluster('INFO'))).includes('cluster_state:ok')
    await until(isUp, 'the cluster to be up')
  }
  if (replicaOf) {
    await withClient((client) => client.replicaof('127.0.0.1', new URL(replicaOf.url).port))
    const follows = async (): Promise<boolean> =>
      (await withClient((client) => client.info('replication'))).includes('master_link_status:up')
    await until(follows, 'the replica to follow')
  }
  return {
    url,
    kill,
    start,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    save: async () => void (await withClient((client) => client.save())),
    backUp: () => replace(dir, aside, files),
    restore: () => replace(aside, dir, files),
    call: (command, ...args) => withClient((client) => client.call(command, ...args)),
    async close() {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
