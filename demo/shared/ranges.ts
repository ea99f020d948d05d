// A set of whole numbers, kept as spans: a million numbers in a row cost one pair. Both ends of the demo count with it.

export type Span = readonly [first: number, last: number]

export interface Ranges {
  /** False if the number was there already. */
  add(n: number): boolean
  has(n: number): boolean
  /** How many numbers there are. */
  readonly size: number
  /** In ascending order, neither touching nor overlapping. A copy. */
  spans(): Span[]
}

export function createRanges(from: readonly Span[] = []): Ranges {
  const spans = from.map(([first, last]): [number, number] => [first, last])
  let size = spans.reduce((sum, [first, last]) => sum + last - first + 1, 0)

  /** Index of the last span that begins at or before n, or -1. */
  function spanBefore(n: number): number {
    let low = 0
    let high = spans.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (spans[middle]![0] <= n) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  const has = (n: number): boolean => (spans[spanBefore(n)]?.[1] ?? -Infinity) >= n

  return {
    has,
    add(n) {
      const at = spanBefore(n)
      const before = spans[at]
      const after = spans[at + 1]
      if (before && before[1] >= n) return false
      size++
      const joinsBefore = before?.[1] === n - 1
      if (after?.[0] === n + 1) {
        after[0] = joinsBefore ? before[0] : n
        if (joinsBefore) spans.splice(at, 1)
      } else if (joinsBefore) before[1] = n
      else spans.splice(at + 1, 0, [n, n])
      return true
    },
    get size() {
      return size
    },
    spans: () => spans.map(([first, last]) => [first, last]),
  }
}

/** How many numbers of `a` are missing in `b`. */
export function missingIn(a: Ranges, b: Ranges): number {
  return a.size - sharedBy(a, b)
}

/** How many numbers are in both. */
export function sharedBy(a: Ranges, b: Ranges): number {
  const [left, right] = [a.spans(), b.spans()]
  let shared = 0
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    const [first, last] = left[i]!
    const [otherFirst, otherLast] = right[j]!
    shared += Math.max(0, Math.min(last, otherLast) - Math.max(first, otherFirst) + 1)
    if (last < otherLast) i++
    else j++
  }
  return shared
}
