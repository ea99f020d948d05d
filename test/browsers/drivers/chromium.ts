// Chromium over its DevTools protocol. Drivers made for tests switch off what is to be tested: throttling, freezing, the back/forward cache.
import type { Browser, Place, Tab } from './browser.ts'
import { end, familyOf, launch } from './processes.ts'
import { connectRpc, type Rpc } from './rpc.ts'

/** Hidden pages get their timers once a minute, after 10 s and not only after 5 min; an open WebSocket is no excuse. */
const THROTTLING =
  'IntensiveWakeUpThrottling:grace_period_seconds/10,OptOutZeroTimeoutTimersFromThrottling,AllowAggressiveThrottlingWithWebSocket'

const argsFor = (folder: string): string[] => [
  '--headless',
  '--remote-debugging-port=0',
  `--user-data-dir=${folder}`,
  `--enable-features=${THROTTLING}`,
  // Programs of a namespace are root there, for whom the sandbox does not work.
  '--no-sandbox',
  '--no-first-run',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-component-update',
  '--disable-background-networking',
  'about:blank',
]

async function openTab(rpc: Rpc, url: string): Promise<Tab> {
  const { targetId } = await rpc.call('Target.createTarget', { url })
  const { sessionId } = await rpc.call('Target.attachToTarget', { targetId, flatten: true })
  const call: Rpc['call'] = (method, params) => rpc.call(method, params, sessionId as string)
  const lifecycle = async (state: string): Promise<void> => void (await call('Page.setWebLifecycleState', { state }))
  return {
    async evaluate<T>(expression: string) {
      const answer = await call('Runtime.evaluate', { expression, returnByValue: true })
      const { result, exceptionDetails } = answer as {
        result: { value: T; description?: string }
        exceptionDetails?: object
      }
      if (exceptionDetails) throw new Error(`${expression}: ${result.description}`)
      return result.value
    },
    show: async () => void (await rpc.call('Target.activateTarget', { targetId })),
    freeze: () => lifecycle('frozen'),
    thaw: () => lifecycle('active'),
    close: async () => void (await rpc.call('Target.closeTarget', { targetId })),
  }
}

export async function startChromium({ path, folder }: Place): Promise<Browser> {
  const started = launch(path, argsFor(folder), folder)
  const [, url] = await started.said(/DevTools listening on (\S+)/, 60_000)
  const rpc = await connectRpc(url!)
  const { product } = await rpc.call('Browser.getVersion')
  const family = (): ReturnType<typeof familyOf> => familyOf(started.child.pid!)
  return {
    name: 'Chromium',
    version: String(product).replace(/.*\//, ''),
    open: (address) => openTab(rpc, address),
    renderers: () =>
      family()
        .filter(({ line }) => line.includes('--type=renderer'))
        .map(({ pid }) => pid),
    all: () => family().map(({ pid }) => pid),
    async close() {
      rpc.close()
      end(started)
    },
  }
}
