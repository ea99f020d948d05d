/** Everything that comes to one path of an HTTP server: origin, CORS, bodies, and which listener takes it (PROTOCOL.md §5). */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloseCode, UP_FRAMES, json } from '@holdfast/protocol'
import type { Codec, UpFrame } from '@holdfast/protocol'
import type { Context } from '../context.ts'
import type { Hub } from '../hub.ts'
import { createBodyReader, textOf } from './body.ts'
import { settleCompression } from './compression.ts'
import type { CompressionOptions } from './compression.ts'
import { createEventSourceListener } from './event-source.ts'
import { createExchange } from './exchange.ts'
import { createGate, endUpgrade } from './gate.ts'
import type { AllowedOrigins, Arrived, Gate } from './gate.ts'
import { createLongPollingListener } from './long-polling.ts'
import { createWebSocketListener } from './web-socket.ts'

/** Options of `attach`. */
export interface AttachOptions {
  /** The one path of all transports. Other paths are left alone. @default '/realtime' */
  path?: string
  /** Origins besides the server's own host. @default none */
  allowedOrigins?: AllowedOrigins
  /**
   * Squeezes what is large: WebSocket messages with permessage-deflate, answers to polls with gzip, where the client can. Costs memory and time, and
   * **leaks secrets** that share a message with text that an attacker chooses: leave it off where they do. Large bodies of POSTs are taken in squeezed, whatever is said here.
   * @default false
   */
  compression?: boolean | CompressionOptions
}

export interface HttpListener {
  /** Gives the path back to the server. */
  detach(): void
  /** Resolves when the sockets and answers that were ending have ended. */
  emptied(): Promise<void>
}

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'content-type, content-encoding, authorization',
  'Access-Control-Max-Age': '7200',
}
const REFUSALS = {
  'too-large': { code: CloseCode.tooLarge, reason: 'body too large' },
  crowded: { code: CloseCode.overloaded, reason: 'too many bodies at once' },
  garbled: { code: CloseCode.protocol, reason: 'not what its Content-Encoding says' },
}
const FOREIGN = { code: CloseCode.forbidden, reason: 'this origin is not allowed' }

export function listenHttp(context: Context, hub: Hub, server: Server, options: AttachOptions): HttpListener {
  const { path = '/realtime', allowedOrigins = [], compression = false } = options
  const gate = createGate(context, hub, { allowedOrigins, compression: settleCompression(compression) })
  const router = createRouter(gate)
  const webSocket = createWebSocketListener(gate)
  const isOurs = (request: IncomingMessage): boolean => (request.url ?? '').split('?', 1)[0] === path

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      if (gate.isAllowed(request)) webSocket.upgrade(request, socket, head)
      else gate.refuseUpgrade(socket, 403)
    } catch (error) {
      // Thrown out of an event of the HTTP server, it would end the process.
      context.report(error, 'an upgrade')
      gate.refuseUpgrade(socket, 500)
    }
  }
  const undo = interceptEvents(server, {
    request: (request, response) => isOurs(request) && router.route(request, response),
    upgrade: (request, socket, head) => isOurs(request) && (onUpgrade(request, socket, head), true),
  })
  return {
    detach() {
      undo()
      router.close()
    },
    emptied: gate.emptied,
  }
}

