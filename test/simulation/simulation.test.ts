import { expect, test } from 'vitest'
import { range, rareFaults, runCampaign } from './campaign.ts'
import { corpus } from './corpus.ts'
import { runSeed } from './run.ts'

/** `SEED` runs one again by itself, `SEEDS` so many. */
const { SEED, SEEDS } = process.env
const seeds = SEED ? [Number(SEED)] : [...range(1, Number(SEEDS ?? 500))]
/** Fewer runs say nothing of how often a fault takes effect. */
const leastOfAFault = seeds.length < 200 ? 0 : 4

test('seeded runs keep every promise whatever breaks, and each fault has broken something', async () => {
  const campaign = await runCampaign(seeds)
  expect(campaign.failures.join('\n')).toBe('')
  expect(rareFaults(campaign, leastOfAFault)).toEqual([])
}, 600_000)

test('seeds that once found something keep every promise', async () => {
  const { failures } = await runCampaign(corpus.keys())
  expect(failures.join('\n')).toBe('')
}, 60_000)

test('a seed is a whole run: twice the same trace', async () => {
  for (const seed of seeds.slice(0, 5)) {
    const { hash } = await runSeed(seed)
    expect((await runSeed(seed)).hash).toBe(hash)
  }
}, 60_000)
