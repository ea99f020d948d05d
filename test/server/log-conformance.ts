/** What every log must do; each log's test calls this with a way to make one. */
import { expect, test } from 'vitest'
import type { Position } from '@holdfast/protocol'
import type { AppendedEntry, Log } from '@holdfast/server'

export interface LogUnderTest {
  log: Log
  /** Removes a topic's entries up to this offset, as age or bounds do. */
  trim(topic: string, upTo: number): void | Promise<void>
}

const PAGE = { events: 1_000, bytes: 1_000_000 }

/** Appends so many entries, numbered from `from`; returns the last position. */
async function fill(log: Log, topic: string, count: number, from = 1): Promise<Position> {
  let last: Position = ['', 0, 0]
  for (let i = from; i < from + count; i++) {
    const { epoch, offset, check } = await log.append(topic, JSON.stringify(i))
    last = [epoch, offset, check]
  }
  return last
}

export function testLog(make: () => LogUnderTest | Promise<LogUnderTest>): void {
  test('offsets of a topic count from 1 in one epoch, and topics do not share them', async () => {
    const { log } = await make()
    expect((await fill(log, 'a', 3))[1]).toBe(3)
    expect((await fill(log, 'b', 1))[1]).toBe(1)
    const [first, second] = [await log.append('a', '4'), await log.append('a', '5')]
    expect([first.offset, second.offset]).toEqual([4, 5])
    expect(second.epoch).toBe(first.epoch)
    expect(first.epoch).toMatch(/^[^!]{1,48}$/)
  })

  test('a dedupe id appends once while its entry is kept', async () => {
    const { log } = await make()
    const first = await log.append('a', '1', { dedupe: 'x' })
    await log.append('a', '2', { dedupe: 'y' })
    expect(await log.append('a', '3', { dedupe: 'x' })).toEqual(first)
    expect((await log.append('b', '1', { dedupe: 'x' })).offset).toBe(1)
    expect((await log.append('a', '3')).offset).toBe(3)
  })

  test('text comes back as text and bytes as bytes, when read and when told', async () => {
    const { log } = await make()
    const told: AppendedEntry['data'][] = []
    const start = (await log.locate('a', null)).position
    const unwatch = log.watch('a', ({ data }) => told.push(data))
    const all = ['"text"', new Uint8Array([0, 0x5b, 0xff]), '']
    for (const data of all) await log.append('a', data)
    expect((await log.read('a', start, PAGE))?.entries.map(({ data }) => data)).toEqual(all)
    expect(told).toEqual(all)
    unwatch()
  })

  test('the start of a topic is a position before its first entry is appended, and stays one', async () => {
    const { log } = await make()
    const start = (await log.locate('a', null)).position
    expect(start.slice(1)).toEqual([0, 0])
    await fill(log, 'a', 2)
    expect(await log.locate('a', start)).toEqual({ position: start, rolledBack: false })
    const page = await log.read('a', start, PAGE)
    expect(page?.entries.map(({ data }) => data)).toEqual(['1', '2'])
  })

  test('without a position it is located at the top', async () => {
    const { log } = await make()
    const top = await fill(log, 'a', 3)
    expect((await log.locate('a', null)).position).toEqual(top)
    expect(await log.read('a', top, PAGE)).toEqual({ entries: [], top: 3 })
  })

  test('every position on the log is located where it is and reads what follows', async () => {
    const { log } = await make()
    await fill(log, 'a', 5)
    const page = await log.read('a', (await log.locate('a', ['', 0, 0])).position, PAGE)
    for (const { offset, check } of page!.entries) {
      const position: Position = [(await log.locate('a', null)).position[0], offset, check]
      expect(await log.locate('a', position)).toEqual({ position, rolledBack: false })
      const rest = await log.read('a', position, PAGE)
      expect(rest?.entries.map((entry) => entry.offset)).toEqual([1, 2, 3, 4, 5].slice(offset))
      expect(rest?.top).toBe(5)
    }
  })

  test('pages are bounded by count and bytes, and never empty below the top', async () => {
    const { log } = await make()
    const start = (await log.locate('a', null)).position
    await fill(log, 'a', 10)
    const byCount = await log.read('a', start, { events: 4, bytes: 1_000 })
    expect(byCount).toMatchObject({ top: 10, entries: [1, 2, 3, 4].map((offset) => ({ offset })) })
    await log.append('big', JSON.stringify('x'.repeat(5_000)))
    await log.append('big', '2')
    const byBytes = await log.read('big', (await log.locate('big', ['', 0, 0])).position, { events: 10, bytes: 100 })
    expect(byBytes?.entries).toHaveLength(1)
  })

  test.each([
    ['another epoch', (top: Position): Position => ['another', top[1], top[2]], false],
    ['an offset above the top', (top: Position): Position => [top[0], top[1] + 1, top[2]], true],
    ['another check', (top: Position): Position => [top[0], top[1], top[2] + 1], true],
    ['a check at the start', (top: Position): Position => [top[0], 0, 7], true],
    ['the empty epoch', (): Position => ['', 0, 0], false],
  ])('a position with %s is not on the log', async (_, wrong, rolledBack) => {
    const { log } = await make()
    const start = (await log.locate('a', null)).position
    const position = wrong(await fill(log, 'a', 3))
    expect(await log.read('a', position, PAGE)).toBeNull()
    expect(await log.locate('a', position)).toEqual({ position: start, rolledBack })
  })

  test('what has been trimmed is not on the log; it goes on from the oldest position that is', async () => {
    const { log, trim } = await make()
    const start = (await log.locate('a', null)).position
    const top = await fill(log, 'a', 5)
    await trim('a', 3)
    expect(await log.read('a', start, PAGE)).toBeNull()
    const oldest = await log.locate('a', start)
    expect(oldest).toMatchObject({ rolledBack: false })
    expect(oldest.position.slice(0, 2)).toEqual([top[0], 3])
    const page = await log.read('a', oldest.position, PAGE)
    expect(page?.entries.map(({ offset }) => offset)).toEqual([4, 5])
    await trim('a', 5)
    expect(await log.locate('a', top)).toEqual({ position: top, rolledBack: false })
    expect((await log.append('a', '6')).offset).toBe(6)
  })

  test('whoever watches a topic is told its entries in order, until the undo', async () => {
    const { log } = await make()
    const told: AppendedEntry[] = []
    const undo = log.watch('a', (entry) => told.push(entry))
    const appended = await log.append('a', '"x"')
    await log.append('b', '1')
    await log.append('a', '"y"')
    await expect
      .poll(() => told)
      .toEqual([
        { ...appended, data: '"x"' },
        { ...appended, offset: 2, data: '"y"' },
      ])
    undo()
    await log.append('a', '3')
    expect(told).toHaveLength(2)
  })
}
