/** Seeded chance: everything a simulated run does not compute, it draws from here, so that a seed is a whole run. */
import { seeded } from '@holdfast/testing/memory'

export interface Chance {
  /** Uniform in [0, 1). */
  float(): number
  /** An integer from 0 to `n - 1`. */
  int(n: number): number
  /** An integer from `low` to `high`. */
  between(low: number, high: number): number
  hit(probability: number): boolean
  pick<T>(from: readonly T[]): T
  /** With this mean, exponential: the time to the next of events that know nothing of each other. */
  wait(mean: number): number
  /** Another stream, so that draws added to one part of a run leave the others as they were. */
  fork(): Chance
}

export function createChance(seed: number): Chance {
  const float = seeded(seed)
  const int = (n: number): number => Math.floor(float() * n)
  return {
    float,
    int,
    between: (low, high) => low + int(high - low + 1),
    hit: (probability) => float() < probability,
    pick: (from) => from[int(from.length)]!,
    wait: (mean) => Math.ceil(-Math.log(1 - float()) * mean),
    fork: () => createChance(int(2 ** 32)),
  }
}
