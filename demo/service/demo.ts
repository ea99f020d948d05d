// The whole demo in one process: page and control API on one port, fault proxy on another, realtime server behind the proxy.
import type { AddressInfo } from 'node:net'
import { faultProxy } from '@holdfast/testing'
import { createLedger } from './ledger.ts'
import { createRealtime } from './realtime.ts'
import { classify, createWeather } from './weather.ts'
import { createWeb, type Files } from './web.ts'

export interface DemoOptions {
  files: Files
  /** Of the page; 0 for any free one. */
  port: number
  /** Of the fault proxy, through which the page's realtime connection runs; 0 for any free one. */
  realtimePort: number
  /** Address to listen on. */
  host: string
}

export interface Demo {
  readonly port: number
  close(): Promise<void>
}

export async function startDemo({ files, port, realtimePort, host }: DemoOptions): Promise<Demo> {
  const ledger = createLedger()
  const proxy = await faultProxy({ target: 0, port: realtimePort, host, classify })
  const realtime = await createRealtime({
    ledger,
    // The proxy's port makes the page a foreign one, so it is named: the same host, at the page's port.
    allowedOrigins: (origin, { headers }) =>
      URL.canParse(origin) && new URL(origin).host === `${hostName(headers.host)}:${pagePort}`,
    moved: (to) => proxy.retarget(to),
  })
  const weather = createWeather(proxy, realtime)
  const web = createWeb({ files, realtimePort: proxy.port, ledger, realtime, weather })
  await new Promise<void>((resolve, reject) => {
    web.once('error', reject)
    web.listen(port, host, resolve)
  })
  const pagePort = (web.address() as AddressInfo).port

  return {
    port: pagePort,
    async close() {
      weather.calm()
      web.close()
      web.closeAllConnections()
      await realtime.close()
      await proxy.close()
    },
  }
}

const hostName = (header: unknown): string => String(header).replace(/:\d+$/, '')
