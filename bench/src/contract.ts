// What is measured, and what each contestant must be able to do. Knows no platform: both ends, Node and the page, import it.

/** In the order of the tables. `raw-*` is a WebSocket with what one writes by hand. */
export const contestants = [
  'raw',
  'raw-json',
  'raw-batched',
  'partysocket',
  'socket.io',
  'signalr',
  'centrifuge',
  'holdfast',
] as const

export type Contestant = (typeof contestants)[number]

/** Phoenix's client is measured where only the client matters. */
export type Library = Contestant | 'phoenix'

/** One connection, as its user has it. */
export interface Connection {
  /** Sends, and wants no answer. */
  send(text: string): void
  /** Resolves when the server's handler has had it; null where the library has no such thing. */
  readonly acknowledged: ((text: string) => Promise<unknown>) | null
  /** Resolves with what the server's handler answers: the same text. */
  readonly echo: ((text: string) => Promise<unknown>) | null
  close(): unknown
}

export interface OpenOptions {
  /** `http://host:port` */
  url: string
  /** The class to use: that of `ws` in Node, the platform's in a page. */
  WebSocket: typeof WebSocket
  /** Each message that the server pushes. */
  onMessage(text: string): void
}

/** Opens a connection with the library's defaults; resolves when it can send and receive. */
export type Open = (options: OpenOptions) => Promise<Connection>

export const measures = ['send', 'receive', 'pipelined', 'serial', 'roundTrip'] as const

export type Measure = (typeof measures)[number]

export interface Plan {
  measure: Measure
  /** Messages. */
  count: number
  /** Length of each; ASCII, so bytes. */
  bytes: number
  /** Checks the content of each message too, which costs time. */
  strict: boolean
}

/** What a measure took, by the clock of the client. */
export interface Sample {
  count: number
  /** From the first call to the last effect, ms. */
  ms: number
  /** Of each message, ms, where one waits for the other. */
  latencies?: number[]
}

/** What the server says of the messages it has received, or the client of those pushed to it. */
export interface Tally {
  count: number
  bytes: number
  /** Whether each was the one due; always, unless the plan was strict. */
  ordered: boolean
}

/** Messages that begin so are orders to the server, or its answers, and count nowhere. */
export const ORDER = '!'

/** How many messages one turn of the event loop sends, on both sides. */
export const BURST = 1_000

/** How many acknowledged messages are under way at once. */
export const WINDOW = 1_000

const DIGITS = 8

/** Distinct texts of this length, each with its number at the front. */
export function textsOf(count: number, bytes: number): string[] {
  const filler = 'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(bytes / 26))
  return Array.from({ length: count }, (_, n) => String(n).padStart(DIGITS, '0') + filler.slice(0, bytes - DIGITS))
}

export const numberIn = (text: string): number => Number(text.slice(0, DIGITS))

export function createTally(strict: boolean): Tally & { add(text: string): void } {
  return {
    count: 0,
    bytes: 0,
    ordered: true,
    add(text) {
      if (strict && numberIn(text) !== this.count) this.ordered = false
      this.count++
      this.bytes += text.length
    },
  }
}
