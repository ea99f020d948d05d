// A port that can be given up and taken again.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { TestingError } from './errors.ts'

export interface Listener {
  /** Listens, unless it does. The same port each time. */
  open(): Promise<{ host: string; port: number }>
  /** Stops listening; connections live on. */
  shut(): void
  /** Stops listening for good. */
  close(): void
}

export function createListener(host: string, wanted: number, accept: (socket: Socket) => void): Listener {
  let port = wanted
  let opened: { server: Server; ready: Promise<{ host: string; port: number }> } | 'shut' | 'closed' = 'shut'

  function listen(): { server: Server; ready: Promise<{ host: string; port: number }> } {
    const server = createServer({ allowHalfOpen: true }, accept)
    const ready = new Promise<{ host: string; port: number }>((resolve, reject) => {
      server.once('error', (cause) => {
        if (opened !== 'closed' && opened !== 'shut' && opened.server === server) opened = 'shut'
        reject(new TestingError('cannot-listen', `cannot listen on ${host}:${port}: ${cause.message}`, { cause }))
      })
      // A numeric address is bound before `listen` returns: who connects right after is not refused.
      server.listen(port, host, () => {
        port = (server.address() as AddressInfo).port
        resolve({ host, port })
      })
    })
    return { server, ready }
  }

  function stop(): void {
    if (opened !== 'shut' && opened !== 'closed') opened.server.close()
  }

  return {
    async open() {
      if (opened === 'closed') throw new TestingError('closed', 'the proxy is closed')
      if (opened === 'shut') opened = listen()
      return opened.ready
    },
    shut() {
      stop()
      if (opened !== 'closed') opened = 'shut'
    },
    close() {
      stop()
      opened = 'closed'
    },
  }
}
