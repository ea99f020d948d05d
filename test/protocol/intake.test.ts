import { createIntake, type Result } from '@holdfast/protocol'
import { describe, expect, test } from 'vitest'
import { ensure, forSeeds } from './random.ts'

describe('an intake', () => {
  test('hands on in order, each once, and tells results with one cumulative ack', () => {
    const intake = createIntake<string>(8)
    expect(intake.receive(2, 'b')).toBe('held')
    expect(intake.hole).toBe(true)
    expect(intake.next()).toBeNull()
    expect(intake.receive(1, 'a')).toBe('taken')
    expect([intake.hole, intake.received]).toEqual([false, 2])
    expect([intake.next(), intake.next(), intake.next()]).toEqual([[1, 'a'], [2, 'b'], null])
    intake.finish(2, [2, 'two'])
    expect(intake.ack()).toEqual([0, [[2, 'two']]])
    intake.finish(1)
    expect(intake.ack()).toEqual([2, []])
    expect(intake.ack()).toBeNull()
  })

  test('passes over voids', () => {
    const intake = createIntake<string>(8)
    intake.receive(1, null)
    intake.receive(2, 'b')
    expect(intake.next()).toEqual([2, 'b'])
    expect(intake.ack()).toEqual([1, []])
    intake.receive(3, null)
    expect(intake.next()).toBeNull()
    intake.finish(2)
    expect(intake.ack()).toEqual([3, []])
  })

  test('answers a duplicate from the kept result, and again when there is none', () => {
    const intake = createIntake<string>(8)
    for (const serial of [1, 2]) intake.receive(serial, 'x')
    while (intake.next());
    intake.finish(1, [1, null, 'no', 'not you'])
    intake.finish(2)
    expect(intake.ack()).toEqual([2, [[1, null, 'no', 'not you']]])
    expect(intake.receive(1, 'x')).toBe('duplicate')
    expect(intake.ack()).toEqual([2, [[1, null, 'no', 'not you']]])
    expect(intake.receive(2, 'x')).toBe('duplicate')
    expect(intake.ack()).toEqual([2, []])
  })

  test('takes nothing beyond its window, nor beyond four windows of what the sender has not settled', () => {
    const intake = createIntake<number>(4)
    expect(intake.receive(5, 5)).toBe('beyond')
    expect(intake.receive(4, 4)).toBe('held')
    for (let serial = 1; serial <= 16; serial++) {
      intake.receive(serial, serial)
      while (intake.next());
      intake.finish(serial)
    }
    expect(intake.receive(17, 17)).toBe('beyond')
    expect(intake.settle(1)).toBe(true)
    expect(intake.receive(17, 17)).toBe('taken')
  })

  test('refuses to settle what is not handled, and forgets what is', () => {
    const intake = createIntake<number>(4)
    intake.receive(1, 1)
    expect(intake.settle(1)).toBe(false)
    intake.next()
    intake.finish(1, [1, 'kept'])
    expect(intake.kept()).toEqual([[1, 'kept']])
    expect(intake.settle(1)).toBe(true)
    expect(intake.settle(0)).toBe(true)
    expect(intake.kept()).toEqual([])
    expect(intake.settle(2)).toBe(false)
    expect(intake.settle(Number.MAX_SAFE_INTEGER)).toBe(false)
  })

  test('tells nothing on a new link when nothing was handled, and everything kept otherwise', () => {
    const intake = createIntake<number>(4)
    intake.retell()
    expect(intake.ack()).toBeNull()
    for (const serial of [1, 2, 3]) intake.receive(serial, serial)
    while (intake.next());
    intake.finish(1)
    intake.finish(3, [3, 'c'])
    intake.ack()
    intake.retell()
    expect(intake.ack()).toEqual([1, [[3, 'c']]])
  })

  test('ignores what nobody was asked to finish', () => {
    const intake = createIntake<number>(4)
    intake.receive(1, 1)
    intake.finish(1, [1, 'early'])
    intake.finish(9, [9, 'never'])
    expect(intake.handled).toBe(0)
    expect(intake.ack()).toBeNull()
    expect(intake.next()).toEqual([1, 1])
  })

  test.each([0, -1])('serial %d is nothing', (serial) => {
    const intake = createIntake<number>(4)
    expect(intake.receive(serial, 1)).toBe('duplicate')
    expect(intake.next()).toBeNull()
    expect(intake.ack()).toBeNull()
  })
})

