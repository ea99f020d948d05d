/** What the listeners share: the way into the core, the origin check, answers, and the end of sockets that do not end by themselves. */
import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloseCode, MEDIA_TYPE } from '@holdfast/protocol'
import type { Codec, DownFrame, Packet, UpFrame } from '@holdfast/protocol'
import type { Context } from '../context.ts'
import type { Hub } from '../hub.ts'
import type { LinkRequest } from '../link.ts'
import type { Answered } from '../peers.ts'
import type { Farewell } from '../farewell.ts'
import { sendSqueezed } from './compression.ts'
import type { Compression } from './compression.ts'

/** Origins that may connect besides the server's own: a list, `'*'` for any, or a function. `'*'` trusts every page with your users' cookies. */
export type AllowedOrigins = '*' | readonly string[] | ((origin: string, request: LinkRequest) => boolean)

/** The packet of a request. */
export interface Arrived {
  readonly frames: readonly UpFrame[]
  /** Its size. */
  readonly bytes: number
  /** What it was made with. */
  readonly codec: Codec
}

export interface Gate {
  readonly context: Context
  readonly hub: Hub
  /** Whether a request may come in, by its `Origin` (PROTOCOL.md §5). */
  isAllowed(request: IncomingMessage): boolean
  /** What large messages are squeezed with; null: nothing is. */
  readonly compression: Compression | null
  /** Answers with encoded frames as one packet, and ends. Does nothing if there is an answer already. */
  answer(response: ServerResponse, status: number, frames: readonly Packet[], codec: Codec): void
  /** Answers with what another server has answered. */
  pass(response: ServerResponse, answered: Answered, codec: Codec): void
  /** Answers with the status of a close code and a `bye`. */
  refuse(response: ServerResponse, farewell: Farewell & { retryAfter?: number }, codec: Codec): void
  /** Answers an upgrade that will not be one. */
  refuseUpgrade(socket: Duplex, status: number): void
  /** The codec that the type of a request names, if it is spoken here (PROTOCOL.md §2.1). */
  codecOf(request: IncomingMessage): Codec | Farewell
  /** Headers of every answer. */
  headers(request: IncomingMessage): Record<string, string>
  /** Something is ending: unless `ended` is called before, it is destroyed within a second. */
  lastly(destroy: () => void, onEnd: (ended: () => void) => void): void
  /** Resolves when everything that was ending has ended. */
  emptied(): Promise<void>
}

/** How long a peer may take to see the end of a link. */
const LINGER = 1_000

export const requestOf = ({ headers, url, socket }: IncomingMessage): LinkRequest => ({
  headers,
  url: url ?? '',
  remoteAddress: socket.remoteAddress,
})

/** HTTP status of a close code. */
export function statusOf(code: number): number {
  if (code === CloseCode.tooLarge) return 413
  if (code === CloseCode.codec) return 415
  if (code === CloseCode.protocol || code === CloseCode.version) return 400
  if (code === CloseCode.forbidden || code === CloseCode.otherIdentity) return 403
  if (code === CloseCode.unauthenticated || code === CloseCode.expired) return 401
  if (code === CloseCode.drain || (code >= 4200 && code < 4300)) return 503
  return 409
}

/** To a client whose codec is not spoken here. */
export const notSpoken = (name: string): Farewell => ({
  code: CloseCode.codec,
  reason: `codec ${name.slice(0, 32)} is not spoken here: give it to createServer({ codecs: [...] })`,
})

/** Answers an upgrade with nothing but a status. */
export function endUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy())
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status]}`
  socket.end(`${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

const byeOf = ({ code, reason, retryAfter }: Farewell & { retryAfter?: number }): DownFrame =>
  retryAfter === undefined ? ['bye', code, reason] : ['bye', code, reason, retryAfter]

function isSameHost(origin: string, host: string | undefined): boolean {
  try {
    return host !== undefined && new URL(origin).host === host.toLowerCase()
  } catch {
    return false
  }
}

interface GateOptions {
  allowedOrigins: AllowedOrigins
  compression: Compression | null
}

export function createGate(context: Context, hub: Hub, { allowedOrigins, compression }: GateOptions): Gate {
  const { codecs, counters, settings } = context
  const ending = new Set<() => void>()
  let whenEmpty: (() => void)[] = []

  function isAllowed(request: IncomingMessage): boolean {
    const { origin, host } = request.headers
    if (origin === undefined || allowedOrigins === '*' || isSameHost(origin, host)) return true
    if (typeof allowedOrigins !== 'function') return allowedOrigins.includes(origin)
    const allowed: unknown = allowedOrigins(origin, requestOf(request))
    // Exactly true: a promise, which is what an async function returns, is no permission.
    return allowed === true
  }
  function headers({ headers: { origin } }: IncomingMessage): Record<string, string> {
    const own = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', Vary: 'Origin' }
    // Only asked for once the origin has been allowed.
    return origin === undefined
      ? own
      : { ...own, 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' }
  }
  function countRefused(status: number): void {
    counters.refused[status] = (counters.refused[status] ?? 0) + 1
  }
  function answer(response: ServerResponse, status: number, frames: readonly Packet[], codec: Codec): void {
    pass(response, { status, body: Buffer.from(codec.join(frames)) }, codec)
  }
  function pass(response: ServerResponse, { status, body }: Answered, codec: Codec): void {
    if (response.headersSent || response.destroyed) return
    if (status >= 400) countRefused(status)
    response.setHeader('Content-Type', codec.name ? MEDIA_TYPE + codec.name : 'text/plain;charset=UTF-8')
    if (compression) return sendSqueezed(response, status, body, compression)
    response.writeHead(status, { 'Content-Length': body.length }).end(body)
  }

  return {
    context,
    hub,
    isAllowed,
    compression,
    answer,
    pass,
    headers,
    refuse(response, farewell, codec) {
      const { code, retryAfter } = farewell
      if (retryAfter !== undefined && !response.headersSent)
        response.setHeader('Retry-After', Math.max(1, Math.ceil(retryAfter / 1_000)))
      answer(response, statusOf(code), [codec.encode(byeOf(farewell))], codec)
    },
    refuseUpgrade(socket, status) {
      countRefused(status)
      endUpgrade(socket, status)
    },
    codecOf({ headers: { 'content-type': type = '' } }) {
      const name = type.startsWith(MEDIA_TYPE) ? type.slice(MEDIA_TYPE.length).split(';', 1)[0]!.trim() : ''
      return codecs.named(name) ?? notSpoken(name)
    },
    lastly(destroy, onEnd) {
      const undo = settings.clock.after(LINGER, destroy)
      const ended = (): void => {
        undo()
        if (!ending.delete(ended) || ending.size) return
        for (const fn of whenEmpty) fn()
        whenEmpty = []
      }
      ending.add(ended)
      onEnd(ended)
    },
    emptied: () => (ending.size ? new Promise((resolve) => whenEmpty.push(resolve)) : Promise.resolve()),
  }
}
