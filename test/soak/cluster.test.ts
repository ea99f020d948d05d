// Run by scripts/soak.mjs.
import { expect, test } from 'vitest'
import { runClusterSoak } from '../cluster/soak.ts'

const clients = Number(process.env.SOAK_CLIENTS ?? 1_000)
const minutes = Number(process.env.SOAK_MINUTES ?? 10)
const seed = Number(process.env.SOAK_SEED ?? 1)

test(
  `${clients} clients on three nodes for ${minutes} minutes, a node killed every 20 s: nothing is lost, nothing doubled but what is marked`,
  { timeout: (minutes + 10) * 60_000 },
  async () => {
    const { times, outcomes, faults, violations, ...figures } = await runClusterSoak({ clients, minutes, seed })
    console.table(figures)
    console.table({ ...times })
    console.log(JSON.stringify({ outcomes, faults }, null, 2))
    expect(violations).toEqual([])
    expect(figures.acknowledged).toBe(figures.sent)
    expect(figures.started - figures.redelivered).toBe(figures.sent)
    expect(figures.heard).toBe((figures.published / 20) * clients)
  },
)
