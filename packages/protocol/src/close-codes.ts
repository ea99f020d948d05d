/** Why links close and what follows (PROTOCOL.md §9.1): one table from a close code to a policy. Imports nothing. */

/** What a client closes for, and the cause of an attempt without a credential: by themselves, so that a bundle has no more of the table. */
export const PROTOCOL_ERROR = 4202
/** The code of a credential that is missing or refused. */
export const UNAUTHENTICATED = 4100

/** Codes a Holdfast server closes with. The range carries the policy. */
export const CloseCode = {
  stopped: 4000,
  forbidden: 4001,
  version: 4002,
  codec: 4003,
  unauthenticated: 4100,
  expired: 4101,
  overloaded: 4200,
  stopping: 4201,
  protocol: 4202,
  tooLarge: 4203,
  drain: 4300,
  slow: 4301,
  stale: 4302,
  silent: 4303,
  takenOver: 4400,
  otherIdentity: 4401,
  noProgress: 4402,
  otherCodec: 4403,
} as const

/**
 * What a client does after a close:
 * `stop` for ever; `authenticate` with a fresh credential; `later` after a hint or back-off; `now`; `fresh` with a new session;
 * `fault` as `later`, but a few in a row stop it; `retry` as after any lost link.
 */
export type ClosePolicy = 'stop' | 'authenticate' | 'later' | 'now' | 'fresh' | 'fault' | 'retry'

const RANGES: readonly ClosePolicy[] = ['stop', 'authenticate', 'later', 'now', 'fresh']

/** What is not in a range of ours, or not treated as its range. */
const EXCEPTIONS: { readonly [code: number]: ClosePolicy } = {
  1002: 'fault',
  1003: 'fault',
  1007: 'fault',
  1008: 'fresh',
  1009: 'later',
  1012: 'later',
  1013: 'later',
  4202: 'fault',
}

/** The one table: close code -> policy. Unknown codes retry; 1000 from the peer too, since balancers misuse it. */
export function closePolicy(code: number): ClosePolicy {
  return EXCEPTIONS[code] ?? RANGES[Math.floor(code / 100) - 40] ?? 'retry'
}

/**
 * Whether a close points at a message that the link was carrying (PROTOCOL.md §6.6). Not 1005 and 1006: every cut of a network looks
 * like that.
 */
export function blamesMessage(code: number): boolean {
  return [1002, 1003, 1007, 1009, 1011, 4202, 4203].includes(code)
}
