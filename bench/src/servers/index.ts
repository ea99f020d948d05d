// Each library's server in a module of its own.
import type { Server } from 'node:http'
import type { Contestant } from '../contract.ts'
import type { Attend } from '../core.ts'

/** Adds the library's endpoint, with its defaults, to a server that answers nothing by itself but the page's files. */
export type Start = (server: Server, attend: Attend) => void

export const servers: Record<Contestant, () => Promise<{ start: Start }>> = {
  raw: () => import('./raw.ts'),
  'raw-json': () => import('./raw-json.ts'),
  'raw-batched': () => import('./raw-batched.ts'),
  partysocket: () => import('./raw.ts'),
  'socket.io': () => import('./socket-io.ts'),
  signalr: () => import('./signalr.ts'),
  centrifuge: () => import('./centrifuge.ts'),
  holdfast: () => import('./holdfast.ts'),
}
