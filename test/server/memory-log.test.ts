import { describe, expect, test } from 'vitest'
import { memoryLog } from '@holdfast/server'
import type { Located, Log, Page } from '@holdfast/server'
import type { Position } from '@holdfast/protocol'
import { testLog } from './log-conformance.ts'

/** A log in memory answers at once. */
const locate = (log: Log, topic: string, position: Position | null = null): Located =>
  log.locate(topic, position) as Located
const offsets = (log: Log, topic: string): number[] => {
  const page = log.read(topic, locate(log, topic, ['', 0, 0]).position, { events: 1e6, bytes: 1e9 }) as Page
  return page.entries.map(({ offset }) => offset)
}

describe('memoryLog keeps the contract', () => {
  testLog(() => {
    let now = 0
    const log = memoryLog({ maxAge: 1_000_000, now: () => now })
    return {
      log: {
        ...log,
        // One tick per entry, so that age can tell them apart.
        append: (topic, data, options) => {
          now++
          return log.append(topic, data, options)
        },
      },
      trim(topic, upTo) {
        const { position } = locate(log, topic)
        now += 1_000_000 - (position[1] - upTo)
      },
    }
  })
})

describe('bounds', () => {
  test('a topic keeps its newest entries, by count', () => {
    const log = memoryLog({ maxMessages: 3 })
    for (let i = 0; i < 5_000; i++) void log.append('a', '1')
    expect(offsets(log, 'a')).toEqual([4_998, 4_999, 5_000])
  })

  test('by bytes', () => {
    const log = memoryLog({ maxBytes: 10 })
    for (let i = 0; i < 5; i++) void log.append('a', '1234')
    expect(offsets(log, 'a')).toEqual([4, 5])
    void log.append('a', 'longer than ten')
    expect(offsets(log, 'a')).toEqual([])
  })

  test('by age, also without being appended to', () => {
    let now = 0
    const log = memoryLog({ maxAge: 100, now: () => now })
    void log.append('a', '1')
    now = 50
    void log.append('a', '2')
    now = 120
    expect(offsets(log, 'a')).toEqual([2])
    now = 1_000
    expect(offsets(log, 'a')).toEqual([])
    expect(locate(log, 'a').position[1]).toBe(2)
  })

  test('a dedupe id goes with its entry', () => {
    const log = memoryLog({ maxMessages: 1 })
    void log.append('a', '1', { dedupe: 'x' })
    void log.append('a', '2')
    expect(log.append('a', '1', { dedupe: 'x' })).toMatchObject({ offset: 3 })
  })

  test('over all topics, the quietest one loses its entries first', () => {
    const log = memoryLog({ maxTotalBytes: 20 })
    void log.append('a', '123456789')
    void log.append('b', '123456789')
    void log.append('a', '1')
    void log.append('c', '123456789')
    expect(['a', 'b', 'c'].map((topic) => offsets(log, topic))).toEqual([[1, 2], [], [1]])
  })

  test('beyond the most topics the quietest is forgotten, and made anew under another epoch', () => {
    const log = memoryLog({ maxTopics: 10 })
    const before = locate(log, 'old').position
    const watched = locate(log, 'watched').position
    log.watch('watched', () => {})
    for (let i = 0; i < 100; i++) void log.append('t' + i, '1')
    const after = locate(log, 'old', before)
    expect(after).toEqual({ rolledBack: false, position: [expect.any(String), 0, 0] })
    expect(after.position[0]).not.toBe(before[0])
    expect(locate(log, 'watched', watched).position).toEqual(watched)
  })

  test('quiet topics are forgotten after an hour, unless somebody watches', () => {
    let now = 0
    const log = memoryLog({ now: () => now })
    const quiet = locate(log, 'quiet').position
    const watched = locate(log, 'watched').position
    log.watch('watched', () => {})
    now = 3_000_000
    void log.append('other', '1')
    now = 4_000_000
    for (let i = 0; i < 10; i++) void log.append('other', '1')
    expect(locate(log, 'quiet', quiet).position).not.toEqual(quiet)
    expect(locate(log, 'watched', watched).position).toEqual(watched)
  })

  test('what nobody will ask for again goes at once, unless somebody watches', () => {
    const log = memoryLog()
    const undo = log.watch('a', () => {})
    void log.append('a', '1')
    void log.forget?.('a')
    void log.forget?.('never')
    expect(offsets(log, 'a')).toEqual([1])
    undo()
    void log.forget?.('a')
    expect(offsets(log, 'a')).toEqual([])
  })

  test('no two logs share an epoch unless told to', () => {
    const [one, two] = [memoryLog(), memoryLog()]
    expect(locate(one, 'a').position[0]).not.toBe(locate(two, 'a').position[0])
    expect(locate(memoryLog({ epoch: 'e' }), 'a').position[0]).toBe('e.1')
  })

  test('appending and reading at the top cost the same however much is kept', () => {
    const log = memoryLog({ maxMessages: 50_000, maxBytes: 1e9 })
    for (let i = 0; i < 60_000; i++) void log.append('a', '1')
    const started = performance.now()
    // Any work per kept entry would make this a thousand million steps.
    for (let i = 0; i < 20_000; i++) {
      void log.append('a', '1')
      const { position } = locate(log, 'a')
      void log.read('a', position, { events: 256, bytes: 1_000 })
    }
    expect(performance.now() - started).toBeLessThan(3_000)
  })
})
