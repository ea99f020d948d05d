/** Values that may be there already: a log in memory answers at once and must not pay for a promise on the hot path. */

export type MaybePromise<T> = T | PromiseLike<T>

export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/**
 * Goes on with `goOn` at once where the value is there, later where it is not. Whatever `get` throws or rejects with goes to `failed`.
 * An error of `goOn` itself is thrown when synchronous, and goes to `failed` when not: no rejection is left unhandled.
 */
export function whenReady<T>(
  get: () => MaybePromise<T>,
  goOn: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  let value: MaybePromise<T>
  try {
    value = get()
  } catch (error) {
    return failed(error)
  }
  if (!isPromise(value)) return goOn(value)
  value.then((ready) => goOn(ready)).then(undefined, failed)
}