test('against a naive reference: each message once, in order; every result told until settled; memory within bounds', () => {
  forSeeds(300, (random) => {
    const window = 1 + random.int(8)
    const intake = createIntake<string>(window)
    const voids = new Set<number>()
    const arrived = new Set<number>()
    const taken: number[] = []
    const finished = new Map<number, Result | undefined>()
    let top = 0
    let settled = 0
    // What the sender knows: the results that reached it, and the highest cumulative serial.
    const known = new Map<number, Result>()
    let acknowledged = 0
    const contiguous = (has: (serial: number) => boolean): number => {
      let serial = 0
      while (has(serial + 1)) serial++
      return serial
    }
    const receive = (): void => {
      const serial = random.chance(0.2) ? 1 + random.int(top + 3 * window) : 1 + random.int(top + 2)
      if (serial > top) top = Math.min(serial, top + 1)
      if (!arrived.has(serial) && random.chance(0.1)) voids.add(serial)
      const before = contiguous((at) => arrived.has(at))
      const beyond = serial > before + window || serial > settled + 4 * window
      const expected = serial <= before || (arrived.has(serial) && !beyond) ? 'duplicate' : beyond ? 'beyond' : null
      const verdict = intake.receive(serial, voids.has(serial) ? null : 'm' + serial)
      expect(verdict).toBe(expected ?? (serial === before + 1 ? 'taken' : 'held'))
      if (verdict === 'taken' || verdict === 'held') arrived.add(serial)
      else if (!arrived.has(serial)) voids.delete(serial)
    }
    const next = (): void => {
      const message = intake.next()
      if (message) {
        ensure(message[1] === 'm' + message[0], 'another message under this serial')
        taken.push(message[0])
      }
      const due = [...arrived].filter((serial) => serial <= intake.received && !voids.has(serial)).sort((a, b) => a - b)
      ensure(taken.join() === due.slice(0, message ? taken.length : undefined).join(), 'not taken in order, each once')
    }
    const finish = (): void => {
      const running = taken.filter((serial) => !finished.has(serial))
      if (!running.length) return
      const serial = random.pick(running)
      const result = random.pick<Result | undefined>([undefined, [serial, 'v'], [serial, null, 'no', 'refused']])
      finished.set(serial, result)
      intake.finish(serial, result)
    }
    const ack = (): void => {
      const told = intake.ack()
      if (!told || random.chance(0.3)) return
      acknowledged = Math.max(acknowledged, told[0])
      for (const result of told[1]) {
        expect(result).toEqual(finished.get(result[0]))
        known.set(result[0], result)
      }
    }
    const settle = (): void => {
      // Only what the sender has: all results up to there have reached it, or it would have asked for them again.
      let upTo = settled
      while (upTo < acknowledged && (!finished.get(upTo + 1) || known.has(upTo + 1))) upTo++
      settled = upTo - (random.chance(0.2) ? random.int(upTo - settled + 1) : 0)
      expect(intake.settle(settled)).toBe(true)
    }
    const acts = [
      receive,
      receive,
      receive,
      receive,
      receive,
      next,
      next,
      finish,
      finish,
      ack,
      settle,
      () => intake.retell(),
    ]
    for (let step = 0; step < 150; step++) {
      random.pick(acts)()
      expect(intake.received).toBe(contiguous((serial) => arrived.has(serial)))
      expect(intake.hole).toBe([...arrived].some((serial) => serial > intake.received))
      const due = [...finished].filter(([serial, result]) => result && serial > settled).map(([, result]) => result!)
      expect(intake.kept()).toEqual(due.sort((a, b) => a[0] - b[0]))
      expect(due.length).toBeLessThanOrEqual(4 * window)
      if (step % 10 === 0) next()
    }
    // Drain: everything that arrived without a hole is taken, and told again as a whole.
    for (;;) {
      const message = intake.next()
      if (!message) break
      taken.push(message[0])
    }
    for (const serial of taken) if (!finished.has(serial)) intake.finish(serial)
    expect(taken).toEqual([...taken].sort((a, b) => a - b))
    expect(new Set(taken).size).toBe(taken.length)
    expect(intake.handled).toBe(intake.received)
    intake.retell()
    const last = intake.ack()
    expect(last).toEqual(intake.received ? [intake.handled, intake.kept()] : null)
  })
})
