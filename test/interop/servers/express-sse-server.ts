// Express with the `express-sse` package. It numbers the events of each stream from 0 unless told otherwise, and replays nothing.
import SSE from 'express-sse'
import { startWebApp, type WebServer } from './web-app.ts'

export interface ExpressSseOptions {
  /**
   * Whether the route, beyond what the package does, first sends what came after the Last-Event-ID that the client names. Ids are
   * the feed's numbers only then; without it they are the package's own, which begin anew with each stream. @default false
   */
  replay?: boolean
  /** Name of the events; none: they are `message`. @default none */
  event?: string
}

/** GET /events: `data: { n }` in one line. The package says `X-Accel-Buffering: no` by itself. */
export function startExpressSse({ replay = false, event }: ExpressSseOptions = {}): Promise<WebServer> {
  return startWebApp('/events', (app, feed) => {
    const sse = new SSE()
    feed.follow(({ seq }) => sse.send({ n: seq }, event, replay ? seq : undefined))

    app.get('/events', (req, res) => {
      sse.init(req, res)
      if (!replay || !req.get('Last-Event-ID')) return
      const name = event ? `event: ${event}\n` : ''
      for (const { seq } of feed.after(Number(req.get('Last-Event-ID')))) {
        res.write(`id: ${seq}\n${name}data: ${JSON.stringify({ n: seq })}\n\n`)
      }
    })
  })
}
