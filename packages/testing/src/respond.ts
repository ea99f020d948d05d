// What the proxy says itself: failures to the client, and second copies of a request to the target.
import { connect } from 'node:net'
import { report, type Exchange } from './exchange.ts'
import { createBodyScanner } from './http-body.ts'
import { mayBeResponse, parseResponseHead } from './http-head.ts'
import type { Link } from './link.ts'
import { readHead } from './read-head.ts'
import { createReader, type Reader } from './reader.ts'
import type { Standing } from './rulebook.ts'
import type { DuplicateRule, FailRule } from './rules.ts'

/** Sends the failure of a rule to the client. `last`: and then ends the connection. */
export function answer(link: Link, exchange: Exchange, rule: FailRule, last: boolean): void {
  const status = rule.status ?? 502
  const body = Buffer.from(
    rule.body ?? `<html><body><h1>${status}</h1><p>Answered by the fault proxy.</p></body></html>\n`,
  )
  const headers: Record<string, string> = {
    'content-type': 'text/html',
    ...rule.headers,
    'content-length': String(body.length),
    connection: last ? 'close' : 'keep-alive',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(`HTTP/1.1 ${status} Fault\r\n${lines.join('')}\r\n`, 'latin1')
  void link.down.push(exchange.method === 'HEAD' ? head : Buffer.concat([head, body]), exchange)
  if (last) link.down.mark(() => link.cut('end'), exchange)
}

/** Sends the request again over a connection of its own and reports what became of it. */
export async function repeat(
  link: Link,
  exchange: Exchange,
  standing: Standing<DuplicateRule>,
  request: Buffer,
): Promise<void> {
  const socket = connect(link.shared.target())
  link.shared.track(socket, 'target')
  const reader = createReader(socket)
  report(link.shared.events, exchange, standing, { detail: 'sent again' })
  socket.write(request)
  const status = await readAnswer(reader, exchange.method)
  const detail = status === null ? 'the second copy was not answered' : `the second copy was answered with ${status}`
  report(link.shared.events, exchange, standing, { detail })
  socket.destroy()
}

async function readAnswer(reader: Reader, method: string): Promise<number | null> {
  const head = await readHead(reader, mayBeResponse, (bytes) => parseResponseHead(bytes, method))
  if (head === null || head === 'raw') return null
  const scanner = createBodyScanner(head.framing)
  for (let state = scanner.empty ? 'done' : 'more'; state === 'more';) {
    const bytes = await reader.read()
    state = bytes === null ? 'done' : scanner.feed(bytes).state
  }
  return head.status
}
