// Speaks the JSON protocol of Centrifugo, as far as the client asks for it here: connect, subscribe with recovery, publish, rpc, send, pings.
// Written from its client protocol specification.
import { WebSocketServer, type WebSocket } from 'ws'
import type { Attend } from '../core.ts'
import type { Start } from './index.ts'
import { onText } from './raw.ts'

/** Of Centrifugo's default, s. */
const PING = 25
/** Replies that it puts into one frame at most (its `MaxMessagesInFrame`). */
const PER_FRAME = 16
const EPOCH = 'bench'

interface Command {
  id?: number
  connect?: object
  subscribe?: { channel: string; recover?: boolean; offset?: number }
  publish?: { channel: string; data: string }
  rpc?: { method: string; data: string }
  send?: { data: string }
}

interface Publication {
  data: string
  offset: number
}

/** Of the one channel, which all clients share. */
const history: Publication[] = []
const KEPT = 10_000
const subscribers = new Set<(reply: object) => void>()

const top = (): number => history.at(-1)?.offset ?? 0
function published(data: string): object {
  const pub = { data, offset: top() + 1 }
  history.push(pub)
  if (history.length > 2 * KEPT) history.splice(0, KEPT)
  return { push: { channel: 'news', pub } }
}

function serve(socket: WebSocket, attend: Attend): void {
  let replies: string[] = []
  const put = (reply: object): void => {
    if (replies.push(JSON.stringify(reply)) === 1) queueMicrotask(flush)
  }
  const flush = (): void => {
    for (let n = 0; n < replies.length; n += PER_FRAME) socket.send(replies.slice(n, n + PER_FRAME).join('\n'))
    replies = []
  }
  const receive = attend((data) => put(published(data)))
  const subscribed = ({ recover, offset = 0 }: NonNullable<Command['subscribe']>): object => ({
    recoverable: true,
    positioned: true,
    epoch: EPOCH,
    offset: top(),
    ...(recover && {
      recovered: true,
      was_recovering: true,
      publications: history.filter((pub) => pub.offset > offset),
    }),
  })
  const answer = ({ id, connect, subscribe, publish, rpc, send }: Command): void => {
    if (connect) put({ id, connect: { client: 'c', version: 'bench', ping: PING, pong: true } })
    else if (subscribe) {
      put({ id, subscribe: subscribed(subscribe) })
      subscribers.add(put)
    } else if (publish) {
      receive(publish.data)
      put({ id, publish: {} })
    } else if (rpc) put({ id, rpc: { data: rpc.data } })
    else if (send) receive(send.data)
  }
  onText(socket, (text) => {
    for (const line of text.split('\n')) if (line) answer(JSON.parse(line) as Command)
  })
  const pings = setInterval(() => put({}), PING * 1_000)
  socket.on('close', () => {
    subscribers.delete(put)
    clearInterval(pings)
  })
}

export const start: Start = (server, attend) => {
  const sockets = new WebSocketServer({ server, path: '/connection' })
  sockets.on('connection', (socket) => serve(socket, attend))
  return (text) => {
    const push = published(text)
    for (const put of subscribers) put(push)
  }
}
