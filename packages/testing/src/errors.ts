/**
 * The one error class of this package.
 *
 * - `timed-out`: what was waited for did not come in time; the message lists what came instead.
 * - `closed`: the proxy was closed while something was waiting for it.
 * - `bad-rule`: a rule has a fault that there is none of, lacks a field, or has one that cannot mean anything, such as a negative latency.
 * - `cannot-listen`: the port is not to be had (again); `cause` is the system's error.
 * - `no-link`: nobody has opened a link to the scripted server yet.
 * - `endless`: timers of a virtual clock set each other without time passing.
 */
export class TestingError extends Error {
  override readonly name = 'TestingError'
  readonly code: 'timed-out' | 'closed' | 'bad-rule' | 'cannot-listen' | 'no-link' | 'endless'

  constructor(code: TestingError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** What an event says of something thrown. */
export const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
