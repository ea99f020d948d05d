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
  /** Another stream, by name: draws added to one part of a run leave the others as they were, and so do parts added. */
  fork(name: string): Chance
}

/** FNV-1a. */
function mix(seed: number, name: string): number {
  let mixed = seed ^ 0x811c9dc5
  for (let i = 0; i < name.length; i++) mixed = Math.imul(mixed ^ name.charCodeAt(i), 0x01000193)
  return mixed >>> 0
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
    fork: (name) => createChance(mix(seed, name)),
  }
}
