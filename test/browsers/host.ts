// The server's process, as the runner has it.
import { spawn, type ChildProcess } from 'node:child_process'
import type { Network } from './network.ts'
import type { Command, ServerPlan } from './server.ts'
import type { Taken } from './traffic.ts'
import { signal } from './drivers/processes.ts'

export interface Host {
  readonly address: string
  tell(command: Command): Promise<Taken>
  /** Stops the process where it is, and lets it go on. */
  stop(): void
  goOn(): void
  close(): void
}

/** Starts the bundled server beside the servers' end of the network. */
export async function startHost(network: Network, file: string, plan: ServerPlan): Promise<Host> {
  const [program, args] = network.within(process.execPath, file, JSON.stringify(plan))
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const waiting = new Map<number, (answer: Taken) => void>()
  let last = 0
  await new Promise<void>((resolve, reject) => {
    child.on('message', ({ id, answer }: { id: number; answer: Taken }) => {
      if (id === 0) resolve()
      else waiting.get(id)?.(answer)
      waiting.delete(id)
    })
    child.on('error', reject).on('exit', (code) => reject(new Error(`the server ended: ${code}`)))
  })
  return {
    address: plan.host,
    tell: (command) =>
      new Promise((resolve) => {
        waiting.set(++last, resolve)
        child.send({ id: last, command })
      }),
    stop: () => signal([child.pid!], 'SIGSTOP'),
    goOn: () => signal([child.pid!], 'SIGCONT'),
    close: () => signal([child.pid!], 'SIGKILL'),
  }
}
