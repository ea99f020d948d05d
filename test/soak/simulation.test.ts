import { expect, test } from 'vitest'
import { range, rareFaults, runCampaign } from '../simulation/campaign.ts'

const count = Number(process.env.SOAK_SEEDS ?? 20_000)

test(`${count} seeded runs keep every promise`, async () => {
  // Not those that every test run has.
  const campaign = await runCampaign(range(1_000_000, count))
  expect(campaign.failures.join('\n')).toBe('')
  expect(rareFaults(campaign, 4)).toEqual([])
})
