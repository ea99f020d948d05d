// Processes of this run: it has a process namespace of its own, so that /proc shows nobody else's.
import { spawn, type ChildProcess } from 'node:child_process'
import { openSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Process {
  readonly pid: number
  readonly parent: number
  /** Its name and arguments, separated by spaces. */
  readonly line: string
}

function read(pid: number): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    // The name, in parentheses, may hold anything.
    return [{ pid, line, parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) }]
  } catch {
    // Gone meanwhile.
    return []
  }
}

/** A process and all that it and its children have started. */
export function familyOf(root: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)))
  const family = all.filter(({ pid }) => pid === root)
  for (const { pid } of family) family.push(...all.filter(({ parent }) => parent === pid))
  return family
}

export function signal(pids: readonly number[], name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
  for (const pid of pids)
    try {
      process.kill(pid, name)
    } catch {
      // Gone meanwhile.
    }
}

export interface Started {
  readonly child: ChildProcess
  /** Resolves to the first match in what it says. */
  said(pattern: RegExp, within: number): Promise<RegExpExecArray>
}

/** Starts a program that writes into `folder` only. */
export function launch(program: string, args: string[], folder: string, env: NodeJS.ProcessEnv = {}): Started {
  const log = join(folder, 'said.log')
  const out = openSync(log, 'a')
  const home = {
    HOME: folder,
    TMPDIR: folder,
    XDG_RUNTIME_DIR: folder,
    XDG_CACHE_HOME: folder,
    XDG_CONFIG_HOME: folder,
  }
  const child = spawn(program, args, { stdio: ['ignore', out, out], env: { ...process.env, ...home, ...env } })
  return {
    child,
    async said(pattern, within) {
      const end = performance.now() + within
      while (performance.now() < end) {
        const match = pattern.exec(readFileSync(log, 'utf8'))
        if (match) return match
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`${program} did not start: ${readFileSync(log, 'utf8').slice(-600)}`)
    },
  }
}

/** Ends it and all it has started. */
export function end({ child }: Started): void {
  signal(
    familyOf(child.pid!)
      .map(({ pid }) => pid)
      .toReversed(),
    'SIGKILL',
  )
}
