// The public port: the page, and the API by which it controls the weather. It is not behind the proxy.
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { State, Weather } from '../shared/contract.ts'
import type { Ledger } from './ledger.ts'
import type { Realtime } from './realtime.ts'
import { conditions, strokes, type WeatherStation } from './weather.ts'

/** Where the page's files are. */
export interface Files {
  /** Folder of pages, plain.js, style.css and icon.svg. */
  assets: URL
  /** Folder with the published files of the client: the script file and integrity.json. */
  library: URL
  /** The main page's bundle; those of the other pages are beside it. */
  script: URL
}

interface Parts {
  files: Files
  /** Port of the proxy. */
  realtimePort: number
  ledger: Ledger
  realtime: Realtime
  weather: WeatherStation
}

/** A request that cannot be served, for a reason that the client may know. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

const MAX_BODY = 1_000

export function createWeb(parts: Parts): Server {
  return createServer((request, response) => {
    serve(parts, request, response).catch((error: unknown) => {
      const [status, message] = error instanceof Refusal ? [error.status, error.message] : [500, 'internal error']
      if (!(error instanceof Refusal)) console.error(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(status, { 'content-type': 'text/plain' }).end(message)
    })
  })
}

async function serve(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://page')
  if (request.method === 'POST') {
    control(parts, url.pathname, await readJson(request))
    response.writeHead(204).end()
  } else if (url.pathname === '/api/state') {
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
    response.writeHead(200, headers).end(JSON.stringify(stateOf(parts, url.searchParams)))
  } else await servePage(parts, url.pathname, response)
}

function stateOf({ ledger, realtime, weather }: Parts, query: URLSearchParams): State {
  return {
    now: Date.now(),
    active: weather.active,
    events: weather.eventsAfter(Number(query.get('after')) || 0),
    ledger: ledger.report(query.get('run') ?? ''),
    rate: realtime.stream.rate,
    published: realtime.stream.published,
    sessions: realtime.sessions,
  }
}

function control({ realtime, weather }: Parts, path: string, body: Record<string, unknown>): void {
  switch (path) {
    case '/api/weather':
      if (![...strokes, ...conditions].includes(String(body.weather))) throw new Refusal(400, 'no such weather')
      return weather.set(body.weather as Weather, body.on !== false)
    case '/api/calm':
      return weather.calm()
    case '/api/rate':
      if (typeof body.perSecond !== 'number') throw new Refusal(400, 'perSecond must be a number')
      realtime.stream.rate = body.perSecond
      return
    default:
      throw new Refusal(404, 'not found')
  }
}

/** JSON by its type: other sites' pages would have to ask first, and are not answered. */
async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (request.headers['content-type'] !== 'application/json') throw new Refusal(415, 'application/json only')
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > MAX_BODY) throw new Refusal(413, 'too large')
  }
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // Told below, as for any other value that is no object.
  }
  throw new Refusal(400, 'not a JSON object')
}

const types: Readonly<Record<string, string>> = {
  '/': 'text/html',
  '/react.html': 'text/html',
  '/vue.html': 'text/html',
  '/main.js': 'text/javascript',
  '/main.js.map': 'application/json',
  '/react.js': 'text/javascript',
  '/vue.js': 'text/javascript',
  '/plain.html': 'text/html',
  '/plain.js': 'text/javascript',
  '/holdfast.min.js': 'text/javascript',
  '/style.css': 'text/css',
  '/icon.svg': 'image/svg+xml',
}

function fileOf({ assets, library, script }: Files, path: string): URL {
  if (path === '/holdfast.min.js') return new URL(path.slice(1), library)
  const isBuilt = /\.js(\.map)?$/.test(path) && path !== '/plain.js'
  return new URL(path === '/' ? 'index.html' : path.slice(1), isBuilt ? script : assets)
}

async function hashOfLibrary({ library }: Files): Promise<string> {
  const hashes = JSON.parse(await readFile(new URL('integrity.json', library), 'utf8')) as Record<string, string>
  return hashes['holdfast.min.js'] ?? ''
}

async function servePage({ files, realtimePort }: Parts, path: string, response: ServerResponse): Promise<void> {
  const type = types[path]
  if (!type) throw new Refusal(404, 'not found')
  let text = await readFile(fileOf(files, path), 'utf8')
  if (type === 'text/html')
    text = text.replace('name="realtime-port" content=""', `name="realtime-port" content="${realtimePort}"`)
  if (path === '/plain.html') text = text.replace('integrity=""', `integrity="${await hashOfLibrary(files)}"`)
  response.writeHead(200, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-cache',
    'content-security-policy': `default-src 'self'; connect-src 'self' http://*:${realtimePort} ws://*:${realtimePort}`,
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}
