/**
 * `fetch` over the simulated network, for the client's real `eventSource()` and `longPolling()` transports. Every request is a connection of
 * its own, so that nothing but the protocol keeps them in order.
 */
import { serve, type Answering } from './http-server-side.ts'
import type { Conn, Kind, Network, Page } from './network.ts'

/** As much of a `Response` as the transports use. */
interface Answer {
  readonly status: number
  readonly ok: boolean
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
  readonly body: { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }> } }
}

function kindOf(body: string): Kind {
  if (body.startsWith('[["post"')) return 'post'
  return body.startsWith('[["poll"') || body.includes('"via":"poll"') ? 'poll' : 'stream'
}

/** What a client sees of one response: resolves with its head, then feeds text and pieces. */
function createReceiver(
  resolve: (answer: Answer) => void,
  reject: (error: unknown) => void,
): Answering & { fail(): void } {
  let state: 'waiting' | 'flowing' | 'ended' | 'failed' = 'waiting'
  const pieces: string[] = []
  /** Whoever waits for the next piece or the end. */
  let wake = (): void => {}
  const changed = (): Promise<void> => new Promise((resolve) => (wake = resolve))

  async function read(): Promise<{ done: boolean; value?: Uint8Array }> {
    for (;;) {
      const piece = pieces.shift()
      if (piece !== undefined) return { done: false, value: Buffer.from(piece) }
      if (state === 'ended') return { done: true }
      if (state === 'failed') throw new TypeError('network error')
      await changed()
    }
  }
  async function text(): Promise<string> {
    while (state === 'flowing') await changed()
    if (state === 'failed') throw new TypeError('network error')
    return pieces.join('')
  }
  function fail(): void {
    if (state === 'ended') return
    state = 'failed'
    reject(new TypeError('network error'))
    wake()
  }
  return {
    head(status, headers) {
      if (state !== 'waiting') return
      state = 'flowing'
      resolve({
        status,
        ok: status >= 200 && status < 300,
        headers: { get: (name) => headers[name] ?? null },
        text,
        body: { getReader: () => ({ read }) },
      })
    },
    piece(piece) {
      if (state !== 'flowing') return
      pieces.push(piece)
      wake()
    },
    end() {
      if (state === 'flowing') state = 'ended'
      wake()
    },
    broken: fail,
    fail,
  }
}

const HTML = { 'content-type': 'text/html' }

/** The network's own answer. */
function badGateway(client: Answering): void {
  client.head(502, HTML)
  client.piece('<html>')
  client.end()
}

/** Cuts the answer short: some of it, then nothing more. */
function truncating(client: Answering): Answering {
  return {
    ...client,
    piece(text) {
      client.piece(text.slice(0, text.length >> 1))
      client.broken()
    },
    end: () => client.broken(),
  }
}

/** Loses the answer: the proxy says 502, though the server has had the request. */
function unanswering(client: Answering): Answering {
  return { head() {}, piece() {}, end: () => badGateway(client), broken: client.broken }
}

/** Lets through nothing until there is so much of it, or no more. */
function buffering(client: Answering, size: number): Answering {
  let held = ''
  const flush = (): void => {
    if (held) client.piece(held)
    held = ''
  }
  return {
    ...client,
    piece(text) {
      held += text
      if (held.length >= size) flush()
    },
    end() {
      flush()
      client.end()
    },
  }
}

interface Cached {
  /** Which link asked for it. */
  readonly asked: string
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  text: string
}

/** The last answer to a poll of each page. */
const caches = new WeakMap<Page, Cached>()

/** What a poll names first: the session and the incarnation. */
const askedBy = (body: string): string => body.split(',', 3).join()

function caching(client: Answering, page: Page, asked: string): Answering {
  let answer: Cached
  return {
    ...client,
    head(status, headers) {
      answer = { asked, status, headers, text: '' }
      client.head(status, headers)
    },
    piece(text) {
      answer.text += text
      client.piece(text)
    },
    end() {
      if (answer.status === 200) caches.set(page, answer)
      client.end()
    },
  }
}

function exchange(network: Network, conn: Conn, body: string, given: Answering): void {
  const { world, weather } = network
  const isPoll = body.startsWith('[["poll"')
  const client = isPoll ? caching(given, conn.page, askedBy(body)) : given
  const cached = caches.get(conn.page)
  if (isPoll && cached?.asked === askedBy(body) && weather.repeatsAnswer())
    return conn.down.send(cached.text.length, () => {
      given.head(cached.status, cached.headers)
      given.piece(cached.text)
      given.end()
    })
  function serveNow(answering: Answering): void {
    const { process } = network
    if (!process) return conn.down.send(0, () => client.broken())
    conn.process = process
    if (process.actor.heldUntil >= world.now)
      return void world.after(process.actor, 1, () => serve(network, conn, process, body, answering))
    serve(network, conn, process, body, answering)
  }
  /** What a proxy sends once more goes by a connection of its own, and nobody reads the answer. */
  function repeat(): void {
    world.after(null, weather.later(), () => {
      const { process } = network
      if (!process) return
      const twin = network.open({ ...conn.page, name: conn.page.name + "'" }, conn.kind)
      network.release(twin)
      const nobody: Answering = { head() {}, piece() {}, end() {}, broken() {} }
      serve(network, twin, process, body, nobody)
      // The proxy does not wait for ever.
      world.after(process.actor, 30_000, () => twin.onServerLost?.())
    })
  }
  const fate = weather.exchange(conn.kind, body)
  if (fate === 'unsent') return conn.down.send(0, () => badGateway(client))
  if (fate === 'truncated') return serveNow(truncating(client))
  if (fate === 'buffered') return serveNow(buffering(client, weather.bufferSize()))
  if (fate === 'unanswered') return serveNow(conn.kind === 'stream' ? truncating(client) : unanswering(client))
  serveNow(client)
  if (fate === 'repeated') repeat()
}

/** As the global `fetch`, on that page. */
export function createFetch(network: Network, page: Page): typeof fetch {
  const { weather } = network
  function request(_url: string, { body, signal }: { body: string; signal?: AbortSignal }): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const kind = kindOf(body)
      const conn = network.open(page, kind)
      const receiver = createReceiver(resolve, reject)
      const client: Answering = {
        ...receiver,
        end() {
          network.release(conn)
          receiver.end()
        },
        broken() {
          network.release(conn)
          receiver.fail()
        },
      }
      conn.onClientLost = client.broken
      signal?.addEventListener('abort', () => {
        network.release(conn)
        receiver.fail()
        conn.up.send(0, () => conn.onServerLost?.())
      })
      const fate = weather.dial(kind)
      if (fate === 'refused' || fate === 'slammed') conn.down.send(0, client.broken)
      else if (fate === 'through')
        for (const piece of weather.transit('up', body).slice(0, 1))
          conn.up.send(piece.length, () => exchange(network, conn, piece, client))
    })
  }
  return request as unknown as typeof fetch
}
