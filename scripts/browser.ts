// Finds the Chromium that the browser tests drive. Nothing is downloaded but, where allowed, the system's own package.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const macOS = ['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`)

/** No Chromium-family browser is here, and none could be installed. */
class NoBrowserError extends Error {
  readonly code = 'no-browser'
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function installed(): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).filter(Boolean),
    '/usr/bin',
    '/usr/local/bin',
    '/snap/bin',
  ]
  const paths = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return [...paths, ...macOS].find(isExecutable)
}

/** Debian and Ubuntu, as root: two to three minutes on a fresh machine. Waits for another apt to end. */
function installFromDebian(): boolean {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false
  console.log('No Chromium found; installing the chromium package (takes a few minutes, once)')
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0
  return apt('update') && apt('install', '-y', 'chromium')
}

/** Path of a Chromium-family browser. Throws `NoBrowserError` (code `no-browser`) that says what to do. */
export function findBrowser(): string {
  const named = process.env.CHROMIUM_PATH ?? process.env.CHROME_PATH
  if (named) {
    if (isExecutable(named)) return named
    throw new NoBrowserError(`[no-browser] CHROMIUM_PATH or CHROME_PATH names ${named}, which cannot be run.`)
  }
  const path = installed() ?? (installFromDebian() ? installed() : undefined)
  if (path) return path
  throw new NoBrowserError(
    '[no-browser] The browser tests need Chromium or Chrome, and none was found. ' +
      'Install it (Debian, Ubuntu: sudo apt-get install chromium; macOS: brew install --cask chromium), ' +
      'or set CHROMIUM_PATH to the browser you have.',
  )
}
