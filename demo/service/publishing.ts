// What goes down: the host's metrics twice a second, and the numbered stream at any rate up to 1,000 a second.
import { createSampler } from './metrics.ts'
import type { RealtimeServer } from './realtime.ts'

export interface Publishing {
  readonly stream: Stream
  stop(): void
}

interface Stream {
  /** Messages per second, 0 to 1,000. */
  rate: number
  /** The last number that was published. */
  readonly published: number
}

/** Numbers are published in runs: timers are not that fine. In ms. */
const EVERY = 20
const SAMPLE_EVERY = 500
/** A process that was suspended does not make up for all of it, in ms. */
const LONGEST_RUN = 500

/** `server` is null while there is none: nobody is told, and no number is used up. */
export function startPublishing(server: () => RealtimeServer | null): Publishing {
  const sampler = createSampler()
  let rate = 20
  let published = 0
  let due = 0
  let last = performance.now()

  function publishRun(): void {
    const now = performance.now()
    const to = server()
    if (to) due += (rate * Math.min(now - last, LONGEST_RUN)) / 1_000
    last = now
    // A server that is just closing refuses; what it did not take is told to clients as a gap, like all that it forgets.
    for (; to && due >= 1; due--) void to.publish('stream', { n: ++published }).catch(() => undefined)
  }
  function publishSample(): void {
    void server()
      ?.publish('host', sampler.sample())
      .catch(() => undefined)
  }
  const timers = [setInterval(publishRun, EVERY), setInterval(publishSample, SAMPLE_EVERY)]

  return {
    stream: {
      get rate() {
        return rate
      },
      set rate(perSecond) {
        rate = Math.min(1_000, Math.max(0, perSecond))
      },
      get published() {
        return published
      },
    },
    stop() {
      timers.forEach(clearInterval)
      sampler.close()
    },
  }
}
