// Run by scripts/soak.mjs, which tells how many seeds, from which one on, and for how long.
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { range, rareFaults, runCampaign, type Campaign } from '../simulation/campaign.ts'

const { SOAK_SEEDS, SOAK_FROM, SOAK_MINUTES, SOAK_REPORT } = process.env
const count = Number(SOAK_SEEDS ?? 20_000)
/** Not those that every test run has. */
const first = Number(SOAK_FROM ?? 1_000_000)
const time = SOAK_MINUTES ? Number(SOAK_MINUTES) * 60_000 : Infinity

test('seeded runs keep every promise, however many there are', { timeout: 0 }, async () => {
  const from = performance.now()
  const seconds = (): number => (performance.now() - from) / 1000
  const progress = ({ seeds, failures }: Campaign): void =>
    console.log(`${seeds} seeds, ${failures.length} violations, ${(seeds / seconds()).toFixed(1)} seeds/s`)
  const campaign = await runCampaign(range(first, count), { time, progress, failed: console.log })
  const { seeds, failures, faults } = campaign
  const told = { seeds, seconds: seconds(), violations: failures.length, faults: Object.fromEntries(faults) }
  if (SOAK_REPORT) writeFileSync(SOAK_REPORT, JSON.stringify(told))
  expect(failures.join('\n')).toBe('')
  expect(rareFaults(campaign, seeds < 500 ? 0 : 5)).toEqual([])
})
