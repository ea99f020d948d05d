/** Seeded chance, so that every failure can be repeated from the seed in its message. */
import { seeded } from '@holdfast/testing/memory'

export interface Random {
  readonly seed: number
  /** An integer from 0 to `n - 1`. */
  int(n: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

export function createRandom(seed: number): Random {
  const next = seeded(seed)
  return {
    seed,
    int: (n) => Math.floor(next() * n),
    chance: (probability) => next() < probability,
    pick: (from) => from[Math.floor(next() * from.length)]!,
  }
}

/** Runs `body` for seeds `1..count`; a failure names its seed. */
export function forSeeds(count: number, body: (random: Random) => void): void {
  for (let seed = 1; seed <= count; seed++) {
    try {
      body(createRandom(seed))
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
}

/** For the many checks within a walk: cheap where it holds. */
export function ensure(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}
