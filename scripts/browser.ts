// Finds the Chromium that the browser tests drive. Nothing is downloaded but, where allowed, the system's own package.
import { findProgram, installPackage, isExecutable } from './debian.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const macOS = ['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`)

/** No Chromium-family browser is here, and none could be installed. */
class NoBrowserError extends Error {
  readonly code = 'no-browser'
}

const installed = (): string | undefined => findProgram(...names) ?? macOS.find(isExecutable)

/** Path of a Chromium-family browser. Rejects with `NoBrowserError` (code `no-browser`) that says what to do. */
export async function findBrowser(): Promise<string> {
  const named = process.env.CHROMIUM_PATH ?? process.env.CHROME_PATH
  if (named) {
    if (isExecutable(named)) return named
    throw new NoBrowserError(`[no-browser] CHROMIUM_PATH or CHROME_PATH names ${named}, which cannot be run.`)
  }
  const path = installed() ?? ((await installPackage('chromium')) ? installed() : undefined)
  if (path) return path
  throw new NoBrowserError(
    '[no-browser] The browser tests need Chromium or Chrome, and none was found. ' +
      'Install it (Debian, Ubuntu: sudo apt-get install chromium; macOS: brew install --cask chromium), ' +
      'or set CHROMIUM_PATH to the browser you have.',
  )
}
