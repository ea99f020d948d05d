/** A real server on a loopback port, and raw clients: `ws` and `fetch`, nothing of Holdfast's own client. */
import { createServer as createHttpServer } from 'node:http'
import type { RequestListener, Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DOWN_FRAMES, json } from '@holdfast/protocol'
import type { DownFrame, Hello } from '@holdfast/protocol'
import { createServer } from '@holdfast/server'
import type { AttachOptions, Server, ServerOptions } from '@holdfast/server'
import { WebSocket } from 'ws'
import { helloOf } from './peer.ts'

export interface Site {
  readonly server: Server
  readonly http: HttpServer
  /** Of the endpoint. */
  readonly url: string
  readonly errors: unknown[]
  readonly detach: () => void
  close(): Promise<void>
}

export async function openSite(
  options: ServerOptions = {},
  attach: AttachOptions = {},
  listener: RequestListener = (_, response) => void response.end('app'),
): Promise<Site> {
  const errors: unknown[] = []
  const server = createServer({ onError: (error) => errors.push(error), ...options })
  const http = createHttpServer(listener)
  const detach = server.attach(http, attach)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}${attach.path ?? '/realtime'}`
  return {
    server,
    http,
    url,
    errors,
    detach,
    async close() {
      await server.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

function framesOf(packet: string): DownFrame[] {
  const frames = json.decode<DownFrame>(packet, DOWN_FRAMES)
  if ('malformed' in frames) throw new Error(`${frames.malformed}: ${packet}`)
  return frames
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly frames: DownFrame[]
}

/** Posts frames, or a body as it is. */
export async function post(
  url: string,
  body: unknown[] | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, { method: 'POST', body: text, headers })
  return { status: response.status, headers: response.headers, frames: framesOf((await response.text()) || '[]') }
}

/** Frames as they come, to be waited for. */
interface Inbox {
  readonly frames: DownFrame[]
  /** Resolves with the first frame of the type that has not been waited for; rejects when the link ends without one. */
  next<T extends DownFrame[0]>(type: T): Promise<Extract<DownFrame, readonly [T, ...unknown[]]>>
}

function createInbox(): Inbox & { push(frames: DownFrame[]): void; end(): void } {
  const frames: DownFrame[] = []
  const waiting = new Set<() => void>()
  let ended = false
  const wake = (): void => {
    for (const look of waiting) look()
  }
  return {
    frames,
    push(more) {
      frames.push(...more)
      wake()
    },
    end() {
      ended = true
      wake()
    },
    next: (type) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const at = frames.findIndex((frame) => frame[0] === type)
          if (at < 0 && !ended) return
          waiting.delete(look)
          if (at < 0) reject(new Error(`no ${type} came: ${JSON.stringify(frames)}`))
          else resolve(frames.splice(at, 1)[0] as never)
        }
        waiting.add(look)
        look()
      }),
  }
}

export interface Socket extends Inbox {
  readonly socket: WebSocket
  say(...frames: unknown[]): void
  /** Resolves with the close code. */
  readonly closed: Promise<number>
}

export const protocolsOf = (hello: Hello): string[] => [
  'holdfast.1',
  'h.' + Buffer.from(JSON.stringify(hello)).toString('base64url'),
]

/** A WebSocket that said hello in its handshake, or offers what it is told to. */
export function openSocket(
  url: string,
  hello: Partial<Hello> | string[] = {},
  headers: Record<string, string> = {},
): Socket {
  const protocols = Array.isArray(hello) ? hello : protocolsOf(helloOf(hello))
  const socket = new WebSocket(url.replace('http', 'ws'), protocols, { headers })
  const inbox = createInbox()
  socket.on('message', (data) => inbox.push(framesOf((data as Buffer).toString())))
  socket.on('error', () => {})
  const closed = new Promise<number>((resolve) =>
    socket.on('close', (code) => {
      inbox.end()
      resolve(code)
    }),
  )
  return { ...inbox, socket, closed, say: (...frames) => socket.send(JSON.stringify(frames)) }
}

export interface Stream extends Inbox {
  readonly response: Response
  /** Everything, as it came. */
  text(): string
  abort(): void
  readonly ended: Promise<void>
}

/** An event stream by POST, or by GET where `hello` is a ticket. */
export async function openStream(url: string, hello: Partial<Hello> | string): Promise<Stream> {
  const controller = new AbortController()
  const { signal } = controller
  const response = await (typeof hello === 'string'
    ? fetch(`${url}?ticket=${hello}`, { signal })
    : fetch(url, { method: 'POST', signal, body: JSON.stringify([['hello', { ...helloOf(hello), via: 'sse' }]]) }))
  const inbox = createInbox()
  let text = ''
  const ended = (async (): Promise<void> => {
    let rest = ''
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body!) {
        const part = decoder.decode(chunk, { stream: true })
        text += part
        const lines = (rest + part).split('\n')
        rest = lines.pop()!
        for (const line of lines) if (line.startsWith('data: ')) inbox.push(framesOf(line.slice(6)))
      }
    } catch {
      // Cut: as good as ended.
    }
    inbox.end()
  })()
  return { ...inbox, response, text: () => text, abort: () => controller.abort(), ended }
}
