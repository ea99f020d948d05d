/** Preset: all three transports, WebSocket preferred, then event stream, then long-polling. */
import type { ClientOptions } from './options.ts'
import { connect as share, createClient as create } from './registry.ts'
import { eventSource } from './transports/event-source.ts'
import { longPolling } from './transports/long-polling.ts'
import { webSocket } from './transports/web-socket.ts'
import type { AnyTopics, Client } from './types.ts'

export * from './index.ts'

/** As `ClientOptions`, with nothing required. */
export type AutoOptions = Partial<ClientOptions>

const preset = (options: AutoOptions): ClientOptions => ({
  ...options,
  transports: options.transports ?? [webSocket(), eventSource(), longPolling()],
})

/** `connect` of `@holdfast/client`, with the preset transports. */
export const connect = <T = AnyTopics>(url: string | URL, options: AutoOptions = {}): Client<T> =>
  share<T>(url, preset(options))

/** `createClient` of `@holdfast/client`, with the preset transports. */
export const createClient = <T = AnyTopics>(url: string | URL, options: AutoOptions = {}): Client<T> =>
  create<T>(url, preset(options))
