/**
 * Looks through MessagePack before it is decoded: whether it is exactly one value, no deeper than it may be, without extension types and with
 * strings as keys. A decoder believes the head of an array and makes room for what it claims; after this, each claim is true. One pass, no
 * recursion, nothing allocated but the levels that are open.
 */

/** What has been found. */
export interface Scan {
  /** What is wrong; null if nothing is. */
  fault: string | null
  /** Whether there are bytes (`bin`) among the values. */
  hasBytes: boolean
}

/** The head of one value: how many bytes it has after its head, and how many values after those. */
interface Head {
  kind: 'scalar' | 'text' | 'bytes' | 'array' | 'map' | 'strange'
  size: number
  items: number
}

/** Bytes after 0xca to 0xd3: floats, unsigned and signed integers. */
const NUMBERS = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8]

/** A number of 1, 2 or 4 bytes; beyond the end, NaN. */
function lengthAt(bytes: Uint8Array, at: number, width: number): number {
  let length = 0
  for (let i = 0; i < width; i++) length = length * 256 + bytes[at + i]!
  return length
}

/** The specification's table of formats. */
function headAt(bytes: Uint8Array, at: number): Head {
  const head = bytes[at]!
  const text = (width: number, kind: 'text' | 'bytes'): Head => ({
    kind,
    size: width + lengthAt(bytes, at + 1, width),
    items: 0,
  })
  const list = (width: number, kind: 'array' | 'map'): Head => ({
    kind,
    size: width,
    items: lengthAt(bytes, at + 1, width) * (kind === 'map' ? 2 : 1),
  })
  if (head < 0x80 || head >= 0xe0) return { kind: 'scalar', size: 0, items: 0 }
  if (head < 0x90) return { kind: 'map', size: 0, items: (head & 15) * 2 }
  if (head < 0xa0) return { kind: 'array', size: 0, items: head & 15 }
  if (head < 0xc0) return { kind: 'text', size: head & 31, items: 0 }
  if (head === 0xc0 || head === 0xc2 || head === 0xc3) return { kind: 'scalar', size: 0, items: 0 }
  if (head >= 0xc4 && head <= 0xc6) return text(1 << (head - 0xc4), 'bytes')
  if (head >= 0xca && head <= 0xd3) return { kind: 'scalar', size: NUMBERS[head - 0xca]!, items: 0 }
  if (head >= 0xd9 && head <= 0xdb) return text(1 << (head - 0xd9), 'text')
  if (head >= 0xdc && head <= 0xdd) return list(2 << (head - 0xdc), 'array')
  if (head >= 0xde) return list(2 << (head - 0xde), 'map')
  return { kind: 'strange', size: 0, items: 0 }
}

/** The fault of strings that are no text. */
export const NO_TEXT = 'not UTF-8'

const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true })

/** A decoder makes characters of anything: overlong forms, halves of surrogate pairs (RFC 3629 §10). */
function isText(bytes: Uint8Array, from: number, to: number): boolean {
  while (from < to && bytes[from]! < 0x80) from++
  if (from === to) return true
  try {
    utf8.decode(bytes.subarray(from, to))
    return true
  } catch {
    return false
  }
}

/** What `bytes` are. Costs one look at each head; never throws. */
export function scan(bytes: Uint8Array, maxDepth: number): Scan {
  /** Values still to come on each open level, and which levels are maps: those have a key where the number is even. */
  const left: number[] = [1]
  const maps: boolean[] = [false]
  let hasBytes = false
  const found = (fault: string | null): Scan => ({ fault, hasBytes })
  let at = 0
  while (left.length) {
    const level = left.length - 1
    if (left[level] === 0) {
      left.pop()
      maps.pop()
      continue
    }
    if (at >= bytes.length) return found('cut short')
    const { kind, size, items } = headAt(bytes, at)
    if (kind === 'strange') return found('an extension type')
    if (maps[level] && left[level]! % 2 === 0 && kind !== 'text') return found('a key that is no string')
    // Of text, behind its length.
    const from = at + (bytes[at]! < 0xc0 ? 1 : 1 + (1 << (bytes[at]! - 0xd9)))
    at += 1 + size
    // Not `at > length`: a length beyond the end is NaN.
    if (!(at <= bytes.length)) return found('cut short')
    left[level]!--
    hasBytes ||= kind === 'bytes'
    if (kind === 'text' && !isText(bytes, from, at)) return found(NO_TEXT)
    if (kind !== 'array' && kind !== 'map') continue
    if (level >= maxDepth) return found('nested too deep')
    left.push(items)
    maps.push(kind === 'map')
  }
  return found(at === bytes.length ? null : 'more than one value')
}
