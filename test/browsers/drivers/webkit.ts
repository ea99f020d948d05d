// WebKitGTK's MiniBrowser over WebDriver, on a screen that nobody sees.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Place, Tab } from './browser.ts'
import { end, familyOf, launch } from './processes.ts'

const PORT = 9_515
const DISPLAY = ':77'

/** Beside its libraries, in a folder that bears the version of its interface. */
export function findMiniBrowser(): string | undefined {
  const libraries = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))]
  const folders = ['webkitgtk-6.0', 'webkit2gtk-4.1', 'webkit2gtk-4.0']
  return libraries
    .flatMap((at) => folders.map((name) => join(at, name, 'MiniBrowser')))
    .find((path) => existsSync(path))
}

type Ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<unknown>

const ask: Ask = async (method, path, body) => {
  const response = await fetch(`http://127.0.0.1:${PORT}${path}`, {
    method,
    ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
  })
  const { value } = (await response.json()) as { value: { message?: string } | null }
  if (!response.ok) throw new Error(`${method} ${path}: ${value?.message}`)
  return value
}

/** Commands go to the window chosen last: choosing and asking are one. */
function createWindows(session: string): { enter<T>(handle: string, act: () => Promise<T>): Promise<T> } {
  let current = ''
  let turn: Promise<unknown> = Promise.resolve()
  return {
    enter(handle, act) {
      const mine = turn.then(async () => {
        if (current !== handle) await ask('POST', `${session}/window`, { handle })
        current = handle
        return act()
      })
      turn = mine.catch(() => {})
      return mine
    },
  }
}

export async function startWebKit({ path, folder }: Place): Promise<Browser> {
  // Without files: its socket is one of the network namespace.
  const args = [DISPLAY, '-screen', '0', '1024x768x24', '-nolock', '-nolisten', 'unix', '-nolisten', 'tcp']
  const screen = launch('Xvfb', args, folder)
  const driver = launch(path, [`--port=${PORT}`, '--host=127.0.0.1'], folder, {
    DISPLAY,
    GDK_BACKEND: 'x11',
    // Its own sandbox asks for namespaces and a message bus, which a namespace has not.
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    LIBGL_ALWAYS_SOFTWARE: '1',
    NO_AT_BRIDGE: '1',
  })
  const until = performance.now() + 30_000
  while (
    !(await ask('GET', '/status').then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() > until) throw new Error('WebKitWebDriver did not start')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const options = { binary: findMiniBrowser(), args: ['--automation'] }
  const made = await ask('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options, pageLoadStrategy: 'none' } },
  })
  const { sessionId, capabilities } = made as { sessionId: string; capabilities: { browserVersion: string } }
  const session = `/session/${sessionId}`
  const windows = createWindows(session)
  const first = (await ask('GET', `${session}/window`)) as string
  const family = (): ReturnType<typeof familyOf> => familyOf(driver.child.pid!)

  async function open(url: string): Promise<Tab> {
    // A tab opens beside the chosen one, which must not be one that has been closed.
    const made = await windows.enter(first, () => ask('POST', `${session}/window/new`, { type: 'tab' }))
    const { handle } = made as { handle: string }
    const enter = <T>(act: () => Promise<T>): Promise<T> => windows.enter(handle, act)
    await enter(() => ask('POST', `${session}/url`, { url }))
    return {
      evaluate: <T>(expression: string) =>
        enter(async () => {
          const script = `return JSON.stringify((${expression}) ?? null)`
          return JSON.parse((await ask('POST', `${session}/execute/sync`, { script, args: [] })) as string) as T
        }),
      show: () => enter(async () => {}),
      close: () => enter(async () => void (await ask('DELETE', `${session}/window`))),
    }
  }

  return {
    name: 'WebKitGTK',
    version: capabilities.browserVersion,
    open,
    renderers: () =>
      family()
        .filter(({ line }) => line.includes('WebKitWebProcess'))
        .map(({ pid }) => pid),
    all: () =>
      family()
        .slice(1)
        .map(({ pid }) => pid),
    async close() {
      end(driver)
      end(screen)
    },
  }
}
