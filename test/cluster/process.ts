// A node's process, as the test has it.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { CrowdPlan, CrowdReport } from './crowd.ts'
import type { Command, NodePlan, Told } from './node.ts'

/** Bundles a program of the cluster with the sources of our packages. */
export async function bundle(name: 'node' | 'crowd'): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'holdfast-cluster-')), `${name}.cjs`)
  await build({
    entryPoints: [`test/cluster/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    conditions: ['@holdfast/source'],
    logLevel: 'error',
  })
  return outfile
}

export interface NodeProcess {
  readonly port: number
  ask(command: Command): Promise<unknown>
  /** From now on it tells the balancer to send nothing new. */
  leave(): void
  /** As a crash would: nobody is told. */
  kill(): Promise<void>
  /** Stands still, and goes on. */
  stop(): void
  goOn(): void
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<unknown>
}

/** Starts a node; rejects if it ends before it listens. `told` hears what it tells by itself. */
export async function startNode(file: string, plan: NodePlan, told: (what: Told) => void): Promise<NodeProcess> {
  const child: ChildProcess = spawn(process.execPath, [file, JSON.stringify(plan)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>()
  let last = 0
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error(`${plan.name} has ended`))
    waiting.clear()
  })
  const ended = once(child, 'exit')
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (what: Told) => {
      if (what.told === 'ready') resolve(what.port)
      else if (what.told !== 'answer') told(what)
      else {
        const asked = waiting.get(what.id)
        if (what.error === undefined) asked?.resolve(what.answer)
        else asked?.reject(new Error(`${plan.name}: ${what.error}`))
        waiting.delete(what.id)
      }
    })
    void ended.then(() => reject(new Error(`${plan.name} ended before it listened`)))
  })
  return {
    port,
    ended,
    ask: (command) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject })
        child.send({ id: last, command }, (error) => error && reject(error))
      }),
    leave: () => void child.send({ id: 0, command: 'leave' }),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    stop: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
  }
}

export interface CrowdProcess {
  /** Its clients begin to send, or stop. */
  tell(what: 'start' | 'rest'): void
  /** Resolves when everything is settled and so many messages have been heard of each feed, or after `within` ms. */
  finish(end: { published: number; within: number }): Promise<CrowdReport>
  end(): Promise<void>
}

/** Starts a crowd; resolves when all its clients have a link. */
export async function startCrowd(file: string, plan: CrowdPlan): Promise<CrowdProcess> {
  const child = spawn(process.execPath, [file, JSON.stringify(plan)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const heard = async (): Promise<unknown> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('a crowd has ended'))),
    ])) as [unknown]
    return message
  }
  await heard()
  return {
    tell: (what) => void child.send(what),
    finish(end) {
      child.send(end)
      return heard() as Promise<CrowdReport>
    },
    async end() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}
