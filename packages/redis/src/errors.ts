/**
 * The one error class of this package.
 *
 * - `bad-option`: an option has a value that cannot mean anything.
 * - `unavailable`: Redis could not be reached in time, or has refused, or too few replicas have confirmed; `cause` has its error, if there is one. What was to
 *   be written may have been.
 * - `closed`: the log, or the store of sessions, has been closed.
 */
export class RedisError extends Error {
  override readonly name = 'RedisError'

  constructor(
    readonly code: 'bad-option' | 'unavailable' | 'closed',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** What calls reject with when Redis did not do it, or nobody can say. */
export const unavailable = (what: string, cause?: unknown): RedisError =>
  new RedisError('unavailable', `Redis: ${what}${cause instanceof Error ? `: ${cause.message}` : ''}`, { cause })
