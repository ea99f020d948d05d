// Programs that tests need from the system: found where it keeps them, or else installed with its own package, where that is allowed.
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Seconds. */
const timeLimit = 600

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Path of the first program of one of these names, in the order of the folders. `sbin` is not on every user's path. */
export function findProgram(...names: string[]): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const folders = [...onPath, '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/snap/bin']
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

/**
 * Installs a package on Debian and Ubuntu, as root; says whether it is there afterwards. Does not block: a test's worker must go on
 * answering. One at a time for the whole machine, since apt does not wait for another's update, only for another's install.
 */
export async function installPackage(name: string): Promise<boolean> {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false
  console.log(`Installing Debian's ${name} (once; seconds to minutes)`)
  const apt = 'apt-get -q -o DPkg::Lock::Timeout=300'
  const script = `${apt} update && ${apt} install -y ${name}`
  const child = spawn('flock', ['--no-fork', '/run/lock/holdfast-apt', 'timeout', `${timeLimit}`, 'sh', '-c', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // In runlevel 1 no service that a package brings is started.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
  return new Promise((resolve) => {
    child.on('error', () => resolve(false))
    child.on('close', (code) => resolve(code === 0))
  })
}

/** A program that tests need is not here, and could not be installed. */
class NoProgramError extends Error {
  /** `no-` and the name of the program. */
  readonly code: string

  constructor(name: string) {
    const code = `no-${name}`
    super(
      `[${code}] These tests need ${name}, and it was neither found nor could be installed. ` +
        `Install it (Debian, Ubuntu: sudo apt-get install ${name}; macOS: brew install ${name}).`,
    )
    this.code = code
  }
}

/** Path of a program whose package bears its name, installed if need be. Rejects with `NoProgramError`. */
export async function requireProgram(name: string): Promise<string> {
  const path = findProgram(name) ?? ((await installPackage(name)) ? findProgram(name) : undefined)
  if (path) return path
  throw new NoProgramError(name)
}
