/**
 * The contract between the driver and what a server speaks. A dialect makes one session per connection, which outlives its links: it makes
 * packets of what is to be said, and tells its host what the packets that come mean. PURE: types only. `holdfast()` is the default;
 * `plain()` speaks to servers without Holdfast. See "write your own dialect" in the docs.
 */
import type { Limits, Malformed, Outbox, Packet, Position, Transmission, Via } from '@holdfast/protocol'
import type { Settings } from './options.ts'
import type { Event, Pulse } from './state.ts'
import type { Topics } from './topics.ts'
import type { Cause } from './transport.ts'
import type { Gap, Receipt } from './types.ts'

/** What a server speaks. A value, given as `dialect`. */
export interface Dialect {
  /** For messages and comparisons. */
  readonly name: string
  /** Its links can be tried with a ping before they say hello (PROTOCOL.md §4.1): sessions have `trial`, `proves` and `claim`. */
  readonly provable?: true
  /** Called once per connection. */
  session(host: Host): Session
}

/** A message as it waits and travels: encoded once, when it is handed over. A session may keep more with it. */
export interface Parcel {
  /** Its bytes. */
  readonly packet: Packet
  /** Its name, where the dialect gives it. @default the name of the session and its serial */
  readonly id?: string | undefined
}

/** What holds while a link is open. */
export interface Terms {
  /** What an acknowledgement stands for. */
  readonly level: Receipt['level']
  /** What the server takes. */
  readonly limits: Limits
}

/** What a session acts on. */
export interface Host {
  /** The endpoint, absolute, http or https. */
  readonly url: string
  /** The options of the connection, its clock and its source of chance among them. */
  readonly settings: Settings
  /** What is to be sent, and what became of it. */
  readonly outbox: Outbox<Parcel>
  /** What is subscribed. */
  readonly topics: Topics
  /** Tells the lifecycle: `answered` upon a sign of life that was asked for, `drain`. */
  dispatch(event: Event): void
  /** One more frame for the next packet of this link. Without a link it is dropped: a later one says anew what has to be said. */
  push(frame: Packet): void
  /** The server is done with this link, or at fault. */
  lost(cause: Cause): void
  /** The server counts as connected: what an acknowledgement means from now on, the server's limits, and how it shows that it lives. */
  welcomed(terms: Terms, pulse: Pulse): void
  /** The server asks for a fresh credential. */
  renew(): void
  /** A subscription was refused. */
  denied(topic: string, code: string, message: string): void
  /** Messages that are not going to come, of whatever topic. */
  gap(gap: Gap): void
  /** A fault that nobody awaits, for the `error` event. */
  report(code: string, message: string, cause?: unknown): void
  /** Something that the snapshot shows has changed. */
  changed(): void
}

/** One connection's side of the conversation. What it throws ends up with whoever called, never in the network. */
export interface Session {
  /** Of the last ping, ms; null before the first. */
  readonly roundTrip: number | null
  /** Whether the last link carried on what the one before it had begun. */
  readonly resumed: boolean

  /**
   * A message, to be kept until it is sent. `mustAnswer`: its sender relies on the answer to it (`once`, `request`). Throws a `TypeError`
   * for what cannot travel, or a `HoldfastError` that says why it will not.
   */
  payload(topic: string, data: unknown, mustAnswer: boolean): Parcel
  /** A reliable message as one frame; null when nothing is to be sent for it. */
  message(transmission: Transmission<Parcel>): Packet | null
  /** A message that nobody waits for, as one frame. */
  volatile(topic: string, parcel: Parcel): Packet
  /** One more frame for the last packet of a tick, whether or not it has others. */
  trailer(hasOthers: boolean): Packet | null
  /** Frames that the transport has got rid of: written, or answered where it can tell. */
  sent?(frames: readonly Packet[]): void
  /** A subscription begins. Without a link nothing is to be done: the next one says all of them. */
  subscribe(topic: string, position: Position | null): void
  /** A subscription has ended. */
  unsubscribe(topic: string): void

  /** A new link is about to open, with this credential. */
  wire(credential: unknown): Wire
  /** Bytes can flow on it. */
  linked?(): void
  /** Bytes came on it that are no packet. `id`: that of a server-sent event without data, where it was one. */
  heard?(id?: string): void
  /** It is gone, or was let go. */
  unlinked?(): void
  /** A link that says nothing but a ping at first. */
  trial?(): Wire
  /** Whether what came on such a link answers it. */
  proves?(item: unknown): boolean
  /** What makes the tried link the session's own. */
  claim?(credential: unknown): Packet
  /** What follows when a link was lost for this cause, in a dialect with rules of its own. */
  judge?(cause: Cause): Cause
  /** The next link begins a new session. */
  forget(): void
  /** Asks the server for a sign of life. */
  ping(): void
  /** Says a fresh credential on the living link; resolves when it has been accepted. */
  authenticate(credential: unknown): Promise<void>
  /** The last frame of a connection that the user has closed; null if nothing is said. */
  bye(): Packet | null
  /** One item of what `decode` has returned, on the current link. */
  incoming(item: unknown): void
}

/** A request over HTTP. */
export interface Ask {
  /** @default the URL of the connection */
  url?: string | undefined
  /** @default 'POST' */
  method?: string | undefined
  /** Sent beside those of the transport's own options. @default none */
  headers?: Record<string, string> | undefined
  /** @default none */
  body?: Packet | undefined
  /** What comes as the answer is a packet for `decode`, too. @default false */
  isAnswered?: boolean | undefined
  /** The answer is to be read as bytes, not as text. @default false */
  isBinary?: boolean | undefined
}

/** What a transport can tell of a packet, beside its bytes. */
export interface About {
  /** The `event` field of a server-sent event; empty where there was none. */
  event?: string
  /** The last `id` of its stream. */
  id?: string
  /** It is the answer to a poll or to a POST, which may hold any number of messages. */
  isAnswer?: boolean
}

/** What one link needs to know of the dialect; transports read no frames. */
export interface Wire {
  /** Where a WebSocket goes. @default the URL of the connection */
  readonly url?: string | undefined
  /** Subprotocols a WebSocket offers. */
  readonly protocols: readonly string[]
  /** First message on a WebSocket, when the handshake could not carry it. */
  readonly first: Packet | null
  /**
   * Where nothing is said at first, a request that has been under way for so long counts as open, ms.
   * @default never: what opens a link has an answer
   */
  readonly openAfter?: number
  /** Opens a link over HTTP; null where a ticket is not needed, for the stream can be asked for by its URL. */
  hello(via: Via): Ask | null
  /** Most bytes that one packet up may have (PROTOCOL.md §4.3): transports that merge frames stay below it, but for a single one. */
  readonly limit: number
  /** An uplink POST or a poll. The next number is used up at each call: keep the request to send it again. */
  request(head: 'post' | 'poll', frames: readonly Packet[]): Ask
  /** The server finds fault with a POST of one frame: whether that settles it, and the next one may go. @default the link is lost */
  refused?(why: string): boolean
  /** Frames as packets, each for one message of a WebSocket. */
  pack(frames: readonly Packet[]): readonly Packet[]
  /** Total: what is not a packet comes back as `Malformed`. Remembers what the next poll has to confirm. */
  decode(packet: unknown, about?: About): readonly unknown[] | Malformed
  /** Whether the answer to a request says that the server is done with this link; it is then decoded, whatever its status. */
  isFarewell(answer: Packet): boolean
  /** The ticket in the answer to its `hello`; null if there is none. */
  ticket(answer: Packet): string | null
}
