/** The one error class. Messages say what, why and what to do; `code` is for programs. */

import type { Cause } from './transport.ts'

/** What became of a message whose `send()` rejects. */
export type FailedOutcome = 'rejected' | 'not-sent' | 'in-doubt'

/** What an error carries beside its code and message. */
export interface HoldfastErrorOptions {
  /** For a failed `send()` or `request()`: what became of the message. */
  outcome?: FailedOutcome | undefined
  /** What it comes from: something thrown, or the `Cause` of a closed connection. */
  cause?: unknown
}

export const TOPIC_RULES = 'A topic has 1 to 256 characters, no control ones, and does not begin with ~.'

/** Why there is no connection any more, null being the user's own wish, and what to do. */
export const closedBy = (cause: Cause | null): HoldfastError =>
  new HoldfastError('connection-closed', `Closed: ${cause?.reason} (${cause?.code}). Mend that, then connect().`, {
    cause,
  })

/**
 * Every error of Holdfast, thrown, rejected with, or given to `on('error')`.
 * `code` is a literal in kebab-case, documented where it is used; codes a server chose for a rejection come through as they are.
 */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'
  /** Present exactly on errors of `send()` and `request()`. */
  readonly outcome: FailedOutcome | undefined

  constructor(
    readonly code: string,
    message: string,
    options: HoldfastErrorOptions = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.outcome = options.outcome
  }
}