interface Interceptors {
  /** Each returns whether it took the event. */
  request(request: IncomingMessage, response: ServerResponse): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

/**
 * Sees requests before every other listener, whether it was added earlier or will be later (frameworks do both), and keeps from them what it
 * takes: two listeners that answer one request would be an error. Returns the undo.
 */
function interceptEvents(server: Server, interceptors: Interceptors): () => void {
  const emit = server.emit
  const own = (type: string | symbol, ...args: unknown[]): boolean => {
    const [request, second, head] = args as [IncomingMessage, unknown, Buffer]
    if (type === 'request' && interceptors.request(request, second as ServerResponse)) return true
    if (type === 'upgrade' && interceptors.upgrade(request, second as Duplex, head)) return true
    return (emit as (type: string | symbol, ...args: unknown[]) => boolean).call(server, type, ...args)
  }
  server.emit = own as typeof server.emit
  server.on('upgrade', refuseStray)
  return () => {
    server.off('upgrade', refuseStray)
    if (server.emit === (own as typeof server.emit)) server.emit = emit
    else interceptors.request = interceptors.upgrade = () => false
  }
}

/** Node emits `upgrade` only where somebody listens, and then leaves every upgrade to the listeners: refuses those that nobody but us would see. */
function refuseStray(this: Server, _: IncomingMessage, socket: Duplex): void {
  const onlyUs = this.listeners('upgrade').every((listener) => listener === refuseStray)
  if (onlyUs && socket.writable) endUpgrade(socket, 404)
}

interface Router {
  /** Takes the request; always true. */
  route(request: IncomingMessage, response: ServerResponse): boolean
  close(): void
}

function createRouter(gate: Gate): Router {
  const { context, hub } = gate
  const { limits, clock, bodyTimeout } = context.settings
  const readBody = createBodyReader({ limit: limits.received, total: limits.bodies, timeout: bodyTimeout, clock })
  const eventSource = createEventSourceListener(gate)
  const longPolling = createLongPollingListener(gate)
  const exchange = createExchange(gate, longPolling)

  async function greet(request: IncomingMessage, response: ServerResponse, arrived: Arrived): Promise<void> {
    const [first] = arrived.frames
    if (first?.[0] !== 'hello') return
    if (first[1].via === 'poll') longPolling.open(request, response, arrived)
    else if (first[1].via === 'ticket') await eventSource.ticket(response, first[1], arrived.bytes, arrived.codec)
    else eventSource.open(request, response, arrived)
  }
  async function dispatch(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    codec: Codec,
  ): Promise<void> {
    const bytes = body.length
    const packet = codec === json ? textOf(body) : body
    if (packet === null) return gate.refuse(response, { code: CloseCode.protocol, reason: 'not UTF-8' }, codec)
    const frames = codec.decode<UpFrame>(packet, UP_FRAMES)
    if ('malformed' in frames)
      return gate.refuse(response, { code: CloseCode.protocol, reason: frames.malformed }, codec)
    const arrived = { frames, bytes, codec }
    return frames[0]?.[0] === 'hello' ? greet(request, response, arrived) : exchange.handle(response, arrived, body)
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!gate.isAllowed(request)) return gate.refuse(response, FOREIGN, json)
    for (const [name, value] of Object.entries(gate.headers(request))) response.setHeader(name, value)
    // A pooled connection would bring the client back here from a server that takes nobody any more.
    if (hub.arrivals.refusal()) response.setHeader('Connection', 'close')
    if (request.method === 'OPTIONS') return void response.writeHead(204, PREFLIGHT).end()
    const ticket = new URLSearchParams((request.url ?? '').split('?')[1]).get('ticket')
    if (request.method === 'GET' && ticket !== null) return eventSource.redeem(request, response, ticket)
    if (request.method !== 'POST') return void response.writeHead(405, { Allow: 'GET, POST, OPTIONS' }).end()
    const codec = gate.codecOf(request)
    if ('code' in codec) return gate.refuse(response, codec, json)
    const body = await readBody(request)
    if (body.state === 'read') return dispatch(request, response, body.bytes, codec)
    if (body.state === 'gone') return
    response.setHeader('Connection', 'close')
    if (body.state === 'late') gate.answer(response, 408, [], codec)
    else gate.refuse(response, REFUSALS[body.state], codec)
  }

  return {
    route(request, response) {
      response.on('error', () => {})
      // One request can never bring the process down, whatever is wrong with it or with us.
      answer(request, response).catch((error: unknown) => {
        context.report(error, 'a request')
        gate.answer(response, 500, [], json)
      })
      return true
    },
    close() {
      eventSource.close()
      exchange.close()
    },
  }
}
