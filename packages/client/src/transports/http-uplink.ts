/**
 * What the two HTTP transports share (PROTOCOL.md §5): requests that end with their link, the same body again after a failure, and the
 * serial POSTs of the uplink. No rejection goes unhandled, and neither a timer nor a request outlives the link.
 */
import { sizeOf, type Packet } from '@holdfast/protocol'
import type { Ask, Wire } from '../dialect.ts'
import type { Cause, Link, LinkEvents, Opening } from '../transport.ts'

/** Options of the transports that use HTTP requests. */
export interface HttpOptions {
  /** The function to use; it must honour `signal`. @default the global one, looked up when a link opens */
  fetch?: typeof fetch
  /** Sent with each request. Most headers cost a CORS preflight; a credential travels better in `auth`, which is part of the body. */
  headers?: Record<string, string>
  /** Send cookies to another origin, too. @default false */
  withCredentials?: boolean
}

/** A link, and what a transport builds it from. */
export interface HttpLink extends Link {
  /** What to tell the owner; null once the link is gone: what comes later is nobody's. */
  readonly owner: LinkEvents | null
  /** Starts a request that is aborted with the link, at the latest. Rejects as `fetch` does. */
  start(ask: Ask, headers: Record<string, string>): Promise<Response>
  /** The body of the answer, if need be after several tries. Null: the link is gone, and its owner has been told. */
  insist(ask: Ask, timeout: number, tries?: number): Promise<Packet | null>
  /** Ends the link for what is wrong with an answer: the `bye` in it, or its status. */
  refuse(response: Response | null, body?: Packet): void
  /** Ends the link and tells its owner, unless that one has let go before. */
  drop(cause: Cause): void
  /** Never ends when the link goes meanwhile: nothing waits for it then. */
  pause(delay: number): Promise<void>
  /** The undo runs when the link goes, or earlier, when the returned function is called. */
  hold(undo: () => void): () => void
}

/** How long a POST may take, in ms. */
export const POST_TIMEOUT = 15_000
/** So many failures in a row end a link. */
const TRIES = 5
/** Upper bound of the first pause between tries, in ms; it doubles with each. */
const PAUSE = 250
/** A `Retry-After` above this ends the link at once, so that the status tells why nothing moves. In ms. */
const PATIENCE = 10_000
/** Longest `Retry-After` believed, in ms (PROTOCOL.md §4.3). */
const MAX_RETRY_AFTER = 600_000
/** Room for the head of a POST, in bytes: a token of 256 characters and two numbers. */
const HEAD = 1024

/**
 * What a status means, where it means something (PROTOCOL.md §9.1). A page with status 200 is rather a captive portal's or a maintenance
 * page than a Holdfast server's, so it is tried again like a lost network.
 */
const CODES: { readonly [status: number]: number } = { 401: 4100, 403: 4001, 429: 4200, 503: 4200 }

/** Statuses that find fault with the content of a request: it would be answered so again (RFC 9110 §15.5). */
const WRONG = /^4(0[059]|1[035]|22)$/

export const typeOf = (response: Response): string => String(response.headers.get('content-type'))

export const readBody = async (response: Response, { isBinary }: Ask): Promise<Packet> =>
  isBinary ? new Uint8Array(await response.arrayBuffer()) : response.text()

/** Some frameworks call any string HTML: one that does not begin like a page is none. */
const isPage = (response: Response, body: Packet): boolean =>
  /html/i.test(typeOf(response)) && (typeof body !== 'string' || /^\s*</.test(body))

/** The header in ms: seconds, or a date (RFC 9110 §10.2.3). Undefined where it is absent, neither, or says "now". */
function retryAfterOf(response: Response): number | undefined {
  const value = String(response.headers.get('retry-after'))
  const delay = +value * 1000 || Date.parse(value) - Date.now()
  return Math.min(Math.max(delay, 0), MAX_RETRY_AFTER) || undefined
}

function causeOf(response: Response | null, body: Packet): Cause {
  if (!response) return { code: 1006, reason: 'no answer' }
  const { status } = response
  const isPage = status === 200 && /html/i.test(typeOf(response))
  // A 403 with a page is rather a proxy's than the server's: another try may get past it.
  const code = (status !== 403 || !body ? CODES[status] : 0) || 1006
  const reason = `answered ${status} ${typeOf(response)}`
  const cause = { code, reason, status, retryAfter: retryAfterOf(response) }
  return isPage ? { ...cause, fault: 'html-answer', reason: reason + '. Is this URL the endpoint?' } : cause
}

