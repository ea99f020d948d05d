/**
 * One call after another for each name, so that they take effect in the order in which they were made: neither a script that Redis does not know yet, nor
 * a slot of a cluster that has moved lets one overtake another.
 */
export type Turns = <T>(name: string, call: () => Promise<T>) => Promise<T>

export function createTurns(): Turns {
  /** Who is last in each line. */
  const last = new Map<string, Promise<unknown>>()
  return (name, call) => {
    const before = last.get(name)
    const mine = before ? before.then(call, call) : call()
    last.set(name, mine)
    const leave = (): void => {
      if (last.get(name) === mine) last.delete(name)
    }
    mine.then(leave, leave)
    return mine
  }
}
