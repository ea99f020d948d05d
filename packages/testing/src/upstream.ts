// From the client to the target: reads requests one after the other, classifies them, and lets the faults of requests strike.
import { runDownstream } from './downstream.ts'
import { createExchange, placeOf, report, type Classify, type Exchange } from './exchange.ts'
import { createBodyScanner, type BodyScanner } from './http-body.ts'
import { mayBeRequest, parseRequestHead, type RequestHead } from './http-head.ts'
import type { Link } from './link.ts'
import { readHead } from './read-head.ts'
import { answer, repeat } from './respond.ts'
import type { Standing } from './rulebook.ts'
import { relayFrames, tunnel } from './tunnel.ts'

/** Bodies up to this size are read before the request goes on, so that `classify` can look at them. */
const maxLookedAt = 1024 * 1024

export interface UpstreamOptions {
  classify: Classify
  nextExchange(): number
}

/** Runs until the client has ended or the connection became something else than HTTP. */
export async function runUpstream(link: Link, options: UpstreamOptions): Promise<void> {
  for (;;) {
    const head = await readHead(link.client, mayBeRequest, parseRequestHead)
    if (head === null) return link.passEnd('up')
    // CONNECT opens a tunnel if the target likes it; there is nothing to aim at in either case.
    if (head === 'raw' || head.method === 'CONNECT') {
      reachTarget(link)
      if (head !== 'raw') await link.up.push(head.bytes)
      return tunnel(link, 'up', link.client)
    }
    const sequel = await passExchange(link, head, options)
    if (sequel === 'closed') return
    if (sequel === 'upgraded' && link.exchange !== null) return relayFrames(link, link.exchange, 'up', link.client)
    if (sequel === 'tunnel') return tunnel(link, 'up', link.client)
  }
}

function reachTarget(link: Link): void {
  link.reachTarget((target) => {
    runDownstream(link, target).catch(link.fail)
  })
}

/** What of a request was read before it goes on. */
interface Body {
  read: Buffer[]
  content: Buffer[]
  state: 'complete' | 'more' | 'malformed'
}

async function passExchange(
  link: Link,
  head: RequestHead,
  { classify, nextExchange }: UpstreamOptions,
): Promise<'next-request' | 'upgraded' | 'tunnel' | 'closed'> {
  const scanner = createBodyScanner(head.framing)
  const body = await readBody(link, head, scanner)
  const content = body.state === 'complete' && body.read.length > 0 ? Buffer.concat(body.content) : undefined
  const exchange = createExchange(nextExchange(), link.id, head, content, classify)
  link.exchange = exchange
  link.shared.events.add({ type: 'request', ...placeOf(exchange) })

  const before = await strikeRequest(link, exchange, body)
  if (before !== 'pass') return before
  reachTarget(link)
  if (body.state === 'complete') strikeDuplicate(link, exchange, [head.bytes, ...body.read])
  for (const bytes of [head.bytes, ...body.read]) await link.up.push(bytes, exchange)
  if (body.state === 'malformed') return 'tunnel'
  if (body.state === 'more') await streamBody(link, exchange, scanner)

  // A client that gives up while it waits is news for the target at once, not only after the answer.
  const first = await unlessEnded(link, exchange.over)
  if (first !== 'client-ended') return first
  link.passEnd('up')
  return 'closed'
}

/** What comes first. A connection outlives its exchanges, a rule the connections: nothing that waits is left with either. */
async function unlessEnded<T>(link: Link, coming: Promise<T>): Promise<T | 'client-ended'> {
  let forget = (): void => {}
  const ended = new Promise<'client-ended'>((resolve) => {
    forget = link.client.onEnded(() => resolve('client-ended'))
  })
  const first = await Promise.race([coming, ended])
  forget()
  return first
}

async function unlessLifted(link: Link, hang: Standing): Promise<'lifted' | 'client-ended'> {
  let forget = (): void => {}
  const lifted = new Promise<'lifted'>((resolve) => {
    forget = hang.onLifted(() => resolve('lifted'))
  })
  const first = await unlessEnded(link, lifted)
  forget()
  return first
}

async function readBody(link: Link, head: RequestHead, scanner: BodyScanner): Promise<Body> {
  const body: Body = { read: [], content: [], state: scanner.empty ? 'complete' : 'more' }
  // Such a client waits for the target's word before it sends the body.
  const waits = head.headers['expect'] !== undefined
  const long = head.framing.type === 'length' && head.framing.length > maxLookedAt
  if (waits || long) return body
  for (let size = 0; body.state === 'more' && size <= maxLookedAt;) {
    const bytes = await link.client.read()
    if (bytes === null) break
    const { taken, content, state } = scanner.feed(bytes)
    link.client.unread(bytes.subarray(taken))
    body.read.push(bytes.subarray(0, taken))
    body.content.push(...content)
    size += taken
    if (state !== 'more') body.state = state === 'done' ? 'complete' : 'malformed'
  }
  return body
}

async function streamBody(link: Link, exchange: Exchange, scanner: BodyScanner): Promise<void> {
  for (;;) {
    const bytes = await link.client.read()
    if (bytes === null) return
    const { taken, state } = scanner.feed(bytes)
    link.client.unread(bytes.subarray(taken))
    await link.up.push(bytes.subarray(0, taken), exchange)
    if (state === 'done') return
  }
}

async function strikeRequest(link: Link, exchange: Exchange, body: Body): Promise<'pass' | 'next-request' | 'closed'> {
  const { rules, replays, events } = link.shared
  const on = { connection: link.id, exchange }
  const hang = rules.take('hang', on)
  if (hang !== null) {
    report(events, exchange, hang)
    if ((await unlessLifted(link, hang)) === 'client-ended') {
      link.cut('end')
      return 'closed'
    }
  }
  const copy = body.state === 'complete' ? replays.take((standing) => rules.concerns(standing, on)) : null
  if (copy !== null) {
    report(events, exchange, copy.standing, { detail: 'given again' })
    link.up.mark(() => void link.down.push(copy.bytes, exchange), exchange)
    return 'next-request'
  }
  const fail = rules.take('fail', on, (rule) => rule.lost !== 'response')
  if (fail === null) return 'pass'
  report(events, exchange, fail, { detail: 'request lost' })
  // What was not read of the request would be taken for the next one.
  const last = body.state !== 'complete' || exchange.kind === 'webSocket'
  // The failure comes from beyond the link: it waits until the request would have got there.
  link.up.mark(() => answer(link, exchange, fail.rule, last), exchange)
  return last ? 'closed' : 'next-request'
}

function strikeDuplicate(link: Link, exchange: Exchange, request: Buffer[]): void {
  const duplicate = link.shared.rules.take('duplicate', { connection: link.id, exchange })
  if (duplicate === null) return
  link.shared.timers.after(duplicate.rule.after ?? 0, () => {
    repeat(link, exchange, duplicate, Buffer.concat(request)).catch(link.fail)
  })
}
