// What WebSocket servers do once a connection is there, as they were written before anybody thought of a protocol. Knows no library.
import { createFeed, type Feed, type Tick } from './feed.ts'
import { createInbox, type Inbox } from './inbox.ts'

/** What the server's messages look like. */
export type Shape =
  /** Down and up: bare text, the number of a tick as digits. */
  | 'text'
  /** Down and up: `{ socketType, action, data }`. An unknown `socketType` is answered with `socketType: 'error'`. */
  | 'dispatch'
  /** Up: `{ type, id, payload }`, answered with `{ ack: id }` and handled once. Down: `{ type, payload: { n } }`. */
  | 'ack'
  /** Down: `{ seq, type, payload: { n } }`; up: `{ type, payload }`, and `{ type: 'resync', from }` asks for `from` and what follows. */
  | 'sequence'
  /** Both of the above: what it takes for nothing to be lost or doubled either way. */
  | 'ack-and-sequence'

export interface RoomOptions {
  shape: Shape
  /** Closes (4000) who has said nothing for so many ms, a `ping` being enough. @default none */
  idleLimit?: number
  /** Whether the feed is told from the start, or only to who has asked for a resync. @default 'at once' */
  live?: 'at once' | 'after resync'
  /** Opens with `{ type: 'welcome' }`, `{ socketType: 'system', action: 'welcome' }` or the text `welcome`. @default false */
  welcome?: boolean
  /** What it tells and where it puts what it is told, if others do so, too. @default its own */
  shared?: { feed: Feed; inbox: Inbox }
}

interface Visitor {
  send(text: string): void
  close(code: number, reason: string): void
}

export interface Room {
  readonly feed: Feed
  readonly inbox: Inbox
  /** Visitors that are here now. */
  readonly present: number
  enter(visitor: Visitor): { heard(text: string): void; left(): void }
}

/** What a message may have; which of it, the shape says. */
interface Message {
  socketType?: string
  action?: string
  data?: unknown
  type?: string
  id?: string | number
  payload?: unknown
  from?: number
}

function tell(shape: Shape, { seq, topic }: Tick): string {
  switch (shape) {
    case 'text':
      return String(seq)
    case 'dispatch':
      return JSON.stringify({ socketType: topic, action: 'update', data: { n: seq } })
    case 'ack':
      return JSON.stringify({ type: topic, payload: { n: seq } })
    case 'sequence':
    case 'ack-and-sequence':
      return JSON.stringify({ seq, type: topic, payload: { n: seq } })
  }
}

const welcomes: { readonly [shape in Shape]: string } = {
  text: 'welcome',
  dispatch: JSON.stringify({ socketType: 'system', action: 'welcome', data: {} }),
  ack: JSON.stringify({ type: 'welcome' }),
  sequence: JSON.stringify({ type: 'welcome' }),
  'ack-and-sequence': JSON.stringify({ type: 'welcome' }),
}

function dispatch(inbox: Inbox, { socketType, action, data }: Message, visitor: Visitor): void {
  switch (socketType) {
    case 'chat':
    case 'orders':
      inbox.take({ topic: socketType, data })
      break
    default:
      visitor.send(JSON.stringify({ socketType: 'error', action: 'unknown', data: { socketType, action } }))
  }
}

export function createRoom({ shape, idleLimit, live = 'at once', welcome = false, shared }: RoomOptions): Room {
  const { feed, inbox } = shared ?? { feed: createFeed(), inbox: createInbox() }
  const visitors = new Set<Visitor>()
  const acks = shape === 'ack' || shape === 'ack-and-sequence'
  const counts = shape === 'sequence' || shape === 'ack-and-sequence'

  function hear(text: string, visitor: Visitor, follow: () => void): void {
    let message: Message
    try {
      message = JSON.parse(text) as Message
    } catch {
      return inbox.refuse(text)
    }
    if (shape === 'dispatch') return dispatch(inbox, message, visitor)
    if (counts && message.type === 'resync') {
      for (const tick of feed.after((message.from ?? 1) - 1)) visitor.send(tell(shape, tick))
      return follow()
    }
    const { type: topic, id, payload: data } = message
    inbox.take(acks ? { topic, id, data } : { topic, data })
    if (acks && id !== undefined) visitor.send(JSON.stringify({ ack: id }))
  }

  return {
    feed,
    inbox,
    get present() {
      return visitors.size
    },
    enter(visitor) {
      let unfollow = (): void => {}
      const follow = (): void => {
        unfollow()
        unfollow = feed.follow((tick) => visitor.send(tell(shape, tick)))
      }
      const idle = idleLimit === undefined ? null : setTimeout(() => visitor.close(4000, 'idle'), idleLimit)
      visitors.add(visitor)
      if (welcome) visitor.send(welcomes[shape])
      if (live === 'at once') follow()
      return {
        heard(text) {
          idle?.refresh()
          if (text === 'ping') visitor.send('pong')
          else if (shape === 'text') inbox.take({ data: text })
          else hear(text, visitor, follow)
        },
        left() {
          if (idle) clearTimeout(idle)
          unfollow()
          visitors.delete(visitor)
        },
      }
    },
  }
}
