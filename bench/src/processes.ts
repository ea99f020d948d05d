// Contestants in processes of their own: a server, and a client in Node.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Bundles } from './bundle.ts'
import type { Answer } from './client-process.ts'
import type { Library, Plan } from './contract.ts'

export interface ServerProcess {
  readonly url: string
  /** ms of CPU since its start. */
  cpu(): Promise<number>
  /** Numbered messages go to all clients from now on. */
  tick(): void
  stop(): void
}

export interface ClientProcess {
  take(url: string, plan: Plan): Promise<Answer['sample']>
  stop(): void
}

/** Longest time that one answer may take, ms: what was lost is waited for in vain. */
const PATIENCE = 180_000

/** The next message of a child; rejects when it ends first, or takes too long. */
export async function next(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const timer = setTimeout(() => child.kill(), PATIENCE)
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal: over.signal }),
      once(child, 'exit', { signal: over.signal }).then(([code]) => {
        throw new Error(`a process of the bench has ended with ${String(code)}`)
      }),
    ])) as [unknown]
    return message
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}

/** A child, and its first message. */
export async function start(
  bundles: Bundles,
  program: string,
  args: string[],
  execArgv: string[],
): Promise<[ChildProcess, unknown]> {
  const child = fork(bundles.program(program), args, { execArgv })
  return [child, await next(child)]
}

export async function startServer(bundles: Bundles, name: Library, execArgv: string[] = []): Promise<ServerProcess> {
  const [child, message] = await start(bundles, 'server-process', [name, bundles.page(name)], execArgv)
  return {
    url: `http://127.0.0.1:${(message as { port: number }).port}`,
    async cpu() {
      child.send('cpu')
      return ((await next(child)) as { cpu: number }).cpu
    },
    tick: () => void child.send('tick'),
    stop: () => void (child.connected && child.disconnect()),
  }
}

export async function startClient(bundles: Bundles, name: Library, execArgv: string[] = []): Promise<ClientProcess> {
  const [child] = await start(bundles, 'client-process', [name], execArgv)
  return {
    async take(url, plan) {
      child.send({ url, plan })
      const { sample, error } = (await next(child)) as Answer
      if (error) throw new Error(`${name}, ${plan.measure}: ${error}`)
      return sample
    },
    stop: () => void (child.connected && child.disconnect()),
  }
}
