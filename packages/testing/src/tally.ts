// Counts what passes and keeps hold of every socket until it is gone.
import type { Socket } from 'node:net'
import type { ProxyEvent } from './events.ts'
import type { Direction } from './rules.ts'

/** Totals over the life of the proxy, exact however few events are kept. */
export interface Counters {
  /** Connections from clients. */
  readonly clients: { readonly open: number; readonly total: number }
  /** Connections to the target; second copies of requests have their own. */
  readonly targets: { readonly open: number; readonly total: number }
  /** Requests by kind. */
  readonly requests: Readonly<Record<string, number>>
  /** WebSocket frames that came, whatever became of them. */
  readonly frames: Readonly<Record<Direction, number>>
  /** Bytes that were passed on. */
  readonly bytes: Readonly<Record<Direction, number>>
  /** Strikes by fault. */
  readonly faults: Readonly<Record<string, number>>
}

export interface Tally {
  track(socket: Socket, side: 'client' | 'target'): void
  observe(event: ProxyEvent): void
  countBytes(direction: Direction, count: number): void
  read(): Counters
  destroyAll(): void
  /** Resolves when no socket is left. */
  allClosed(): Promise<void>
}

export function createTally(): Tally {
  const open = { client: new Set<Socket>(), target: new Set<Socket>() }
  const total = { client: 0, target: 0 }
  const frames = { up: 0, down: 0 }
  const bytes = { up: 0, down: 0 }
  const requests = new Map<string, number>()
  const faults = new Map<string, number>()
  let waiting: (() => void)[] = []

  const sockets = (): Socket[] => [...open.client, ...open.target]
  const add = (to: Map<string, number>, key: string): unknown => to.set(key, (to.get(key) ?? 0) + 1)

  return {
    track(socket, side) {
      open[side].add(socket)
      total[side]++
      socket.on('error', () => {})
      socket.on('close', () => {
        open[side].delete(socket)
        if (sockets().length > 0) return
        for (const fn of waiting) fn()
        waiting = []
      })
    },
    observe(event) {
      if (event.type === 'frame') frames[event.direction]++
      if (event.type === 'request') add(requests, event.kind)
      if (event.type === 'fault') add(faults, event.fault)
    },
    countBytes(direction, count) {
      bytes[direction] += count
    },
    read: () => ({
      clients: { open: open.client.size, total: total.client },
      targets: { open: open.target.size, total: total.target },
      requests: Object.fromEntries(requests),
      frames: { ...frames },
      bytes: { ...bytes },
      faults: Object.fromEntries(faults),
    }),
    destroyAll() {
      for (const socket of sockets()) socket.destroy()
    },
    async allClosed() {
      if (sockets().length > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}
