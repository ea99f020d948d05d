// Finds where a body ends while its bytes stream by. Pure; O(bytes), keeps nothing but a counter and one chunk-size line.
import type { Framing } from './http-head.ts'

interface Scan {
  /** How many of the given bytes belong to this body (its chunk framing included). */
  taken: number
  /** The content itself, without chunk framing: slices of what was given. */
  content: Buffer[]
  /** `malformed`: the end cannot be known any more; pass everything until the connection closes. */
  state: 'more' | 'done' | 'malformed'
}

export interface BodyScanner {
  feed(bytes: Buffer): Scan
  /** True when the body is complete before its first byte. */
  readonly empty: boolean
}

export function createBodyScanner(framing: Framing): BodyScanner {
  switch (framing.type) {
    case 'none':
      return { empty: true, feed: () => ({ taken: 0, content: [], state: 'done' }) }
    case 'until-close':
      return { empty: false, feed: (bytes) => ({ taken: bytes.length, content: [bytes], state: 'more' }) }
    case 'length':
      return lengthScanner(framing.length)
    case 'chunked':
      return chunkedScanner()
  }
}

function lengthScanner(length: number): BodyScanner {
  let left = length
  return {
    empty: length === 0,
    feed(bytes) {
      const taken = Math.min(left, bytes.length)
      left -= taken
      return { taken, content: taken > 0 ? [bytes.subarray(0, taken)] : [], state: left === 0 ? 'done' : 'more' }
    },
  }
}

// RFC 9112 section 7.1: size line, that many bytes, CRLF, ... , a zero size, trailer lines, an empty line.
type Part = { part: 'line'; of: 'size' | 'gap' | 'trailer'; text: string } | { part: 'data'; left: number }

const maxLine = 4_096

function chunkedScanner(): BodyScanner {
  let at: Part = { part: 'line', of: 'size', text: '' }
  function feed(bytes: Buffer): Scan {
    const content: Buffer[] = []
    let taken = 0
    while (taken < bytes.length) {
      if (at.part === 'data') {
        const piece = bytes.subarray(taken, taken + at.left)
        content.push(piece)
        taken += piece.length
        const left: number = at.left - piece.length
        at = left > 0 ? { part: 'data', left } : { part: 'line', of: 'gap', text: '' }
        continue
      }
      const newline = bytes.indexOf(10, taken)
      const end = newline === -1 ? bytes.length : newline + 1
      const text: string = at.text + bytes.toString('latin1', taken, end)
      taken = end
      if (text.length > maxLine) return { taken: bytes.length, content, state: 'malformed' }
      if (newline === -1) at = { ...at, text }
      else {
        const next = afterLine(at.of, text.trim())
        if (next === 'done') return { taken, content, state: 'done' }
        if (next === 'malformed') return { taken: bytes.length, content, state: 'malformed' }
        at = next
      }
    }
    return { taken, content, state: 'more' }
  }
  return { empty: false, feed }
}

function afterLine(of: 'size' | 'gap' | 'trailer', line: string): Part | 'done' | 'malformed' {
  if (of === 'gap') return line === '' ? { part: 'line', of: 'size', text: '' } : 'malformed'
  if (of === 'trailer') return line === '' ? 'done' : { part: 'line', of: 'trailer', text: '' }
  const size = /^([0-9a-fA-F]{1,12})\s*(?:;.*)?$/.exec(line)?.[1]
  if (size === undefined) return 'malformed'
  const left = Number.parseInt(size, 16)
  return left === 0 ? { part: 'line', of: 'trailer', text: '' } : { part: 'data', left }
}
