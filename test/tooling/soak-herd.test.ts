// The herd runs for half an hour elsewhere. What it concludes is checked here, and that it runs at all.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { seeded } from '@holdfast/testing'
import type { HerdFigures } from '../soak/herd/figures.ts'
import { trendOf, type Sample } from '../soak/herd/trend.ts'
import { doubtsOf, faultsOf, verdictOf } from '../soak/herd/verdict.ts'

/** Twenty minutes, a sample every ten seconds, with noise of which each sample remembers so much, and connections that come and go. */
function samples(seed: number, slope: number, memory: number, weight = 0): Sample[] {
  const random = seeded(seed)
  let noise = 0
  let load = 0
  return Array.from({ length: 120 }, (_, n) => {
    noise = memory * noise + random() - 0.5
    load = 0.9 * load + 100 * random()
    return [n / 360, 100 + (slope * n) / 360 + noise + weight * load, load]
  })
}

/** Of a hundred runs. */
const share = (holds: (seed: number) => boolean): number =>
  Array.from({ length: 100 }, (_, n) => n + 1).filter(holds).length

describe('the trend of a heap', () => {
  test('of a straight line is its slope, and sure', () => {
    const { slope, margin } = trendOf([0, 1, 2, 3, 4].map((at) => [at, 7 + 3 * at, 0]))
    expect(slope).toBeCloseTo(3)
    expect(margin).toBeCloseTo(0)
  })

  test.each([0, 0.5, 0.8])('lies within its margin, whatever the noise remembers: %d', (memory) => {
    const right = (truth: number) => (seed: number) => {
      const { slope, margin } = trendOf(samples(seed, truth, memory))
      return Math.abs(slope - truth) <= margin
    }
    expect(share(right(0))).toBeGreaterThanOrEqual(88)
    expect(share(right(20))).toBeGreaterThanOrEqual(88)
  })

  test('that grows is told from one that does not', () => {
    expect(
      share((seed) => trendOf(samples(seed, 5, 0.5)).slope - trendOf(samples(seed, 5, 0.5)).margin > 1),
    ).toBeGreaterThan(95)
  })

  test('is that at equal load: connections that come and go hide nothing, and feign nothing', () => {
    const right = (truth: number) => (seed: number) => {
      const { slope, margin } = trendOf(samples(seed, truth, 0.5, 0.1))
      return Math.abs(slope - truth) <= margin && margin < 4
    }
    expect(share(right(0))).toBeGreaterThanOrEqual(88)
    expect(share(right(5))).toBeGreaterThanOrEqual(88)
  })

  test('of a few samples is nothing to rely on', () => {
    expect(
      trendOf([
        [0, 1, 0],
        [1, 2, 0],
      ]),
    ).toEqual({ slope: 0, margin: Infinity })
  })
})

describe('the verdict on a herd', () => {
  const course = { first: 10, last: 10, slope: 0, margin: 0.2 }
  const held = { ...course, before: 21, after: 21 }
  const quiet = {
    heap: course,
    code: course,
    external: course,
    resident: course,
    descriptors: held,
    cores: 0.5,
    lag: 3,
  }
  const well: HerdFigures = {
    clients: 1,
    minutes: 30,
    seed: 1,
    warmUp: 10,
    faults: { hold: 1 },
    sent: 3,
    outcomes: { acknowledged: 3 },
    handled: 4,
    redelivered: 1,
    heard: 5,
    links: 2,
    violations: [],
    processes: { clients: quiet, proxy: quiet, server: quiet },
  }
  const grown = { ...well.processes, proxy: { ...quiet, heap: { ...course, slope: 1.3 } } }

  test('is good when every promise was kept and nothing grows', () => {
    expect(faultsOf(well)).toEqual([])
  })

  test('names what was lost, handled twice, or told by an oracle', () => {
    expect(faultsOf({ ...well, outcomes: { acknowledged: 2 } })).toEqual(['3 sent, 2 acknowledged'])
    expect(faultsOf({ ...well, redelivered: 0 })).toEqual(['3 sent, 4 handled'])
    expect(faultsOf({ ...well, violations: ['a gap'] })).toEqual(['a gap'])
  })

  test('names descriptors that stayed open', () => {
    const left = { ...quiet, descriptors: { ...held, after: 90 } }
    expect(faultsOf({ ...well, processes: { ...well.processes, server: left } })).toEqual([
      'server: 90 descriptors at the end, 21 at the start',
    ])
  })

  test('names descriptors that become more beyond doubt', () => {
    const more = { ...quiet, descriptors: { ...held, slope: 90, margin: 20 } }
    expect(faultsOf({ ...well, processes: { ...well.processes, server: more } })).toEqual([
      'server: its descriptors grow by 90.0 ± 20.0 an hour',
    ])
  })

  test('names a heap that grows beyond doubt, where the run was long enough', () => {
    expect(faultsOf({ ...well, processes: grown })).toEqual(['proxy: its MiB of heap grow by 1.3 ± 0.2 an hour'])
    expect(faultsOf({ ...well, minutes: 19, processes: grown })).toEqual([])
  })

  test('names what it is in doubt of, which fails nothing', () => {
    const unclear = { ...well.processes, proxy: { ...quiet, external: { ...course, slope: 0.9 } } }
    expect(doubtsOf({ ...well, processes: unclear })).toEqual(['proxy: its MiB of buffers grow by 0.9 ± 0.2 an hour'])
    expect(faultsOf({ ...well, processes: unclear })).toEqual([])
    expect(doubtsOf(well)).toEqual([])
    expect(doubtsOf({ ...well, processes: { ...well.processes, server: { ...quiet, lag: 900 } } })).toEqual([
      'server: its event loop was late by 900 ms, the machine did not keep up',
    ])
  })

  test('is sure only where the margin does not reach the bound', () => {
    expect(verdictOf({ slope: 1.3, margin: 0.2 }, 1)).toBe('grows')
    expect(verdictOf({ slope: 0.3, margin: 0.2 }, 1)).toBe('flat')
    expect(verdictOf({ slope: 1.3, margin: 0.5 }, 1)).toBe('cannot be told')
    expect(verdictOf({ slope: 0.3, margin: Infinity }, 1)).toBe('cannot be told')
  })
})

test(
  'a small herd runs in processes of its own, keeps every promise, and leaves nothing open',
  { timeout: 240_000 },
  async () => {
    const args = ['scripts/soak.mjs', 'herd', '--clients', '6', '--minutes', '0.08']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const closed = new Promise((resolve) => child.on('close', resolve))
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    expect([await closed, err]).toEqual([0, ''])
    expect(out).toContain('**0 violations.**')
  },
)
