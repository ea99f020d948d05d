import { expect, test } from 'vitest'
import { runHerd } from './herd.ts'

const clients = Number(process.env.SOAK_CLIENTS ?? 2_000)
const minutes = Number(process.env.SOAK_MINUTES ?? 30)
const seed = Number(process.env.SOAK_SEED ?? 1)

test(
  `${clients} clients over three transports for ${minutes} minutes, a fault a second: every promise kept, nothing grows`,
  { timeout: (minutes + 10) * 60_000 },
  async () => {
    const figures = await runHerd({ clients, minutes, seed })
    console.log(JSON.stringify(figures, null, 2))
    expect(figures.violations).toEqual([])
    expect(figures.outcomes).toEqual({ acknowledged: figures.sent })
    expect(figures.handled - figures.redelivered).toBe(figures.sent)
    // What a few seconds of garbage do to a line through a few minutes says nothing.
    expect(figures.heapSlope).toBeLessThan(minutes < 30 ? Infinity : 1)
    expect(figures.descriptors.after).toBeLessThan(figures.descriptors.before + 20)
  },
)
