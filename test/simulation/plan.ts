/**
 * Which run: a seed, and of all that happens in it (faults, messages, subscriptions, pages) either everything that the seed draws, or only what is
 * named. What is left out is drawn all the same, so that the rest stays what it was: a failing run can be cut down to what it takes.
 */

export interface Plan {
  readonly seed: number
  /** Whether two processes share their sessions. @default as the seed draws it */
  readonly shared?: boolean
  /** What takes place, by name, such as `cut 3`: the third cut that is drawn. Left out: all of it. */
  readonly only?: readonly string[]
}

export interface Cast {
  /** Whether the next one of this kind takes place. */
  takes(kind: string): boolean
  /** What has taken place so far, by name. */
  readonly taken: readonly string[]
}

export const kindOf = (name: string): string => name.slice(0, name.lastIndexOf(' '))

export function createCast({ only }: Plan): Cast {
  const wanted = only && new Set(only)
  const counts = new Map<string, number>()
  const taken: string[] = []
  return {
    taken,
    takes(kind) {
      const n = (counts.get(kind) ?? 0) + 1
      counts.set(kind, n)
      const name = `${kind} ${n}`
      if (wanted && !wanted.has(name)) return false
      taken.push(name)
      return true
    },
  }
}
