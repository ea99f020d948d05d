// Responses that are to come a second time.
import type { Standing } from './rulebook.ts'
import type { DuplicateResponseRule } from './rules.ts'

interface Replay {
  readonly standing: Standing<DuplicateResponseRule>
  readonly bytes: Buffer
}

export interface Replays {
  keep(standing: Standing<DuplicateResponseRule>, bytes: Buffer): void
  /** The oldest response that another request is given in place of its own, once. */
  take(concerns: (standing: Standing) => boolean): Replay | null
  /** The rule has been undone. */
  forget(rule: number): void
}

export function createReplays(): Replays {
  let kept: Replay[] = []
  return {
    keep: (standing, bytes) => void kept.push({ standing, bytes }),
    take(concerns) {
      const replay = kept.find(({ standing }) => concerns(standing))
      kept = kept.filter((other) => other !== replay)
      return replay ?? null
    },
    forget(rule) {
      kept = kept.filter(({ standing }) => standing.id !== rule)
    },
  }
}
