// An event stream written by hand, with all that the format offers: names, ids, replay, retry, comments, data of several lines.
import type { Response } from 'express'
import type { Tick } from './feed.ts'
import { startWebApp, type WebServer } from './web-app.ts'

export interface SseRouteOptions {
  /** Name of the events. `null`: they have none; `'topic'`: each bears that of its tick. @default 'tick' */
  event?: string | null
  /** What the server asks clients to wait before they reconnect, ms. `null`: it does not ask. @default 1_000 */
  retry?: number | null
  /** A comment so often, ms. @default 15_000 */
  commentEvery?: number
  /** Whether to ask proxies not to buffer, by `X-Accel-Buffering: no`. @default false: few know of it */
  askUnbuffered?: boolean
}

/** The id is the number; the data is `{ n, text }` as JSON printed over several lines. */
function write(res: Response, { seq, topic }: Tick, event: string | null): void {
  const data = JSON.stringify({ n: seq, text: `two\nlines of ${topic}` }, null, 2)
  res.write(`id: ${seq}\n`)
  if (event !== null) res.write(`event: ${event === 'topic' ? topic : event}\n`)
  for (const line of data.split('\n')) res.write(`data: ${line}\n`)
  res.write('\n')
}

/** GET /events. The Last-Event-ID comes in its header or, for clients that cannot set one, as `?lastEventId=`. */
export function startSseRoute(options: SseRouteOptions = {}): Promise<WebServer> {
  const { event = 'tick', retry = 1_000, commentEvery = 15_000, askUnbuffered = false } = options
  return startWebApp('/events', (app, feed) => {
    app.get('/events', (req, res) => {
      res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', Connection: 'keep-alive' })
      if (askUnbuffered) res.set('X-Accel-Buffering', 'no')
      res.flushHeaders()
      res.write(': hello\n\n')
      if (retry !== null) res.write(`retry: ${retry}\n\n`)

      const last = req.get('Last-Event-ID') ?? (req.query.lastEventId as string | undefined)
      if (last) for (const tick of feed.after(Number(last))) write(res, tick, event)
      const unfollow = feed.follow((tick) => write(res, tick, event))
      const comments = setInterval(() => res.write(': still here\n\n'), commentEvery)
      res.on('close', () => {
        clearInterval(comments)
        unfollow()
      })
    })
  })
}
