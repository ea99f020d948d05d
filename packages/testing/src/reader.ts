// Turns a socket's events into reads with back-pressure: a proxy that reads faster than it writes would hide a slow consumer.
import type { Socket } from 'node:net'

/** How the peer finished: with FIN, or with RST or an error. */
type Finish = 'end' | 'reset'

export interface Reader {
  /** The next bytes, or null once the peer has finished and everything was read. */
  read(): Promise<Buffer | null>
  /** Puts back what was read too much of. */
  unread(bytes: Buffer): void
  /**
   * Calls `fn` once the peer has finished and nothing is left to read, and not before this returns. Unlike `read` it takes nothing.
   * Returns the undo: a connection outlives the many exchanges that wait for this.
   */
  onEnded(fn: () => void): () => void
  /** Null while the peer may still send. */
  finish(): Finish | null
}

/** Bytes read ahead of the consumer before the socket is paused. */
const readAhead = 65_536

export function createReader(socket: Socket): Reader {
  const queue: Buffer[] = []
  let queued = 0
  let finish: Finish | null = null
  let wakers: (() => void)[] = []
  const awaitingEnd = new Set<() => void>()

  function wake(): void {
    const woken = wakers
    wakers = []
    for (const fn of woken) fn()
    if (isOver()) for (const fn of awaitingEnd) fn()
  }
  const isOver = (): boolean => finish !== null && queue.length === 0
  const changed = (): Promise<void> => new Promise((resolve) => wakers.push(resolve))

  socket.on('data', (bytes: Buffer) => {
    queue.push(bytes)
    queued += bytes.length
    if (queued > readAhead) socket.pause()
    wake()
  })
  socket.on('end', () => {
    finish ??= 'end'
    wake()
  })
  socket.on('close', () => {
    finish ??= 'reset'
    wake()
  })

  return {
    async read() {
      for (;;) {
        const bytes = queue.shift()
        if (bytes !== undefined) {
          queued -= bytes.length
          if (queued <= readAhead && socket.isPaused()) socket.resume()
          return bytes
        }
        if (finish !== null) return null
        await changed()
      }
    },
    unread(bytes) {
      if (bytes.length === 0) return
      queue.unshift(bytes)
      queued += bytes.length
    },
    onEnded(fn) {
      awaitingEnd.add(fn)
      if (isOver()) queueMicrotask(() => awaitingEnd.has(fn) && fn())
      return () => awaitingEnd.delete(fn)
    },
    finish: () => finish,
  }
}
