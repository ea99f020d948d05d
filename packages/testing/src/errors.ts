/**
 * The one error class of this package.
 *
 * - `timed-out`: `until()` did not see the event in time; the message lists the last events.
 * - `closed`: the proxy was closed while something was waiting for it.
 * - `bad-rule`: a rule has a field that cannot mean anything, such as a negative latency.
 * - `cannot-listen`: the port is not to be had (again); `cause` is the system's error.
 */
export class FaultProxyError extends Error {
  override readonly name = 'FaultProxyError'
  readonly code: 'timed-out' | 'closed' | 'bad-rule' | 'cannot-listen'

  constructor(code: FaultProxyError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** What an event says of something thrown. */
export const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
