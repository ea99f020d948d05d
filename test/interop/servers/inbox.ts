// What came up, and what the server's own code was given of it: known ids are not handled again, whichever connection they come by.

export interface Arrival {
  /** What the message is about, where the server's format says so. */
  readonly topic?: string
  /** As the client numbered it, where it did. */
  readonly id?: string | number
  readonly data: unknown
}

export interface Inbox {
  /** Everything, in the order in which it came. */
  readonly arrivals: readonly Arrival[]
  /** Without those whose id was known. */
  readonly handled: readonly Arrival[]
  /** What the server could not read. */
  readonly unreadable: readonly string[]
  /** Handles it unless its id is known; says whether it did. */
  take(arrival: Arrival): boolean
  /** Notes what could not be read. */
  refuse(text: string): void
}

export function createInbox(): Inbox {
  const arrivals: Arrival[] = []
  const handled: Arrival[] = []
  const unreadable: string[] = []
  const known = new Set<string | number>()
  return {
    arrivals,
    handled,
    unreadable,
    take(arrival) {
      arrivals.push(arrival)
      if (arrival.id !== undefined && known.has(arrival.id)) return false
      if (arrival.id !== undefined) known.add(arrival.id)
      handled.push(arrival)
      return true
    },
    refuse: (text) => void unreadable.push(text),
  }
}
