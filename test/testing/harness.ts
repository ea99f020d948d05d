// A target to put behind the proxy, and clients that tell what they saw. Everything is closed by `closeAll`.
import { createServer, request, Agent, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { expect } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { faultProxy, type FaultProxy, type FaultProxyOptions } from '@holdfast/testing'

type Cleanup = () => unknown
const cleanups: Cleanup[] = []

export async function closeAll(): Promise<void> {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
}

interface Seen {
  method: string
  path: string
  body: string
}

export interface TargetServer {
  port: number
  http: Server
  /** Requests whose body has arrived in full, in order. */
  requests: Seen[]
  /** Server ends of streams: `write` sends, `closed` resolves when the client is gone. */
  streams: { write(text: string): void; end(): void; closed: Promise<unknown> }[]
  sockets: WebSocket[]
  /** Resolves when the n-th request has been seen. */
  seen(count: number): Promise<void>
  /** Open TCP connections. */
  connections(): Promise<number>
}

/**
 * Paths: `/stream` an SSE stream; `/hang` never answers; `/chunked?N` N bytes without a length; `/close?N` the same until
 * close; anything else echoes method, path and body. WebSocket on every path, echoing.
 */
export async function startTarget(): Promise<TargetServer> {
  const requests: Seen[] = []
  const streams: TargetServer['streams'] = []
  const sockets: WebSocket[] = []
  let changed: (() => void)[] = []
  const http = createServer((req, res) => {
    const parts: Buffer[] = []
    req.on('data', (part: Buffer) => parts.push(part))
    req.on('end', () => {
      const path = req.url ?? ''
      const size = Number(path.split('?')[1] ?? 0)
      requests.push({ method: req.method ?? '', path, body: Buffer.concat(parts).toString() })
      if (path.startsWith('/stream')) {
        res.writeHead(200, { 'content-type': 'text/event-stream' })
        res.flushHeaders()
        streams.push({ write: (text) => res.write(text), end: () => res.end(), closed: once(res, 'close') })
      } else if (path.startsWith('/chunked')) {
        res.write('x'.repeat(Math.ceil(size / 2)))
        res.end('x'.repeat(Math.floor(size / 2)))
      } else if (path.startsWith('/close')) {
        res.useChunkedEncodingByDefault = false
        res.writeHead(200, { connection: 'close' })
        res.end('x'.repeat(size))
      } else if (!path.startsWith('/hang')) res.end(`${req.method} ${path} ${Buffer.concat(parts).toString()}`)
      for (const fn of changed.splice(0)) fn()
    })
    req.on('error', () => {})
  })
  http.keepAliveTimeout = 30_000
  const webSockets = new WebSocketServer({ server: http, perMessageDeflate: false })
  webSockets.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  cleanups.push(async () => {
    for (const socket of webSockets.clients) socket.terminate()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })
  return {
    port: (http.address() as AddressInfo).port,
    http,
    requests,
    streams,
    sockets,
    async seen(count) {
      while (requests.length < count) await new Promise<void>((resolve) => changed.push(resolve))
    },
    connections: () =>
      new Promise((resolve, reject) => http.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
  }
}

export async function startProxy(target: TargetServer, options: Partial<FaultProxyOptions> = {}): Promise<FaultProxy> {
  const proxy = await faultProxy({ target: target.port, ...options })
  cleanups.push(async () => {
    await proxy.close()
    // Nothing that the proxy met may have been news to it, and nothing may be left of it.
    expect(proxy.events.filter(({ type }) => type === 'error')).toEqual([])
    expect(proxy.counters).toMatchObject({ clients: { open: 0 }, targets: { open: 0 } })
    expect(proxy.connections).toEqual([])
  })
  return proxy
}

/** What became of a request: a complete response, or how far it got. */
export interface Outcome {
  status: number | null
  body: string
  error: string | null
}

/** A keep-alive client with one connection. */
export function createHttpClient(proxy: FaultProxy) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  cleanups.push(() => agent.destroy())

  function send(method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      const req = request({ host: proxy.host, port: proxy.port, method, path, headers, agent })
      const outcome: Outcome = { status: null, body: '', error: null }
      const done = (error: string | null): void => resolve({ ...outcome, error })
      req.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
      req.on('upgrade', (_res, socket) => {
        socket.destroy()
        done('upgraded')
      })
      req.on('response', (res) => {
        outcome.status = res.statusCode ?? null
        res.on('data', (part: Buffer) => (outcome.body += part.toString()))
        res.on('end', () => done(null))
        res.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
      })
      req.end(body === '' ? undefined : body)
    })
  }
  return {
    get: (path: string, headers?: Record<string, string>) => send('GET', path, '', headers),
    post: (path: string, body: string, headers?: Record<string, string>) => send('POST', path, body, headers),
    send,
  }
}

/** Opens a stream and gathers what comes. */
export async function openStream(proxy: FaultProxy, path = '/stream') {
  const req = request({ host: proxy.host, port: proxy.port, path, agent: false })
  req.on('error', () => {})
  req.end()
  cleanups.push(() => req.destroy())
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let text = ''
  let changed: (() => void)[] = []
  const wake = (): void => changed.splice(0).forEach((fn) => fn())
  res.on('data', (part: Buffer) => {
    text += part.toString()
    wake()
  })
  res.on('error', () => {})
  const closed = new Promise<void>((resolve) => res.on('close', () => resolve()))
  return {
    closed,
    text: () => text,
    abort: () => req.destroy(),
    async until(length: number) {
      while (text.length < length) await new Promise<void>((resolve) => changed.push(resolve))
      return text
    },
  }
}

/** A WebSocket client that keeps what it got. */
export async function openWebSocket(proxy: FaultProxy, path = '/') {
  const socket = new WebSocket(`ws://${proxy.host}:${proxy.port}${path}`, { perMessageDeflate: false })
  const messages: string[] = []
  let changed: (() => void)[] = []
  socket.on('message', (data) => {
    messages.push((data as Buffer).toString())
    for (const fn of changed.splice(0)) fn()
  })
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  const failed = new Promise<string>((resolve) => socket.on('error', (error) => resolve(error.message)))
  cleanups.push(() => socket.terminate())
  const opened = await Promise.race([once(socket, 'open').then(() => null), failed])
  return {
    socket,
    messages,
    closed,
    /** Why it did not open, or null. */
    refused: opened,
    send: (text: string) => socket.send(text),
    async received(count: number) {
      while (messages.length < count) await new Promise<void>((resolve) => changed.push(resolve))
      return messages
    },
  }
}

/** A bare TCP client. */
export async function openTcp(proxy: FaultProxy) {
  const socket: Socket = connect(proxy.port, proxy.host)
  let text = ''
  let changed: (() => void)[] = []
  socket.on('data', (part) => {
    text += part.toString('latin1')
    for (const fn of changed.splice(0)) fn()
  })
  const ended = new Promise<string>((resolve) => {
    socket.on('end', () => resolve('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  cleanups.push(() => socket.destroy())
  const connected = await Promise.race([once(socket, 'connect').then(() => true), ended.then(() => false)])
  return {
    socket,
    connected,
    ended,
    closed,
    text: () => text,
    async until(part: string) {
      while (!text.includes(part)) await new Promise<void>((resolve) => changed.push(resolve))
      return text
    },
  }
}
