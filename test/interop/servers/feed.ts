// What every server has to tell: messages numbered from 1, kept for whoever asks for them again.

export interface Tick {
  readonly seq: number
  readonly topic: string
}

export interface Feed {
  /** How many there are; the number of the latest. */
  readonly length: number
  /** Tells everyone the next `count` at once. @default count 1, topic 'prices' */
  publish(count?: number, topic?: string): void
  /** Publishes `count` at this rate; resolves after the last. */
  pour(count: number, perSecond: number): Promise<void>
  /** Those with a higher number, at most `limit`. */
  after(seq: number, limit?: number): readonly Tick[]
  /** Calls `fn` for each from now on; returns the undo. */
  follow(fn: (tick: Tick) => void): () => void
  /** How many follow: nobody who has left should. */
  readonly followers: number
  /** Ends what pours. */
  stop(): void
}

export function createFeed(): Feed {
  const ticks: Tick[] = []
  const followers = new Set<(tick: Tick) => void>()
  const pours = new Set<() => void>()

  const feed: Feed = {
    get length() {
      return ticks.length
    },
    get followers() {
      return followers.size
    },
    publish(count = 1, topic = 'prices') {
      for (let n = 0; n < count; n++) {
        const tick: Tick = { seq: ticks.length + 1, topic }
        ticks.push(tick)
        for (const fn of followers) fn(tick)
      }
    },
    pour(count, perSecond) {
      const from = performance.now()
      let told = 0
      return new Promise((resolve) => {
        const end = (): void => {
          clearInterval(timer)
          pours.delete(end)
          resolve()
        }
        // By the clock: a timer that comes late makes up for it.
        const timer = setInterval(() => {
          const due = Math.min(count, Math.ceil(((performance.now() - from) / 1000) * perSecond)) - told
          told += due
          feed.publish(due)
          if (told === count) end()
        }, 4)
        pours.add(end)
      })
    },
    after: (seq, limit = Infinity) => ticks.slice(Math.max(0, seq), Math.max(0, seq) + limit),
    follow(fn) {
      followers.add(fn)
      return () => void followers.delete(fn)
    },
    stop: () => [...pours].forEach((end) => end()),
  }
  return feed
}
