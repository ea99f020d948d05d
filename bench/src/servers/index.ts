// Each library's server in a module of its own.
import type { Server } from 'node:http'
import type { Library } from '../contract.ts'
import type { Attend } from '../core.ts'

/**
 * Adds the library's endpoint, with its defaults, to a server that answers nothing by itself but the page's files. Returns what sends a message
 * to all clients, those included that are away for a moment, where the library can do that.
 */
export type Start = (server: Server, attend: Attend) => (text: string) => void

export const servers: Record<Library, () => Promise<{ start: Start }>> = {
  raw: () => import('./raw.ts'),
  'raw-json': () => import('./raw-json.ts'),
  'raw-batched': () => import('./raw-batched.ts'),
  partysocket: () => import('./raw.ts'),
  'socket.io': () => import('./socket-io.ts'),
  signalr: () => import('./signalr.ts'),
  centrifuge: () => import('./centrifuge.ts'),
  phoenix: () => import('./phoenix.ts'),
  holdfast: () => import('./holdfast.ts'),
}
