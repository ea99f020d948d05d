// From the target to the client: finds each response and lets the faults of responses strike.
import { isEventStream, placeOf, report, type Exchange } from './exchange.ts'
import { createBodyScanner } from './http-body.ts'
import { mayBeResponse, parseResponseHead, type ResponseHead } from './http-head.ts'
import type { Link } from './link.ts'
import { readHead } from './read-head.ts'
import type { Reader } from './reader.ts'
import { answer } from './respond.ts'
import { createOutlet, nowhere, type Outlet } from './outlet.ts'
import { relayFrames, tunnel } from './tunnel.ts'

/** Runs until the target has ended or the connection became something else than HTTP. */
export async function runDownstream(link: Link, target: Reader): Promise<void> {
  for (;;) {
    const method = (): string => link.exchange?.method ?? 'GET'
    const head = await readHead(target, mayBeResponse, (bytes) => parseResponseHead(bytes, method()))
    if (head === null) return link.passEnd('down')
    const exchange = link.exchange
    // A second answer was asked for by nobody: a target that times out an idle connection says so.
    if (head === 'raw' || exchange === null || exchange.status !== undefined) {
      if (head !== 'raw') await link.down.push(head.bytes)
      exchange?.finish('tunnel')
      return tunnel(link, 'down', target)
    }
    if (head.status < 200 && head.status !== 101) {
      await link.down.push(head.bytes, exchange)
      continue
    }
    observe(link, exchange, head)
    const sequel = await passResponse(link, exchange, head, target)
    if (sequel === 'closed') return
    exchange.finish(sequel)
    if (sequel === 'upgraded') return relayFrames(link, exchange, 'down', target)
    if (sequel === 'tunnel') return tunnel(link, 'down', target)
  }
}

function observe(link: Link, exchange: Exchange, head: ResponseHead): void {
  exchange.status = head.status
  const byDefault = exchange.kind === 'http' || exchange.kind === 'post'
  if (byDefault && isEventStream(head.headers['content-type'])) exchange.kind = 'stream'
  link.shared.events.add({ type: 'response', status: head.status, ...placeOf(exchange) })
}

type ResponseSequel = 'next-request' | 'upgraded' | 'tunnel' | 'closed'

async function passResponse(link: Link, exchange: Exchange, head: ResponseHead, from: Reader): Promise<ResponseSequel> {
  const { rules, events, timers } = link.shared
  const on = { connection: link.id, exchange }
  const stall = rules.take('stall', on)
  if (stall !== null) {
    report(events, exchange, stall)
    await new Promise<void>((resolve) => timers.after(stall.rule.ms, resolve))
  }
  const fail = rules.take('fail', on, (rule) => rule.lost === 'response')
  if (fail !== null) {
    report(events, exchange, fail, { detail: 'response lost' })
    const endless = head.status === 101 || isEventStream(head.headers['content-type'])
    if (!endless) await passBody(link, exchange, head, from, nowhere)
    answer(link, exchange, fail.rule, endless)
    return endless ? 'closed' : 'next-request'
  }
  const outlet = createOutlet(link, exchange, head)
  if ((await outlet.head(head.bytes)) === 'closed') return 'closed'
  if (head.status !== 101) return passBody(link, exchange, head, from, outlet)
  if ((await outlet.end()) === 'closed') return 'closed'
  events.add({ type: 'upgrade', ...placeOf(exchange) })
  return exchange.kind === 'webSocket' ? 'upgraded' : 'tunnel'
}

async function passBody(
  link: Link,
  exchange: Exchange,
  { framing, status }: ResponseHead,
  from: Reader,
  outlet: Outlet,
): Promise<ResponseSequel> {
  const scanner = createBodyScanner(framing)
  for (let state = scanner.empty ? 'done' : 'more'; state === 'more';) {
    const bytes = await from.read()
    // An end before its time is passed on as it is, once the loop that called us reads it.
    if (bytes === null && framing.type !== 'until-close') return (await outlet.end()) === 'closed' ? 'closed' : 'tunnel'
    if (bytes === null) break
    const scan = scanner.feed(bytes)
    from.unread(bytes.subarray(scan.taken))
    if ((await outlet.body(bytes.subarray(0, scan.taken))) === 'closed') return 'closed'
    if (scan.state === 'malformed') return (await outlet.end()) === 'closed' ? 'closed' : 'tunnel'
    state = scan.state
  }
  link.shared.events.add({ type: 'finished', status, ...placeOf(exchange) })
  return (await outlet.end()) === 'closed' ? 'closed' : 'next-request'
}
