// A real server behind a fault proxy, on loopback, and clients that reach it through the proxy. Everything ends with `close()`.
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createClient,
  eventSource,
  longPolling,
  webSocket,
  type Client,
  type ClientOptions,
  type Transport,
} from '@holdfast/client'
import { createServer, type AttachOptions, type Server, type ServerOptions } from '@holdfast/server'
import { faultProxy, type ClassifiableRequest, type FaultProxy } from '@holdfast/testing'
import { WebSocket as NodeWebSocket } from 'ws'

export type TransportName = 'webSocket' | 'eventSource' | 'longPolling'
export const transportNames: readonly TransportName[] = ['webSocket', 'eventSource', 'longPolling']

/** Node 20 has no WebSocket of its own. */
export const nodeTransports: { readonly [name in TransportName]: () => Transport } = {
  webSocket: () => webSocket({ WebSocket: NodeWebSocket as unknown as typeof WebSocket }),
  eventSource: () => eventSource(),
  longPolling: () => longPolling(),
}

/** Tells polls, streams and uplink POSTs apart by the head of their packet (PROTOCOL.md §5). */
export function classify({ method, body }: ClassifiableRequest): string | undefined {
  if (method !== 'POST') return undefined
  const head = body?.subarray(0, 400).toString() ?? ''
  if (head.startsWith('[["poll"') || (head.startsWith('[["hello"') && /"via":"poll"/.test(String(body)))) return 'poll'
  return head.startsWith('[["post"') ? 'post' : 'stream'
}

export interface World {
  readonly server: Server
  readonly http: HttpServer
  readonly proxy: FaultProxy
  /** Of the endpoint, through the proxy. */
  readonly url: string
  client(transports?: TransportName | readonly TransportName[], options?: Partial<ClientOptions>): Client
  /** Ends the server process in effect: every socket reset, memory gone; a new one takes its place behind the proxy. */
  restart(options?: Partial<ServerOptions>): Promise<void>
  close(): Promise<void>
}

export interface WorldOptions extends Partial<ServerOptions> {
  /** Beside the path. @default any origin: pages of tests come from elsewhere */
  attach?: AttachOptions
  /** Called for each server, the restarted ones included. */
  setUp?(server: Server): void
}

/** On any free port: one that was left may be somebody else's by now. */
async function listen(http: HttpServer): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(0, '127.0.0.1', resolve)
  })
  return (http.address() as AddressInfo).port
}

export async function createWorld({ setUp, attach, ...options }: WorldOptions = {}): Promise<World> {
  const clients = new Set<Client>()
  const start = async (
    over: Partial<ServerOptions> = {},
  ): Promise<{ http: HttpServer; server: Server; port: number }> => {
    const http = createHttpServer((_request, response) => response.writeHead(404).end())
    const server = createServer({ ...options, ...over })
    server.attach(http, { path: '/realtime', allowedOrigins: '*', ...attach })
    setUp?.(server)
    return { http, server, port: await listen(http) }
  }
  const stop = async ({ http, server }: { http: HttpServer; server: Server }): Promise<void> => {
    await server.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  }
  let running = await start()
  const proxy = await faultProxy({ target: running.port, classify })
  const url = proxy.url + '/realtime'
  return {
    get server() {
      return running.server
    },
    get http() {
      return running.http
    },
    proxy,
    url,
    client(transports = transportNames, over = {}) {
      const names = typeof transports === 'string' ? [transports] : transports
      const client = createClient(url, { transports: names.map((name) => nodeTransports[name]()), ...over })
      clients.add(client)
      return client
    },
    async restart(over) {
      proxy.cut({ how: 'reset' })
      await stop(running)
      running = await start(over)
      proxy.retarget(running.port)
    },
    async close() {
      await Promise.all([...clients].map((client) => client.close()))
      await proxy.close()
      await stop(running)
    },
  }
}

/** Resolves when `check` holds, looking again every few ms; rejects after `timeout` ms. */
export async function until(
  check: () => boolean | Promise<boolean>,
  what = 'the condition',
  timeout = 40_000,
): Promise<void> {
  const end = performance.now() + timeout
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`${what} did not come true within ${timeout} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export { seeded } from '@holdfast/testing'
