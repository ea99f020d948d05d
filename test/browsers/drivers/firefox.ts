// Firefox over WebDriver BiDi, which it speaks by itself.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Place, Tab } from './browser.ts'
import { end, familyOf, launch } from './processes.ts'
import { connectRpc, type Rpc } from './rpc.ts'

/** The settings that automation would change stay as users have them; no question on a download; nothing but the page uses the network. */
const PREFERENCES = {
  'remote.prefs.recommended': false,
  'browser.download.useDownloadDir': true,
  'browser.download.alwaysOpenPanel': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.normandy.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
}

interface Evaluated {
  readonly type: string
  readonly result?: { readonly value: string }
  readonly exceptionDetails?: { readonly text: string }
}

async function openTab(rpc: Rpc, url: string): Promise<Tab> {
  const { context } = await rpc.call('browsingContext.create', { type: 'tab' })
  await rpc.call('browsingContext.navigate', { context, url, wait: 'none' })
  return {
    async evaluate<T>(expression: string) {
      const text = `JSON.stringify((${expression}) ?? null)`
      const params = { expression: text, target: { context }, awaitPromise: false }
      const { result, exceptionDetails } = (await rpc.call('script.evaluate', params)) as unknown as Evaluated
      if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`)
      return JSON.parse(result!.value) as T
    },
    show: async () => void (await rpc.call('browsingContext.activate', { context })),
    close: async () => void (await rpc.call('browsingContext.close', { context })),
  }
}

export async function startFirefox({ path, folder }: Place): Promise<Browser> {
  const preferences = Object.entries(PREFERENCES).map((entry) => `user_pref(${JSON.stringify(entry).slice(1, -1)});\n`)
  writeFileSync(join(folder, 'user.js'), preferences.join(''))
  const args = ['--headless', '--no-remote', '--profile', folder, '--remote-debugging-port', '0', 'about:blank']
  const started = launch(path, args, folder)
  const [, url] = await started.said(/BiDi listening on (\S+)/, 60_000)
  const rpc = await connectRpc(`${url}/session`)
  const { capabilities } = await rpc.call('session.new', { capabilities: {} })
  const family = (): ReturnType<typeof familyOf> => familyOf(started.child.pid!)
  return {
    name: 'Firefox',
    version: (capabilities as { browserVersion: string }).browserVersion,
    open: (address) => openTab(rpc, address),
    renderers: () =>
      family()
        .filter(({ line }) => line.endsWith(' tab '))
        .map(({ pid }) => pid),
    all: () => family().map(({ pid }) => pid),
    async close() {
      rpc.close()
      end(started)
    },
  }
}
