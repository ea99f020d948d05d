// What the transport tests share: a clock that is moved by hand, a record of a link's events, and an HTTP server whose every answer the test
// gives itself. Nothing here sleeps: a test awaits what is to happen.
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from '@holdfast/protocol'
import type { DownFrame, Hello } from '@holdfast/protocol'
import type { Clock } from '../../packages/client/src/clock.ts'
import type { Wire } from '../../packages/client/src/dialect.ts'
import { createWire } from '../../packages/client/src/dialects/holdfast-wire.ts'
import type { Cause, Link, LinkEvents, Transport } from '../../packages/client/src/transport.ts'
import { WELCOME as ANY_WELCOME } from '@holdfast/testing/memory'
import { createTimeline } from '../../packages/testing/src/timeline.ts'

/** Values that are awaited one by one, in the order in which they came. */
export function createInbox<T>() {
  const values: T[] = []
  const takers: ((value: T) => void)[] = []
  return {
    put(value: T): void {
      const taker = takers.shift()
      if (taker) taker(value)
      else values.push(value)
    },
    next: (): Promise<T> =>
      new Promise((resolve) => (values.length ? resolve(values.shift()!) : void takers.push(resolve))),
    get size() {
      return values.length
    },
  }
}

/** Until it holds; the test's own time limit bounds it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

export interface ManualClock extends Clock {
  /** Timers armed. */
  readonly armed: number
  /** Delays of the timers armed, shortest first. */
  readonly delays: number[]
  advance(delay: number): void
}

export function createManualClock(): ManualClock {
  const { now, after, delays, fireNext, moveTo } = createTimeline(0)
  return {
    now,
    after,
    get armed() {
      return delays().length
    },
    get delays() {
      return delays()
    },
    advance(delay) {
      moveTo(now() + delay)
      while (fireNext(now()));
    },
  }
}

export const HELLO: Hello = { version: 1, session: null, incarnation: 1, settled: 0, subscriptions: [['chat', null]] }

/** That of the scripted server, as a frame. */
export const WELCOME: DownFrame = ['welcome', ANY_WELCOME]

export type Happening = ['opened'] | ['received', DownFrame[]] | ['dropped', Cause]

export interface Recorded {
  link: Link
  wire: Wire
  clock: ManualClock
  /** All that the link has told, in order. */
  log: Happening[]
  /** The same, one by one. */
  next(): Promise<Happening>
}

/** Opens a link as its owner does: decodes what comes at once. `react` may act within an event. */
export function openRecorded(
  transport: Transport,
  url: string,
  { hello = HELLO, react }: { hello?: Hello; react?: (happening: Happening, link: Link) => void } = {},
): Recorded {
  const log: Happening[] = []
  const inbox = createInbox<Happening>()
  const clock = createManualClock()
  const wire = createWire(json, hello)
  let link: Link | null = null
  const tell = (happening: Happening): void => {
    if (!link) throw new Error('an event before open() has returned')
    log.push(happening)
    inbox.put(happening)
    react?.(happening, link)
  }
  const events: LinkEvents = {
    opened: () => tell(['opened']),
    received(packet) {
      const frames = wire.decode(packet)
      tell(['received', Array.isArray(frames) ? (frames as DownFrame[]) : []])
    },
    heard() {},
    sent() {},
    dropped: (cause) => tell(['dropped', cause]),
  }
  link = transport.open({ url, wire, clock, random: Math.random }, events)
  return { link, wire, clock, log, next: inbox.next }
}

/** Awaits the end and returns its cause. */
export async function ending({ next }: Recorded): Promise<Cause> {
  for (;;) {
    const happening = await next()
    if (happening[0] === 'dropped') return happening[1]
  }
}

/** One request, to be answered by the test. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  body: string
  frames: unknown[][]
  reply(status: number, body?: string, headers?: Record<string, string>): void
  /** An event stream to write to. */
  stream(): ServerResponse
  /** Breaks the connection. */
  cut(): void
  /** When the connection or the answer has ended. */
  closed: Promise<void>
}

export interface ScriptedServer {
  url: string
  /** The next request whose first frame is of this type; `get` for one without a body. */
  next(kind: string): Promise<Exchange>
  /** Requests without a complete answer. */
  readonly open: number
  close(): Promise<void>
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  request.setEncoding('utf8')
  try {
    for await (const chunk of request) body += chunk as string
  } catch {
    // Cut by the client.
  }
  return body
}

/** A page of the far end's origin, for browsers. */
export const servePage = (_request: IncomingMessage, response: ServerResponse): void =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')

const framesOf = (body: string): unknown[][] => {
  try {
    return JSON.parse(body) as unknown[][]
  } catch {
    return []
  }
}

export async function createScriptedServer(): Promise<ScriptedServer> {
  const inboxes = new Map<string, ReturnType<typeof createInbox<Exchange>>>()
  const inboxOf = (kind: string) => inboxes.get(kind) ?? inboxes.set(kind, createInbox<Exchange>()).get(kind)!
  const running = new Set<ServerResponse>()

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!request.url!.startsWith('/realtime')) return servePage(request, response)
    running.add(response)
    const closed = new Promise<void>((resolve) =>
      response.on('close', () => {
        running.delete(response)
        resolve()
      }),
    )
    const body = await readBody(request)
    const frames = framesOf(body)
    inboxOf(request.method === 'GET' ? 'get' : String(frames[0]?.[0])).put({
      request,
      response,
      body,
      frames,
      closed,
      reply: (status, text = '[]', headers) =>
        void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text),
      stream() {
        response.writeHead(200, { 'content-type': 'text/event-stream;charset=utf-8' }).flushHeaders()
        return response
      },
      cut: () => void request.socket.destroy(),
    })
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/realtime`,
    next: (kind) => inboxOf(kind).next(),
    get open() {
      return running.size
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
