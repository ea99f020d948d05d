/** The one error class of this package, and the one that handlers throw to refuse. */

/**
 * - `bad-option`: an option has a value that cannot mean anything.
 * - `bad-topic`: not a topic name (PROTOCOL.md §10), or one that begins with `~`, which is reserved (§7.5).
 * - `bad-data`: the codec cannot carry the value, or it is larger than `limits.message`.
 * - `bad-handler`: a second handler for the same topic pattern.
 * - `unknown-session`: `sendTo` or `disconnect` names a session that this server does not hold.
 * - `closed`: the server has been closed.
 */
export type HoldfastErrorCode = 'bad-option' | 'bad-topic' | 'bad-data' | 'bad-handler' | 'unknown-session' | 'closed'

/** Every error that a call of this package throws or rejects with. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'

  constructor(
    readonly code: HoldfastErrorCode,
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(message, options)
  }
}

/**
 * Thrown by a handler: the sender sees `rejected` with this code and message. Thrown by `authorize`: so does the sender, and a subscription is
 * `denied` with them. Thrown by `authenticate`: the code `forbidden` says that no credential would help (close code 4001), `overloaded` asks the
 * client to come back later (4200), and any other code asks for a fresh credential (4100). Any other error is a crash: it is reported to `onError`, and
 * says nothing about the credential, the subscription (4200, both), or the message (`handler-failed`).
 */
export class RejectError extends Error {
  override readonly name = 'RejectError'

  /**
   * @param code for programs, kebab-case, at most 256 characters. `in-doubt` is reserved: it would read as "nobody knows".
   * @param message for people; it is sent to the client.
   */
  constructor(
    readonly code: string,
    message: string = code,
  ) {
    super(message)
  }
}
