// What the page and the runner tell each other, as plain data. Times are ms since 1970: all run on one machine.

/** What a client in the page does. */
export interface Plan {
  /** Of the endpoint, on the page's own host. */
  readonly path: string
  /** As of `connect`, as far as JSON carries them. */
  readonly options: {
    readonly heartbeat?: { interval?: number; grace?: number }
    readonly timeouts?: { authorize?: number; open?: number; join?: number }
    readonly reprobe?: number
  }
  /** Names of those that the client may use. Default: all three. */
  readonly transports?: readonly ('webSocket' | 'eventSource' | 'longPolling')[]
  /** ms between two messages up; 0: none. */
  readonly every: number
  /** Whether the page's next lives go on where this one ends. */
  readonly survives: boolean
  /** So many lives end, each as soon as it is open, in the very task in which they have sent a message. Default: none. */
  readonly reloads?: number
}

/** Of the WebSockets of a page, ours and whatever it dials for itself. */
export interface Sockets {
  /** Made so far; of these, those that are connecting now, and the most that were at one time. */
  readonly dials: number
  readonly dialling: number
  readonly mostDialling: number
  /** Bytes in the buffers of those that are not closed. */
  readonly buffered: number
}

interface At {
  readonly what: string
  readonly at: number
}

/** Short, for a runner that looks often. */
export interface Glance {
  /** Times the page has been loaded. */
  readonly lives: number
  readonly status: string
  readonly transport: string | null
  /** `open` events, of all lives. */
  readonly opens: number
  readonly heard: number
  readonly lastHeardAt: number
  readonly sent: number
  readonly settled: number
}

/** All that the page knows, of all its lives. */
export interface Record {
  lives: number
  /** Numbers sent up: from 0, each once. */
  sent: number
  /** Outcome of each number that has one. */
  outcomes: { [n: number]: string }
  /** The numbers heard, in the order heard. */
  heard: number[]
  gaps: number
  lastHeardAt: number
  /** Begins a later life. */
  position: readonly unknown[] | null
  opens: (At & { readonly resumed: boolean; readonly life: number })[]
  statuses: At[]
  /** What the platform told the page. */
  told: At[]
}

/** Of the server, for one path. */
export interface Taken {
  /** Numbers whose handler was started, in that order. */
  readonly handled: number[]
  readonly redelivered: number
  /** Numbers sent down: 0 up to this. */
  readonly published: number
  readonly links: number
}
