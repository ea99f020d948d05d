import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { fullJitter } from '../../packages/client/src/backoff.ts'

it('a delay is uniform below the cap, which it keeps for ever: the jitter survives it', () => {
  const unit = fc.double({ min: 0, max: 0.999_999, noNaN: true })
  fc.assert(
    fc.property(fc.nat(2000), unit, fc.integer({ min: 1, max: 5000 }), fc.nat(60_000), (retry, chance, base, cap) => {
      const delay = fullJitter(base, cap)(retry, () => chance)!
      expect(delay).toBeCloseTo(chance * Math.min(cap, base * 2 ** retry), 3)
      expect(delay).toBeGreaterThanOrEqual(0)
      expect(delay).toBeLessThanOrEqual(cap)
    }),
  )
})

it('by default it begins with a second and ends at half a minute', () => {
  const upper = [0, 1, 2, 3, 4, 5, 6, 100].map((retry) => fullJitter()(retry, () => 1))
  expect(upper).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})