export function createHttpLink(
  options: HttpOptions,
  { url, wire, clock, random }: Opening,
  events: LinkEvents,
): HttpLink {
  const request = options.fetch ?? fetch
  const undos = new Set<() => void>()
  /** Frames not known to have arrived, those in flight first, and their size. Not empty: a POST is under way. */
  const queue: { frame: Packet; bytes: number }[] = []
  let buffered = 0
  let owner: LinkEvents | null = events

  const call = async (ask: Ask, init: RequestInit, headers?: Record<string, string>): Promise<Response> =>
    request(ask.url ?? url, {
      method: ask.method ?? 'POST',
      // A string travels as text/plain;charset=UTF-8, which needs no CORS preflight.
      body: ask.body ?? null,
      cache: 'no-store',
      credentials: options.withCredentials ? 'include' : 'same-origin',
      headers: { ...headers, ...ask.headers, ...options.headers },
      ...init,
    })
  function hold(undo: () => void): () => void {
    undos.add(undo)
    return () => {
      undos.delete(undo)
      undo()
    }
  }
  function release(): LinkEvents | null {
    const former = owner
    owner = null
    for (const undo of undos) undo()
    return former
  }
  function drop(cause: Cause): void {
    release()?.dropped(cause)
  }
  function refuse(response: Response | null, body: Packet = ''): void {
    if (wire.isFarewell(body)) owner?.received(body)
    // Unless the owner has let go upon the bye.
    drop(causeOf(response, body))
  }
  function start(ask: Ask, headers: Record<string, string>): Promise<Response> {
    const abort = new AbortController()
    hold(() => abort.abort())
    return call(ask, { signal: abort.signal }, headers)
  }
  async function attempt(ask: Ask, timeout: number): Promise<[response: Response | null, body: Packet]> {
    const abort = new AbortController()
    const late = clock.after(timeout, () => done())
    const done = hold(() => {
      late()
      abort.abort()
    })
    try {
      const response = await call(ask, { signal: abort.signal })
      return [response, await readBody(response, ask)]
    } catch {
      // The network, the time limit, or the end of the link.
      return [null, '']
    } finally {
      done()
    }
  }
  const pause = (delay: number): Promise<void> =>
    new Promise((resolve) => {
      // Let go of when it is over: a link that lives on would gather all of them.
      const over = hold(clock.after(delay, () => resolve(over())))
    })
  async function insist(ask: Ask, timeout: number, tries = TRIES, refused?: Wire['refused']): Promise<Packet | null> {
    for (let failures = 1; owner; failures++) {
      const [response, text] = await attempt(ask, timeout)
      if (!owner) break
      if (response?.ok && !isPage(response, text)) return text
      const passing = !response || response.status === 429 || response.status >= 500
      const hint = (response && retryAfterOf(response)) || 0
      if (passing && failures < tries && hint <= PATIENCE && !wire.isFarewell(text))
        await pause(Math.max(hint, random() * PAUSE * 2 ** (failures - 1)))
      else if (refused && WRONG.test(`${response?.status}`) && refused(causeOf(response, text).reason)) return ''
      else refuse(response, text)
    }
    return null
  }
  /** How many of the frames go into one packet: at least one. */
  function batch(): number {
    let bytes = HEAD
    const end = queue.findIndex((entry, i) => (bytes += entry.bytes) > wire.limit && i > 0)
    return end < 0 ? queue.length : end
  }
  /** One POST after another: a second one in flight could overtake (PROTOCOL.md §5.2). */
  async function post(): Promise<void> {
    while (queue.length) {
      const count = batch()
      const frames = queue.slice(0, count).map(({ frame }) => frame)
      const ask = wire.request('post', frames)
      // A Holdfast server has nothing to say in the answer: that goes down the link. It does not prove that one either.
      const answer = await insist(ask, POST_TIMEOUT, TRIES, wire.refused)
      if (answer === null) return
      for (const { bytes } of queue.splice(0, count)) buffered -= bytes
      owner?.sent(frames)
      if (ask.isAnswered) owner?.received(answer, { isAnswer: true })
    }
  }
  return {
    send(frames) {
      const idle = !queue.length
      for (const frame of frames) {
        // A comma, or a bracket, comes with each.
        const bytes = sizeOf(frame) + 1
        queue.push({ frame, bytes })
        buffered += bytes
      }
      if (idle) void post()
    },
    get buffered() {
      return buffered
    },
    close(last) {
      if (!release() || !last) return
      // Best effort, also while the page goes away: nobody is left to be told of a failure.
      call(wire.request('post', last), { keepalive: true }).catch(() => {})
    },
    get owner() {
      return owner
    },
    start,
    insist,
    refuse,
    drop,
    pause,
    hold,
  }
}
