// Feeds that are asked for, again and again: `GET /poll?since=17` is answered with what came after 17, as an array of `{ seq, type, payload }`.
import type { Tick } from './feed.ts'
import { createRoom } from './room.ts'
import { startWebApp, type WebServer } from './web-app.ts'
import { seat } from './ws-server.ts'

export interface LongPollOptions {
  /** How long a request waits for news before it is answered with `[]`, ms. @default 20_000 */
  hold?: number
  /** Most messages in one answer. @default 100 */
  page?: number
  /** Whether it also lets WebSockets in, of the shape `ack-and-sequence`. @default false */
  sockets?: boolean
}

const told = (ticks: readonly Tick[]): unknown[] =>
  ticks.map(({ seq, topic }) => ({ seq, type: topic, payload: { n: seq } }))

/** Without `since`: what comes from now on. */
export function startLongPoll({
  hold = 20_000,
  page = 100,
  sockets = false,
}: LongPollOptions = {}): Promise<WebServer> {
  const waiting = new Set<() => void>()
  return startWebApp(
    '/poll',
    (app, feed) => {
      app.get('/poll', (req, res) => {
        const since = Number(req.query.since ?? feed.length)
        res.set('Cache-Control', 'no-store')
        const answer = (): void => {
          leave()
          res.json(told(feed.after(since, page)))
        }
        const timer = setTimeout(answer, hold)
        // After a turn: what is published together is answered together.
        const unfollow = feed.follow(() => void setImmediate(() => waiting.has(answer) && answer()))
        const leave = (): void => {
          clearTimeout(timer)
          unfollow()
          waiting.delete(answer)
        }
        waiting.add(answer)
        res.on('close', leave)
        if (feed.length > since) answer()
      })
    },
    () => [...waiting].forEach((answer) => answer()),
    (http, shared) => sockets && seat(http, createRoom({ shape: 'ack-and-sequence', shared })),
  )
}

export interface ShortPollOptions {
  /** Most messages in one answer. @default 100 */
  page?: number
}

/** Answers at once. Says nothing of caches, and Express adds an ETag: an equal answer may come as 304. Without `since`: all. */
export function startShortPoll({ page = 100 }: ShortPollOptions = {}): Promise<WebServer> {
  return startWebApp('/poll', (app, feed) => {
    app.get('/poll', (req, res) => {
      res.json(told(feed.after(Number(req.query.since ?? 0), page)))
    })
  })
}
