// The page of figures is what the results make of it, and nothing else.
import { expect, test } from 'vitest'
import { parts } from '../../bench/src/results.ts'
import { losses } from '../../bench/src/report/losses.ts'
import { barPlot } from '../../bench/src/report/plots.ts'
import { targetsOf } from '../../bench/src/report/targets.ts'
import { readAll, stale } from '../../bench/src/report/write.ts'

const root = new URL('../../bench/', import.meta.url)

test('docs/benchmarks.md and its plots are what bench/results makes of them (npm run bench -- --report)', async () => {
  expect(await stale(root)).toEqual([])
  expect(Object.keys(readAll(root))).toEqual([...parts])
})

const row = (contestant: string, measure: string, values: number[]) => ({
  contestant,
  measure,
  unit: 'messages/s' as const,
  values,
})
const part = (rows: ReturnType<typeof row>[]) => ({
  node: { date: '', machine: { cpu: '', cores: 2, memory: '', node: '', load: 0 }, versions: {}, rounds: 3, rows },
})

test('a target is judged by the median of the ratios of the rounds, and one that was not measured is not judged', () => {
  const results = part([
    row('holdfast', 'pipelined 64 B', [50, 10, 60]),
    row('socket.io', 'pipelined 64 B', [10, 1, 20]),
  ])
  const [first, second] = targetsOf(results, 1_000)
  expect(first).toMatchObject({ measured: 5, holds: true })
  expect(second).toMatchObject({ measured: null, holds: null })
  expect(
    targetsOf(part([row('holdfast', 'pipelined 64 B', [49]), row('socket.io', 'pipelined 64 B', [10])]), 1)[0],
  ).toMatchObject({ holds: false })
})

test('whoever does better than Holdfast is named, with how many times; within 5 percent nobody is', () => {
  const told = losses(
    part([row('holdfast', 'send 64 B', [100]), row('raw', 'send 64 B', [200]), row('phoenix', 'send 64 B', [104])]),
  )
  expect(told).toContain('| Node: send 64 B | raw × 2.0 |')
  expect(told).not.toContain('phoenix')
  expect(losses(part([row('holdfast', 'send 64 B', [100]), row('raw', 'send 64 B', [90])]))).toBe(
    'Nowhere in these measures.',
  )
})

test('a plot says each value as text, and is drawn for light pages and dark ones', () => {
  const svg = barPlot('Messages < frames', [{ name: 'holdfast', value: 1_234, low: 1_000, high: 2_000 }])
  expect(svg).toContain('1,230')
  expect(svg).toContain('Messages &lt; frames')
  expect(svg).toContain('prefers-color-scheme: dark')
})
