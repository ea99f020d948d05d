// The demo's verdict is worth something only if it can say no: each fault it claims to see is shown to it here.
import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { createLedger } from '../../demo/service/ledger.ts'
import { createRanges, missingIn, sharedBy, type Span } from '../../demo/shared/ranges.ts'
import { createContinuity, type ContinuityReport } from '../../demo/src/continuity.ts'
import { createUp, type Outcome } from '../../demo/src/up.ts'

describe('ranges', () => {
  test('hold what a set of numbers holds, in spans that neither touch nor overlap', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 80 })
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const [a, b] = [createRanges(), createRanges()]
        const set = new Set<number>()
        for (const n of left) expect(a.add(n)).toBe(!set.has(n) && Boolean(set.add(n)))
        for (const n of right) b.add(n)
        expect(a.size).toBe(set.size)
        for (let n = 0; n <= 60; n++) expect(a.has(n)).toBe(set.has(n))
        const spans = a.spans()
        expect(spans.every(([first, last], i) => first <= last && (spans[i + 1]?.[0] ?? Infinity) > last + 1)).toBe(
          true,
        )
        expect(createRanges(spans).size).toBe(set.size)
        const shared = [...set].filter((n) => b.has(n)).length
        expect([sharedBy(a, b), missingIn(a, b)]).toEqual([shared, set.size - shared])
      }),
    )
  })
})

describe('the stream down', () => {
  const after = (...steps: (number | { gap: number | null })[]): ContinuityReport => {
    const continuity = createContinuity()
    for (const step of steps) {
      if (typeof step === 'number') continuity.take(step)
      else continuity.announced(step.gap)
    }
    return continuity.report
  }
  const clean = { lost: 0, doubled: 0, reordered: 0, gaps: 0, missing: 0 }

  test.each<[string, (number | { gap: number | null })[], Partial<ContinuityReport>]>([
    ['is whole', [7, 8, 9], { received: 3 }],
    ['has lost what is missing without a word', [1, 2, 5], { received: 3, lost: 2 }],
    ['is doubled by a number that was there', [1, 2, 2, 3], { received: 4, doubled: 1 }],
    ['is reordered by a number that comes late', [1, 3, 2], { received: 3, lost: 1, reordered: 1 }],
    ['misses what was announced', [1, { gap: 2 }, 4], { received: 2, gaps: 1, missing: 2 }],
    ['has lost what exceeds the announcement', [1, { gap: 2 }, 6], { received: 2, gaps: 1, missing: 2, lost: 2 }],
    ['may skip anything once the log is a new one', [1, { gap: null }, 50], { received: 2, gaps: 1, missing: 48 }],
    ['may skip it only once', [1, { gap: null }, 50, 52], { received: 3, gaps: 1, missing: 48, lost: 1 }],
  ])('%s', (_, steps, expected) => {
    expect(after(...steps)).toEqual({ ...clean, ...expected })
  })
})

describe('the ledger', () => {
  const run = 'page'

  test('counts each number once, and redelivered ids without a second effect', () => {
    const ledger = createLedger()
    ledger.record({ run, n: 1 }, { id: 's.1', redelivered: false, process: 1 })
    ledger.record({ run, n: 2 }, { id: 's.2', redelivered: false, process: 1 })
    ledger.record({ run, n: 2 }, { id: 's.2', redelivered: true, process: 1 })
    ledger.record({ run, n: 3 }, { id: 's.3', redelivered: true, process: 1 })
    const handled: Span[] = [[1, 3]]
    expect(ledger.report(run)).toEqual({ started: 4, repeated: 1, doubled: 0, reordered: 0, handled })
    expect(ledger.report('another page')).toEqual({ started: 0, repeated: 0, doubled: 0, reordered: 0, handled: [] })
  })

  test('forgives a start that an older server process had under way when its successor was given the message', () => {
    const ledger = createLedger()
    ledger.record({ run, n: 1 }, { id: 's.1', redelivered: true, process: 2 })
    ledger.record({ run, n: 1 }, { id: 's.1', redelivered: false, process: 1 })
    expect(ledger.report(run)).toMatchObject({ started: 2, repeated: 1, doubled: 0 })
  })

  test('sees a second start that is not marked, one under another id, and a wrong order', () => {
    const ledger = createLedger()
    ledger.record({ run, n: 2 }, { id: 's.2', redelivered: false, process: 1 })
    ledger.record({ run, n: 2 }, { id: 's.2', redelivered: false, process: 1 })
    ledger.record({ run, n: 2 }, { id: 't.1', redelivered: true, process: 1 })
    ledger.record({ run, n: 1 }, { id: 's.1', redelivered: false, process: 1 })
    expect(ledger.report(run)).toMatchObject({ doubled: 2, reordered: 1, handled: [[1, 2]] })
  })
})

describe('the verdict on messages up', () => {
  test('names what was acknowledged and not handled, and what was handled and called not sent', async () => {
    const outcomes: Outcome[] = ['acknowledged', 'acknowledged', 'not-sent', 'not-sent', 'in-doubt']
    const settled: Outcome[] = []
    const up = createUp(
      (n) => (outcomes[n - 1] === 'acknowledged' ? Promise.resolve() : Promise.reject(new Error(outcomes[n - 1]))),
      (error) => (error as Error).message as Outcome,
      (outcome) => settled.push(outcome),
    )
    up.send(outcomes.length)
    await expect.poll(() => settled.length).toBe(outcomes.length)
    const ledger = { started: 3, repeated: 0, doubled: 0, reordered: 0 }
    const verdict = (handled: Span[]): unknown => up.compare({ ...ledger, handled }, up.acknowledgedNow())
    expect(verdict([[1, 2]])).toEqual({ lost: 0, doubled: 0, reordered: 0, misreported: 0 })
    expect(verdict([[1, 1]])).toMatchObject({ lost: 1 })
    expect(verdict([[1, 3]])).toMatchObject({ lost: 0, misreported: 1 })
  })
})
