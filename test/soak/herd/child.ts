/** A process of its own for one part of the herd: what it is told, what it answers, and what it weighs. */
import { fork, type ChildProcess } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapCodeStatistics, getHeapStatistics, writeHeapSnapshot } from 'node:v8'

/** What a process holds once everything that is unreachable has been collected. */
export interface Weight {
  /** JavaScript objects, in MiB, without compiled code. */
  heap: number
  /** Compiled code, in MiB: the engine optimizes a function here and there for the better part of an hour. Told, and not judged. */
  code: number
  /** Buffers and other memory that objects hold outside of the heap, in MiB. */
  external: number
  /** All of the process, in MiB. The collector gives back what it likes when it likes: told, and not judged. */
  resident: number
  /** Open files and sockets. */
  descriptors: number
  /** Processor time since the start, in hours. */
  cpu: number
  /** How late the event loop is, in ms: 99 of 100 turns since the last weighing were less so. */
  lag: number
}

type Commands = { [name: string]: (argument: never) => unknown }
interface Call {
  id: number
  name: string
  argument: unknown
}
type Reply = { id: number } & ({ answer: unknown } | { error: string })

const MIB = 2 ** 20
/** Between looks at the event loop, in ms. */
const LOOK_EVERY = 10
const lateness = monitorEventLoopDelay({ resolution: LOOK_EVERY })

function weigh(): Weight {
  const lag = Math.max(0, lateness.percentile(99) / 1e6 - LOOK_EVERY)
  const { user, system } = process.cpuUsage()
  // Twice: what finalizers let go of in the first is free in the second.
  for (let n = 0; n < 2; n++) globalThis.gc!()
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  const { code_and_metadata_size: machine, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics()
  const code = machine + bytecode
  const descriptors = readdirSync('/proc/self/fd').length
  // The collections are our doing.
  lateness.reset()
  return {
    heap: (heap - code) / MIB,
    code: code / MIB,
    external: external / MIB,
    resident: process.memoryUsage.rss() / MIB,
    descriptors,
    cpu: (user + system) / 3.6e9,
    lag,
  }
}

/** Makes this process do what it is told by the one that started it, and end with that one. */
export function obey(commands: Commands): void {
  const all: Commands = { weigh, snapshot: (path: string) => writeHeapSnapshot(path), ...commands }
  const say = (reply: Reply): void => void process.send?.(reply)
  async function answer({ id, name, argument }: Call): Promise<void> {
    try {
      say({ id, answer: await all[name]!(argument as never) })
    } catch (error) {
      say({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  process.on('message', (call: Call) => void answer(call))
  lateness.enable()
  process.on('disconnect', () => process.exit())
}

/** The other end of `obey`. */
export interface Child {
  readonly name: string
  ask<A>(name: string, argument?: unknown): Promise<A>
  end(): void
}

/** Starts a bundled program. What is asked of it after it has ended, and what waits then, is rejected. */
export function start(name: string, program: URL): Child {
  const child: ChildProcess = fork(program, { execArgv: ['--expose-gc', '--max-old-space-size=4096'] })
  const waiting = new Map<number, (reply: { answer: unknown } | { error: string }) => void>()
  let last = 0
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
  })
  child.on('exit', (code, signal) => {
    for (const settle of waiting.values()) settle({ error: `ended: ${signal ?? code}` })
    waiting.clear()
  })
  return {
    name,
    ask: <A>(command: string, argument?: unknown) =>
      new Promise<A>((resolve, reject) => {
        if (!child.connected) return reject(new Error(`${name} has ended`))
        waiting.set(++last, (reply) => {
          if ('error' in reply) reject(new Error(`${name}, ${command}: ${reply.error}`))
          else resolve(reply.answer as A)
        })
        child.send({ id: last, name: command, argument } satisfies Call)
      }),
    end: () => void child.kill('SIGKILL'),
  }
}
