// Turns a socket's events into reads with back-pressure: a proxy that reads faster than it writes would hide a slow consumer.
import type { Socket } from 'node:net'

/** How the peer finished: with FIN, or with RST or an error. */
type Finish = 'end' | 'reset'

export interface Reader {
  /** The next bytes, or null once the peer has finished and everything was read. */
  read(): Promise<Buffer | null>
  /** Puts back what was read too much of. */
  unread(bytes: Buffer): void
  /** Resolves when the peer has finished and nothing is left to read. Unlike `read` it takes nothing. */
  ended(): Promise<void>
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

  function wake(): void {
    const woken = wakers
    wakers = []
    for (const fn of woken) fn()
  }
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
    async ended() {
      while (finish === null || queue.length > 0) await changed()
    },
    finish: () => finish,
  }
}
