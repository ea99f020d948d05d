// A storm: one thing after another, at random moments, until it is over.
import type { Weather } from '../shared/contract.ts'

/** What may strike, how often of ten times, and for how long (ms; 0: it is over at once). */
const gusts: readonly { weather: Weather; share: number; lasts: number }[] = [
  { weather: 'cut', share: 6, lasts: 0 },
  { weather: 'hold', share: 2, lasts: 2_500 },
  { weather: 'black-hole', share: 1, lasts: 2_500 },
  { weather: 'delay', share: 1, lasts: 3_000 },
]
const SHORTEST = 400
const LONGEST = 1_800

/** Returns the end of it. */
export function startStorm(set: (weather: Weather, on: boolean) => void): () => void {
  const pending = new Set<NodeJS.Timeout>()
  const blowing = new Set<Weather>()

  function later(ms: number, fn: () => void): void {
    const timer = setTimeout(() => {
      pending.delete(timer)
      fn()
    }, ms)
    pending.add(timer)
  }
  function over(weather: Weather): void {
    if (blowing.delete(weather)) set(weather, false)
  }
  function gust(): void {
    const { weather, lasts } = pick()
    set(weather, true)
    if (lasts > 0) {
      blowing.add(weather)
      later(lasts, () => over(weather))
    }
    later(SHORTEST + Math.random() * (LONGEST - SHORTEST), gust)
  }
  later(SHORTEST, gust)

  return () => {
    for (const timer of pending) clearTimeout(timer)
    for (const weather of blowing) over(weather)
  }
}

function pick(): (typeof gusts)[number] {
  let at = Math.random() * gusts.reduce((sum, { share }) => sum + share, 0)
  return gusts.find(({ share }) => (at -= share) < 0) ?? gusts[0]!
}
