/** As much of Node's request and response as the server's real HTTP listeners use, over one simulated connection. */
import { EventEmitter } from 'node:events'
import type { Conn, Network, Process } from './network.ts'

/** What the kernel takes off the process's hands before `write` says no. */
const SOCKET_BUFFER = 2048

/** What comes out at the client's end. */
export interface Answering {
  head(status: number, headers: { readonly [name: string]: string }): void
  piece(text: string): void
  end(): void
  /** The connection is gone before the answer was complete. */
  broken(): void
}

class Request extends EventEmitter {
  readonly method = 'POST'
  readonly url = '/realtime'
  readonly headers: { [name: string]: string } = {}
  readonly socket = { remoteAddress: 'sim' }
  resume(): void {}
}

class Response extends EventEmitter {
  readonly socket = { setNoDelay() {} }
  headersSent = false
  destroyed = false
  writableEnded = false
  private headers: { [name: string]: string } = {}
  private isFull = false

  constructor(
    private readonly network: Network,
    private readonly conn: Conn,
    private readonly process: Process,
    private readonly client: Answering,
  ) {
    super()
  }

  get writableLength(): number {
    return Math.max(0, this.conn.down.queued - SOCKET_BUFFER)
  }
  setHeader(name: string, value: string | number): void {
    this.headers[name.toLowerCase()] = String(value)
  }
  writeHead(status: number, headers: { [name: string]: string | number } = {}): this {
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value)
    this.headersSent = true
    const { headers: all } = this
    this.put(0, () => this.client.head(status, all))
    return this
  }
  flushHeaders(): void {}
  write(text: string): boolean {
    const { network, conn } = this
    const isEvent = text.startsWith('data: ')
    if (isEvent) network.taps.said(conn, text.slice(6, -2))
    const pieces = isEvent
      ? network.weather.transit('down', text.slice(6, -2)).map((packet) => `data: ${packet}\n\n`)
      : [text]
    for (const piece of pieces) this.put(piece.length, () => this.client.piece(piece))
    if (this.writableLength > 0) this.isFull = true
    return !this.isFull
  }
  end(body?: Buffer | (() => void)): this {
    if (Buffer.isBuffer(body)) {
      const text = body.toString()
      if (this.process.actor.state === 'alive') this.network.taps.said(this.conn, text)
      const [piece = text] = this.network.weather.transit('down', text)
      this.put(piece.length, () => this.client.piece(piece))
    }
    this.writableEnded = true
    this.put(0, () => {
      this.client.end()
      this.network.world.after(this.process.actor, 0, () => this.close())
    })
    return this
  }
  destroy(): void {
    if (this.destroyed) return
    this.conn.down.send(0, () => this.client.broken())
    this.network.world.after(this.process.actor, 0, () => this.close())
  }
  /** The connection is gone. */
  close(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.conn.onServerLost = null
    this.emit('close')
  }
  private put(bytes: number, arrive: () => void): void {
    if (this.process.actor.state === 'dead') return
    this.conn.down.send(bytes, () => {
      arrive()
      if (this.isFull && this.conn.down.queued === 0)
        this.network.world.after(this.process.actor, 0, () => this.drain())
    })
  }
  private drain(): void {
    if (!this.isFull || this.conn.down.queued > 0) return
    this.isFull = false
    if (!this.destroyed) this.emit('drain')
  }
}

/** Gives a request to the process's listeners; what they answer goes to `client`. */
export function serve(network: Network, conn: Conn, process: Process, body: string, client: Answering): void {
  const request = new Request()
  const response = new Response(network, conn, process, client)
  conn.process = process
  conn.onServerLost = () => {
    conn.onServerLost = null
    response.close()
  }
  network.taps.heard(conn, body)
  process.http.emit('request', request, response)
  request.emit('data', Buffer.from(body))
  request.emit('end')
  request.emit('close')
}
