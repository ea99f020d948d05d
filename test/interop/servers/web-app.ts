// The Express app that the HTTP servers share: cross-origin pages are let in, every request is noted, and messages come up by POST.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import express, { type Express, type Request, type Response } from 'express'
import { createFeed, type Feed } from './feed.ts'
import { createInbox, type Inbox } from './inbox.ts'
import { serve, type Served } from './serve.ts'

interface SeenRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

export interface WebServer extends Served {
  readonly feed: Feed
  readonly inbox: Inbox
  /** Every request, in order. */
  readonly requests: readonly SeenRequest[]
  /** Where the feed is: `/events` for streams, `/poll` for polls. */
  readonly feedUrl: string
  /** Where messages are posted. */
  readonly postUrl: string
}

/** A message up. */
interface Posted {
  type?: string
  id?: string | number
  payload?: unknown
}

function letOthersIn(app: Express): void {
  app.use((req, res, next) => {
    res.set({
      'Access-Control-Allow-Origin': req.get('Origin') ?? '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Headers': req.get('Access-Control-Request-Headers') ?? '*',
      'Access-Control-Allow-Methods': 'GET, POST',
      Vary: 'Origin',
    })
    if (req.method === 'OPTIONS') res.sendStatus(204)
    else next()
  })
}

/**
 * Serves `{ type, id, payload }`, or an array of them, by POST: answered with `{ ack: id }`, or an array of them. With a JSON body
 * that is not so, 400; any id is handled once. Also on the feed's own path, for clients that know one URL only.
 */
export async function startWebApp(
  feedPath: string,
  route: (app: Express, feed: Feed) => void,
  stop = (): void => {},
  attach?: (http: Server, shared: { feed: Feed; inbox: Inbox }) => void,
): Promise<WebServer> {
  const app = express()
  const feed = createFeed()
  const inbox = createInbox()
  const requests: SeenRequest[] = []

  letOthersIn(app)
  app.use((req, _res, next) => {
    requests.push({ method: req.method, path: req.originalUrl, headers: req.headers })
    next()
  })
  // Some clients post JSON as text, which browsers send to another origin without asking first.
  const anyType = (): boolean => true
  app.post(['/messages', feedPath], express.json({ type: anyType, limit: '1mb' }), (req: Request, res: Response) => {
    const take = ({ type: topic, id, payload: data }: Posted): { ack?: string | number } => {
      inbox.take({ topic, id, data })
      return id === undefined ? {} : { ack: id }
    }
    const body = req.body as Posted | Posted[]
    res.json(Array.isArray(body) ? body.map(take) : take(body))
  })
  route(app, feed)
  // Express prints what a client did wrong unless it is told otherwise.
  app.set('env', 'test')

  const http = createServer(app)
  attach?.(http, { feed, inbox })
  const served = await serve(http)
  return {
    ...served,
    feed,
    inbox,
    requests,
    feedUrl: served.url + feedPath,
    postUrl: `${served.url}/messages`,
    async close() {
      feed.stop()
      stop()
      await served.close()
    },
  }
}
