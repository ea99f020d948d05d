/** Programs that end with whoever started them, however that one ends. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Runs a program for as long as our end of its stdin is open. */
const keeper = `exec 3<&0
"$@" 3<&- & program=$!
{ read -r _ <&3; kill $program; } & keeper=$!
wait $program
kill $keeper 2>&-`

/** Its stdin is the keeper's, its stderr is ours to read. */
export function spawnKept(program: string, args: readonly string[]): ChildProcess {
  const child = spawn('sh', ['-c', keeper, 'sh', program, ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.on('error', () => {})
  return child
}

export async function endKept(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.stdin!.end()
  await gone
}
