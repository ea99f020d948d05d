import { expect, test } from 'vitest'
import { seeded, settled, TestingError, virtualClock } from '@holdfast/testing/memory'

test('timers fire at their instants, in order, and those of one instant as they were armed', async () => {
  const clock = virtualClock({ start: 0 })
  const fired: string[] = []
  const note = (name: string) => () => fired.push(`${name} at ${clock.now()}`)
  clock.after(20, note('later'))
  clock.after(10, note('first'))
  clock.after(10, note('second'))
  const undo = clock.after(15, note('never'))
  expect(clock.armed).toBe(4)
  undo()
  undo()
  await clock.advance(19)
  expect(fired).toEqual(['first at 10', 'second at 10'])
  expect(clock.now()).toBe(19)
  await clock.advance(1)
  expect(fired.at(-1)).toBe('later at 20')
  expect(clock.armed).toBe(0)
})

test('what follows from a timer happens before the next one', async () => {
  const clock = virtualClock({ start: 0 })
  const seen: string[] = []
  clock.after(10, () => {
    void (async () => {
      for (let i = 0; i < 500; i++) await Promise.resolve()
      seen.push(`awaited at ${clock.now()}`)
      clock.after(5, () => seen.push(`armed meanwhile, at ${clock.now()}`))
    })()
  })
  clock.after(20, () => seen.push(`last at ${clock.now()}`))
  await clock.advance(20)
  expect(seen).toEqual(['awaited at 10', 'armed meanwhile, at 15', 'last at 20'])
})

test('after a sleep every timer is late', async () => {
  const clock = virtualClock({ start: 0 })
  const fired: number[] = []
  clock.after(10, () => fired.push(clock.now()))
  clock.after(20, () => fired.push(clock.now()))
  clock.after(1001, () => fired.push(clock.now()))
  await clock.sleep(1000)
  expect(fired).toEqual([1000, 1000])
})

test('until takes as much time as a promise needs, and gives what it gives', async () => {
  const clock = virtualClock({ start: 0 })
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
  const work = async (): Promise<string> => {
    for (let i = 0; i < 10; i++) await wait(1000)
    return 'done'
  }
  expect(await clock.until(work())).toBe('done')
  expect(clock.now()).toBe(10_000)
  await expect(clock.until(wait(5).then(() => Promise.reject(new Error('no'))))).rejects.toThrow('no')
  expect(await clock.until(Promise.resolve(0))).toBe(0)
  expect(clock.now()).toBe(10_005)
})

test('until stops where a condition holds, and gives up after so much virtual time', async () => {
  const clock = virtualClock({ start: 0 })
  let count = 0
  const tick = (): void => {
    count++
    clock.after(100, tick)
  }
  tick()
  expect(await clock.until(() => count >= 4 && `count ${count}`)).toBe('count 4')
  expect(clock.now()).toBe(300)
  const late = await clock.until(() => count > 100, { within: 1000 }).catch((error: unknown) => error)
  expect(late).toBeInstanceOf(TestingError)
  expect(late).toMatchObject({ code: 'timed-out', message: expect.stringContaining('count > 100') })
  expect(clock.now()).toBe(1300)
  await expect(clock.until(new Promise(() => {}), { within: 10 })).rejects.toMatchObject({ code: 'timed-out' })
  await expect(
    clock.until(() => {
      throw new Error('of the condition')
    }),
  ).rejects.toThrow('of the condition')
})

test('timers that set each other without time passing are an error, not a hang', async () => {
  const clock = virtualClock()
  const again = (): void => void clock.after(0, again)
  again()
  await expect(clock.advance(1)).rejects.toMatchObject({ code: 'endless' })
})

test('everything that waits for promises only has had its turn once settled', async () => {
  let turns = 0
  void (async () => {
    for (; turns < 1000; turns++) await Promise.resolve()
  })()
  await settled()
  expect(turns).toBe(1000)
})

test('one seed gives the same numbers each time, in the range of Math.random', () => {
  const take = (seed?: number): number[] => Array.from({ length: 1000 }, seeded(seed))
  expect(take(7)).toEqual(take(7))
  expect(take(7)).not.toEqual(take(8))
  expect(take()).toEqual(take(1))
  expect(take().every((value) => value >= 0 && value < 1)).toBe(true)
  expect(take().reduce((sum, value) => sum + value) / 1000).toBeCloseTo(0.5, 1)
})
