/** What checks of codecs are made of: comparisons by structure, and faults in words. */

/** One thing that is owed. */
export interface Check {
  /** What is owed, as the title of a test. */
  readonly title: string
  /** Throws an `Error` that says what is wrong. */
  run(): void
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Whether two values are the same to whoever receives them: bytes by their bytes, objects by their own keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isObject(a) || !isObject(b)) return false
  if (Array.isArray(a) !== Array.isArray(b) || ArrayBuffer.isView(a) !== ArrayBuffer.isView(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  // A Date or a Map has no keys to compare by: whoever carries such says what to compare instead.
  if (!keys.length && Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false
  return keys.every((key) => Object.hasOwn(b, key) && isSame((a as never)[key], (b as never)[key]))
}

/** A value for a message, short. */
export function show(value: unknown): string {
  let text: string | undefined
  try {
    text = value instanceof Uint8Array ? `bytes ${value.slice(0, 20).join(' ')}` : JSON.stringify(value)
  } catch {
    // A cycle, a BigInt: named by what it is.
  }
  return (text ?? `${typeof value} ${Object.prototype.toString.call(value)}`).slice(0, 200)
}

export function must(holds: boolean, fault: string): void {
  if (!holds) throw new Error(fault)
}

/** As it is now, whatever becomes of the buffer. */
export const copyOf = <P extends string | Uint8Array>(packet: P): P =>
  (typeof packet === 'string' ? packet : Uint8Array.from(packet)) as P

/** As a message is now, whatever is written into it later. What has a class of its own is left as it is. */
export function snapshotOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(snapshotOf)
  if (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, snapshotOf(inner)]))
}

/** Whatever all objects share. */
const prototypes = (): string =>
  [Object.prototype, Array.prototype, Uint8Array.prototype]
    .map((shared) => Reflect.ownKeys(shared).map(String).join())
    .join(';')

/** Runs it, and throws if it has left anything on what all objects share. */
export function withoutTrace(run: () => void): void {
  const before = prototypes()
  run()
  must(prototypes() === before, 'It has changed a prototype that all objects share.')
}

/** Throws unless `encode` refuses it by a `TypeError` in words. */
export function mustRefuse(encode: (message: unknown) => unknown, message: unknown): void {
  try {
    encode(message)
  } catch (error) {
    must(error instanceof TypeError, `${show(message)} is refused by ${String(error)}: throw a TypeError.`)
    return must((error as TypeError).message.length > 10, `The refusal of ${show(message)} does not say what to do.`)
  }
  throw new Error(`${show(message)} is encoded, not refused.`)
}
