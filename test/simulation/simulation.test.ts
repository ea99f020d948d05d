// What holds the simulation itself to its word: one trace per seed, failures that are cut down, faults that are counted.
import { expect, test } from 'vitest'
import { rareFaults, runCampaign } from './campaign.ts'
import { corpus } from './corpus.ts'
import { FAULTS } from './faults.ts'
import { createCast, type Plan } from './plan.ts'
import { runPlan, type Outcome } from './run.ts'
import { shrink } from './shrink.ts'

test('what once broke a promise breaks none', async () => {
  const { failures } = await runCampaign(corpus)
  expect(failures.join('\n')).toBe('')
}, 60_000)

test('a seed is a whole run: twice the same trace, and the same again if all that took place is named', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const { hash, taken } = await runPlan({ seed })
    expect(await runPlan({ seed }), `[repeatable] seed ${seed}`).toMatchObject({ hash, taken })
    expect(await runPlan({ seed, only: taken }), `[repeatable] seed ${seed}, named`).toMatchObject({ hash, taken })
  }
}, 60_000)

test('other seeds are other runs', async () => {
  const hashes = new Set<string>()
  for (let seed = 1; seed <= 4; seed++) hashes.add((await runPlan({ seed })).hash)
  expect(hashes.size).toBe(4)
}, 60_000)

/** A run in which so many of everything are drawn, and which fails when these two meet. */
async function meet(plan: Plan): Promise<Outcome> {
  const cast = createCast(plan)
  for (const kind of ['cut', 'crash', 'p0 writes', 'p1 writes']) for (let n = 0; n < 50; n++) cast.takes(kind)
  const both = ['cut 17', 'p1 writes 44'].every((name) => cast.taken.includes(name))
  const failure = both ? '[once] twice' : cast.taken.includes('crash 1') ? '[order] another fault' : null
  return { seed: plan.seed, failure, hash: '', lines: [], faults: new Map(), taken: cast.taken }
}

test('a failing run is cut down to what it takes to fail in the same way', async () => {
  const { plan, outcome, runs } = await shrink(await meet({ seed: 7 }), meet)
  expect(plan).toEqual({ seed: 7, only: ['cut 17', 'p1 writes 44'] })
  expect(outcome.failure).toBe('[once] twice')
  expect(runs).toBeLessThan(100)
})

test('a fault that hardly ever took effect is named', () => {
  const faults = new Map(FAULTS.map((fault) => [fault, fault === 'cut' ? 99 : 100]))
  expect(rareFaults({ seeds: 2000, failures: [], faults }, 5)).toEqual(['cut: 99'])
})
