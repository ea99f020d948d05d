/** Half of the seeds of `npm test`: two files, so that two cores share them. */
import { expect, test } from 'vitest'
import { range, rareFaults, runCampaign } from './campaign.ts'

/** `SEED` runs one again by itself, `SEEDS` so many. */
const { SEED, SEEDS } = process.env
const count = Math.ceil(Number(SEEDS ?? 2000) / 2)
/** 100 times in 2,000 seeds. Fewer runs say nothing of how often a fault takes effect. */
const PER_HUNDRED = 5

export function testShard(n: 0 | 1): void {
  test.skipIf(SEED && n > 0)(
    'seeded runs keep every promise whatever breaks, and each fault has broken something',
    async () => {
      const campaign = await runCampaign(SEED ? [{ seed: Number(SEED) }] : range(1 + n * count, count))
      expect(campaign.failures.join('\n')).toBe('')
      expect(rareFaults(campaign, campaign.seeds < 500 ? 0 : PER_HUNDRED)).toEqual([])
    },
    600_000,
  )
}
