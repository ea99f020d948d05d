// A far end for each transport, for the conformance suite: each does what PROTOCOL.md §5 says and no more.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DownFrame } from '@holdfast/protocol'
import { WebSocket as WsWebSocket, WebSocketServer } from 'ws'
import { eventSource } from '../../packages/client/src/transports/event-source.ts'
import { longPolling } from '../../packages/client/src/transports/long-polling.ts'
import { createStreamParser } from '../../packages/client/src/transports/sse-parser.ts'
import { webSocket } from '../../packages/client/src/transports/web-socket.ts'
import type { Harness, Peer } from './transport-conformance.ts'
import { createInbox, createScriptedServer, servePage, WELCOME } from './transport-kit.ts'
import type { Exchange, ScriptedServer } from './transport-kit.ts'

/** Node's WebSocket by value, as an application would pass it. */
export const NodeWebSocket = WsWebSocket as unknown as typeof WebSocket

const helloOf = (offered: string): unknown =>
  JSON.parse(Buffer.from(offered.split(',')[1]!.trim().slice(2), 'base64url').toString('utf8'))

export async function webSocketHarness(): Promise<Harness> {
  const http = createServer(servePage)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const server = new WebSocketServer({
    server: http,
    maxPayload: 8_388_608,
    handleProtocols: (offered) => [...offered][0]!,
  })
  const peers = createInbox<Peer>()
  server.on('connection', (socket, request) => {
    const frames = createInbox<unknown[]>()
    socket.on('message', (data) => {
      for (const frame of JSON.parse((data as Buffer).toString()) as unknown[][]) frames.put(frame)
    })
    socket.on('error', () => {})
    const peer: Peer = {
      hello: helloOf(request.headers['sec-websocket-protocol']!),
      send: (down) => socket.send(JSON.stringify(down)),
      next: frames.next,
      cut: () => socket.terminate(),
    }
    peer.send([WELCOME])
    peers.put(peer)
  })
  return {
    transport: webSocket({ WebSocket: NodeWebSocket }),
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/realtime`,
    accept: peers.next,
    get open() {
      return server.clients.size
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate()
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}

/** Takes in the POSTs of one link after another, as §5.2 has it: a repeated body is not handed on twice. */
function uplink(server: ScriptedServer) {
  let frames = createInbox<unknown[]>()
  let highest = 0
  async function serve(): Promise<void> {
    for (;;) {
      const post = await server.next('post')
      const n = post.frames[0]![3] as number
      if (n > highest) for (const frame of post.frames.slice(1)) frames.put(frame)
      highest = Math.max(highest, n)
      post.reply(200)
    }
  }
  void serve()
  return {
    /** A new link begins. */
    begin() {
      frames = createInbox()
      highest = 0
      return frames.next
    },
  }
}

const comment = `:${' '.repeat(2048)}\n\n`

function streamPeer(hello: unknown, { stream, cut }: Exchange, next: Peer['next']): Peer {
  const response = stream()
  const send = (down: DownFrame[]): void => void response.write(`data: ${JSON.stringify(down)}\n\n`)
  response.write(comment)
  send([WELCOME])
  return { hello, send, next, cut }
}

export async function eventSourceHarness(): Promise<Harness> {
  const server = await createScriptedServer()
  const { begin } = uplink(server)
  return {
    transport: eventSource(),
    url: server.url,
    async accept() {
      const hello = await server.next('hello')
      return streamPeer(hello.frames[0]![1], hello, begin())
    },
    get open() {
      return server.open
    },
    close: server.close,
  }
}

/** The platform's class in small, over `fetch`: Node has none. */
export class FetchEventSource {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onerror: (() => void) | null = null
  private readonly abort = new AbortController()

  constructor(
    readonly url: string,
    readonly init?: EventSourceInit,
  ) {
    void this.run()
  }
  close(): void {
    this.abort.abort()
  }
  private async run(): Promise<void> {
    const response = await fetch(this.url, { signal: this.abort.signal }).catch(() => null)
    if (response?.status === 200) {
      this.onopen?.()
      const push = createStreamParser((event) => this.onmessage?.(event))
      const decoder = new TextDecoder()
      const reader = response.body!.getReader()
      for (let piece; (piece = await reader.read().catch(() => null)) && !piece.done;)
        push(decoder.decode(piece.value, { stream: true }))
    }
    // A class that tells its errors even after close(): nobody may listen any more.
    this.onerror?.()
  }
}

export async function nativeEventSourceHarness(): Promise<Harness> {
  const server = await createScriptedServer()
  const { begin } = uplink(server)
  return {
    transport: eventSource({ native: true, EventSource: FetchEventSource as unknown as typeof EventSource }),
    url: server.url,
    async accept() {
      const hello = await server.next('hello')
      hello.reply(200, '[["ticket","once/only"]]')
      const get = await server.next('get')
      return streamPeer(hello.frames[0]![1], get, begin())
    },
    get open() {
      return server.open
    },
    close: server.close,
  }
}

/** What is queued for one link of polls, numbered, and taken off only when a poll confirms it (§5.4). */
function pollPeer(hello: Exchange, next: Peer['next']): Peer & { polled(poll: Exchange): void } {
  let queue: { n: number; frame: DownFrame }[] = []
  let last = 0
  let waiting: Exchange | null = null
  let broken = false
  const answer = (exchange: Exchange): void =>
    exchange.reply(200, JSON.stringify([['at', last], ...queue.map(({ frame }) => frame)]))
  function send(down: DownFrame[]): void {
    for (const frame of down) queue.push({ n: ++last, frame })
    if (waiting) answer(waiting)
    waiting = null
  }
  send([WELCOME])
  answer(hello)
  return {
    hello: hello.frames[0]![1],
    send,
    next,
    cut() {
      broken = true
      waiting?.reply(404)
    },
    polled(poll) {
      const confirmed = poll.frames[0]![3] as number
      queue = queue.filter(({ n }) => n > confirmed)
      if (broken) poll.reply(404)
      else if (queue.length) answer(poll)
      else waiting = poll
    },
  }
}

export async function longPollingHarness(): Promise<Harness> {
  const server = await createScriptedServer()
  const { begin } = uplink(server)
  let peer: ReturnType<typeof pollPeer> | null = null
  async function serve(): Promise<void> {
    for (;;) {
      const poll = await server.next('poll')
      peer?.polled(poll)
    }
  }
  void serve()
  return {
    transport: longPolling(),
    url: server.url,
    accept: async () => (peer = pollPeer(await server.next('hello'), begin())),
    get open() {
      return server.open
    },
    close: server.close,
  }
}
