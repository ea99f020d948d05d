// What the page and the service say to each other: topics over Holdfast, and the control API beside it. Types only.
import type { Span } from './ranges.ts'

/** Topics over Holdfast. `type`, not `interface`, so that it fits an index signature where one is asked for. */
export type Topics = {
  /** Down: one sample of the host's real metrics. */
  host: HostSample
  /** Down: the numbered stream. */
  stream: StreamMessage
  /** Up: the numbered messages of a page. */
  numbers: NumberedMessage
  /** Both: what people say. */
  'chat/lobby': ChatMessage
}

export interface HostSample {
  /** Counts samples from the start of the service. */
  n: number
  /** Share of all cores that was busy since the last sample, 0..1. */
  cpu: number
  cores: number
  /** Bytes. */
  memoryUsed: number
  memoryTotal: number
  /** One-minute load average; 0 where the system has none. */
  load: number
  /** How late the event loop ran since the last sample: 99th percentile in ms. */
  loopDelay: number
  /** Resident memory of the service process, bytes. */
  rss: number
}

interface StreamMessage {
  /** 1, 2, 3, ... over the life of the service, restarts of the realtime server included. */
  n: number
}

export interface NumberedMessage {
  /** Names one life of one page. */
  run: string
  /** 1, 2, 3, ... in the order of `send()`. */
  n: number
}

export interface ChatMessage {
  /** Made by the page, so that it knows its own line when it comes back. */
  key: string
  name: string
  text: string
  /** Set by the server: ms since 1970. */
  at?: number
}

/** Weather that stays until it is lifted. */
export type Condition = 'down' | 'black-hole' | 'hold' | 'delay' | 'slow' | 'refuse' | 'mute' | 'storm'
/** Weather that strikes once. The two failures wait for the next request of their kind. */
export type Stroke = 'cut' | 'fail-poll' | 'fail-post' | 'restart' | 'drain'
export type Weather = Condition | Stroke

export interface WeatherEvent {
  /** Counts from 1. */
  id: number
  /** ms since 1970. */
  at: number
  weather: Weather | 'calm'
  /** `armed`: waits for its occasion. `struck`: it happened. `began` and `ended`: a condition. */
  what: 'began' | 'ended' | 'armed' | 'struck'
}

/** What the server saw of one page's numbered messages, whatever became of links, sessions and server processes. */
export interface LedgerReport {
  /** Starts of the handler. */
  started: number
  /** Starts whose id was in the store already because another server process had had it: no effect a second time. */
  repeated: number
  /** Numbers whose effect happened a second time. */
  doubled: number
  /** Numbers that came for the first time after a higher one. */
  reordered: number
  /** Numbers that have had their effect. */
  handled: Span[]
}

/** Answer of `GET /api/state?run=...&after=...`. */
export interface State {
  /** ms since 1970, so that the page can place events on its own clock. */
  now: number
  active: Weather[]
  /** With ids above `after`. */
  events: WeatherEvent[]
  ledger: LedgerReport
  /** The numbered stream: wanted per second, and the last number published. */
  rate: number
  published: number
  /** Sessions that the realtime server holds. */
  sessions: number
}
