// Speaks the JSON hub protocol of SignalR to one hub: negotiation, handshake, records that end in 0x1e, invocations, pings. Written from the
// protocol's specification in the ASP.NET Core repository (docs/specs/HubProtocol.md, TransportProtocols.md).
import type { IncomingMessage, ServerResponse } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Attend } from '../core.ts'
import type { Start } from './index.ts'
import { onText } from './raw.ts'

const END = '\u001e'
const INVOCATION = 1
const COMPLETION = 3
const PING = 6
/** Of ASP.NET Core's default, ms. */
const KEEP_ALIVE = 15_000

interface Invocation {
  type: number
  /** Wants a completion with this name. */
  invocationId?: string
  target: string
  arguments: [string]
}

const record = (message: object): string => JSON.stringify(message) + END
const news = (text: string): object => ({ type: INVOCATION, target: 'News', arguments: [text] })

function negotiate(_: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Content-Type', 'application/json')
  response.end(
    JSON.stringify({
      connectionId: 'c',
      connectionToken: 't',
      negotiateVersion: 1,
      availableTransports: [{ transport: 'WebSockets', transferFormats: ['Text', 'Binary'] }],
    }),
  )
}

/** What those are told by who have shaken hands. */
const open = new Set<(message: object) => void>()

function serve(socket: WebSocket, attend: Attend): void {
  let batch = ''
  // The real server, too, sends what has piled up in its pipe as one message of the WebSocket.
  const put = (message: object): void => {
    if (!batch) queueMicrotask(flush)
    batch += record(message)
  }
  const flush = (): void => {
    socket.send(batch)
    batch = ''
  }
  const receive = attend((text) => put(news(text)))
  const invoked = ({ type, invocationId, target, arguments: given }: Invocation): void => {
    if (type !== INVOCATION) return
    if (target === 'Message') receive(given[0])
    if (invocationId === undefined) return
    put({ type: COMPLETION, invocationId, result: target === 'Echo' ? given[0] : null })
  }
  let state: 'shaking hands' | 'open' = 'shaking hands'
  onText(socket, (text) => {
    for (const record of text.split(END).slice(0, -1)) {
      if (state === 'open') invoked(JSON.parse(record) as Invocation)
      else {
        state = 'open'
        open.add(put)
        socket.send(`{}${END}`)
      }
    }
  })
  const pings = setInterval(() => put({ type: PING }), KEEP_ALIVE)
  socket.on('close', () => {
    open.delete(put)
    clearInterval(pings)
  })
}

export const start: Start = (server, attend) => {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/hub/negotiate')) negotiate(request, response)
  })
  const sockets = new WebSocketServer({ server, path: '/hub' })
  sockets.on('connection', (socket) => serve(socket, attend))
  return (text) => {
    for (const put of open) put(news(text))
  }
}
