// Each library in a module of its own, so that a process holds the one that it measures.
import type { Library, Open } from '../contract.ts'

export const clients: Record<Library, () => Promise<{ open: Open }>> = {
  raw: () => import('./raw.ts'),
  'raw-json': () => import('./raw-json.ts'),
  'raw-batched': () => import('./raw-batched.ts'),
  partysocket: () => import('./partysocket.ts'),
  'socket.io': () => import('./socket-io.ts'),
  signalr: () => import('./signalr.ts'),
  centrifuge: () => import('./centrifuge.ts'),
  phoenix: () => import('./phoenix.ts'),
  holdfast: () => import('./holdfast.ts'),
}
