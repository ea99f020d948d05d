// An event stream over HTTP/2 and TLS, for browsers: one connection carries many streams, so their limit of six does not hold.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import {
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type SecureServerOptions,
} from 'node:http2'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { requireProgram } from '../../scripts/debian.ts'
import { createFeed, type Feed } from './servers/feed.ts'
import { createInbox, type Arrival, type Inbox } from './servers/inbox.ts'
import { serve, type Served } from './servers/serve.ts'

interface Http2Request {
  readonly method: string
  readonly path: string
  readonly headers: Http2ServerRequest['headers']
  /** `2.0`, or `1.1` from clients that cannot do better. */
  readonly version: string
}

export interface Http2Server extends Omit<Served, 'url'> {
  /** `https://localhost:port`: the page, if there is one. */
  readonly url: string
  readonly feedUrl: string
  readonly postUrl: string
  readonly feed: Feed
  readonly inbox: Inbox
  readonly requests: readonly Http2Request[]
  /** Event streams that are open now. */
  streams(): number
}

export interface Http2Options {
  /** Script of the page at `/`. @default none */
  script?: string
}

/** A key and a certificate for localhost, made now, valid for a day, signed by nobody. Rejects with code `no-openssl`. */
async function selfSigned(): Promise<{ key: Buffer; cert: Buffer }> {
  const openssl = await requireProgram('openssl')
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  try {
    await promisify(execFile)(openssl, ['req', ...kind, ...names, '-keyout', key, '-out', cert], { timeout: 30_000 })
    return { key: await readFile(key), cert: await readFile(cert) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function letIn({ headers }: Http2ServerRequest, response: Http2ServerResponse): void {
  response.setHeader('access-control-allow-origin', headers.origin ?? '*')
  response.setHeader('access-control-allow-credentials', 'true')
  response.setHeader('access-control-allow-headers', headers['access-control-request-headers'] ?? '*')
}

/** `id: 17`, `data: { n }`; what came after a Last-Event-ID first. */
function stream(feed: Feed, request: Http2ServerRequest, response: Http2ServerResponse): void {
  const write = (seq: number): void => void response.write(`id: ${seq}\ndata: ${JSON.stringify({ n: seq })}\n\n`)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.write(': hello\n\n')
  const last = request.headers['last-event-id']
  if (last) for (const { seq } of feed.after(Number(last))) write(seq)
  response.on(
    'close',
    feed.follow(({ seq }) => write(seq)),
  )
}

/** `{ type, id, payload }`, answered with `{ ack: id }`; any id is handled once. */
async function take(inbox: Inbox, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  const { type, id, payload } = JSON.parse(await text(request)) as { type?: string; payload?: unknown } & Arrival
  inbox.take({ topic: type, id, data: payload })
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(id === undefined ? {} : { ack: id }))
}

/** GET / the page, GET /events the stream, POST /messages up. Any origin is let in. Speaks HTTP/1.1 to those who ask for it. */
export async function startHttp2Server({ script }: Http2Options = {}): Promise<Http2Server> {
  const feed = createFeed()
  const inbox = createInbox()
  const requests: Http2Request[] = []
  const options: SecureServerOptions = { ...(await selfSigned()), allowHTTP1: true }
  const page = `<!doctype html><title>Holdfast</title>${script === undefined ? '' : '<script src="/page.js"></script>'}`

  const server = createSecureServer(options, (request, response) => {
    const { method, url: path, headers, httpVersion: version } = request
    requests.push({ method, path, headers, version })
    letIn(request, response)
    if (method === 'OPTIONS') response.writeHead(204).end()
    else if (path.startsWith('/events')) stream(feed, request, response)
    else if (method === 'POST') take(inbox, request, response).catch(() => response.writeHead(400).end())
    else if (path === '/page.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script ?? '')
    else if (path === '/') response.writeHead(200, { 'content-type': 'text/html' }).end(page)
    else response.writeHead(404).end()
  })
  server.on('sessionError', () => {})

  const served = await serve(server as unknown as Server)
  const url = `https://localhost:${served.port}`
  return {
    ...served,
    url,
    feedUrl: `${url}/events`,
    postUrl: `${url}/messages`,
    feed,
    inbox,
    requests,
    streams: () => feed.followers,
    async close() {
      feed.stop()
      await served.close()
    },
  }
}
