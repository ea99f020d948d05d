// An http.Server on loopback whose every connection can be cut, upgraded ones included.
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'

export interface Served {
  readonly port: number
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Connections that are open now. */
  connections(): number
  /** Connections that there have been. */
  accepted(): number
  /** Ends every connection from the server's side: without a word, or with a TCP reset. Returns how many. @default 'end' */
  cut(how?: 'end' | 'reset'): number
  /** Cuts all and stops listening. */
  close(): Promise<void>
}

/** Also for servers over TLS: what is counted and cut are the TCP connections. */
export async function serve(server: Pick<Server, 'on' | 'listen' | 'close' | 'address'>): Promise<Served> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server as Server, 'listening')
  const { port } = server.address() as AddressInfo

  const cut = (how = 'end'): number => {
    const open = [...sockets]
    for (const socket of open) {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroy()
    }
    return open.length
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    connections: () => sockets.size,
    accepted: () => accepted,
    cut,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}
