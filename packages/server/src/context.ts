/** What every part of one server shares. Types, and the counters. */
import { createCodecs } from './codecs.ts'
import type { Codecs } from './codecs.ts'
import type { Settings } from './options.ts'

/** What has happened since the server was made; gauges are counted when asked. */
export interface Counters {
  /** Links that said a valid hello. */
  attached: number
  /** Of these, links that resumed their session. */
  resumed: number
  /** Of these, links that took over from one that seemed alive. */
  takeovers: number
  /** Reliable messages taken in, duplicates not counted. */
  received: number
  /** Reliable messages whose handler has finished or that were refused. */
  handled: number
  duplicates: number
  /** Events sent, replayed ones included. */
  events: number
  replayed: number
  /** Subscriptions that were told to go on from elsewhere than they asked. */
  gaps: number
  /** Uplink holes answered. */
  nacks: number
  bytesUp: number
  bytesDown: number
  /** Links closed by the server, by code. */
  closed: Record<number, number>
  /** Requests that were handed on to the server that has their link. */
  relayed: number
  /** Requests and upgrades refused before there was a link, by status; 403: a page of an origin that is not allowed. */
  refused: Record<number, number>
}

export interface Context {
  readonly settings: Settings
  readonly counters: Counters
  readonly codecs: Codecs
  /** Hands an error to `onError`; never throws. */
  report(error: unknown, where: string): void
}

export function createContext(settings: Settings): Context {
  function report(error: unknown, where: string): void {
    try {
      settings.onError(error, where)
    } catch {
      // Nobody is left to tell.
    }
  }
  return {
    settings,
    codecs: createCodecs(settings.codecs, settings.limits.message, report),
    counters: {
      attached: 0,
      resumed: 0,
      takeovers: 0,
      received: 0,
      handled: 0,
      duplicates: 0,
      events: 0,
      replayed: 0,
      gaps: 0,
      nacks: 0,
      bytesUp: 0,
      bytesDown: 0,
      relayed: 0,
      closed: {},
      refused: {},
    },
    report,
  }
}
