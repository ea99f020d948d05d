/**
 * The one error class of this package.
 *
 * - `bad-option`: an option has a value that cannot mean anything.
 * - `unavailable`: Redis could not be reached in time, or has refused; `cause` has its error. What was to be appended may have been.
 * - `closed`: the log has been closed.
 */
export class RedisLogError extends Error {
  override readonly name = 'RedisLogError'

  constructor(
    readonly code: 'bad-option' | 'unavailable' | 'closed',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}
