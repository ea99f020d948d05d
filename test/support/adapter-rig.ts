// A server in miniature behind a scripted transport, for the adapters: it keeps a log per topic, and answers who subscribes.
import type { Position } from '@holdfast/client'
import type { DownFrame } from '@holdfast/protocol'
import { createParts } from './client-rig.ts'
import { settled } from './virtual-clock.ts'

/** What the registry of the client holds, as far as leftovers are concerned. */
interface Registered {
  leases: number
  driver: { emitter: { has(event: string): boolean } }
}

const symbol = Symbol.for('holdfast.registry.1')
const registry = (): Map<string, Registered> =>
  ((globalThis as { [symbol]?: Map<string, Registered> })[symbol] ??= new Map())
const events = ['snapshot', 'status', 'open', 'message', 'gap', 'error', 'transport', 'outbox', 'close']

let unique = 0

export function createAdapterRig() {
  const { clock, links, listeners, logged, options } = createParts()
  const url = `https://example.test/adapter/${unique++}`
  const logs = new Map<string, unknown[]>()
  const current = new Set<string>()
  /** Frames of the newest link that were answered. */
  let answered = { links: 0, frames: 0 }

  const logOf = (topic: string): unknown[] => logs.get(topic) ?? logs.set(topic, []).get(topic)!
  const event = (topic: string, offset: number): DownFrame => ['event', topic, offset, logOf(topic)[offset - 1]]
  function subscribed(topic: string, position: Position | null | undefined): DownFrame[] {
    current.add(topic)
    const top = logOf(topic).length
    const from = position ? position[1] : top
    const missed = Array.from({ length: top - from }, (_, i) => event(topic, from + i + 1))
    return [['subscribed', topic, ['e', from, 0]], ...missed, ['caught-up', topic, top]]
  }
  /** Welcomes a new link, and answers what has come up on it. */
  async function answer(): Promise<void> {
    await settled()
    const link = links.at(-1)
    if (!link) return
    if (links.length > answered.links) {
      answered = { links: links.length, frames: 0 }
      current.clear()
      link.welcome({}, ...link.hello!.subscriptions.flatMap(([topic, position]) => subscribed(topic, position)))
      await settled()
    }
    for (; answered.frames < link.sent.length; answered.frames++) {
      const frame = link.sent[answered.frames]!
      if (frame[0] === 'subscribe') link.down(...subscribed(frame[1], frame[2]))
      if (frame[0] === 'unsubscribe') current.delete(frame[1])
      if (frame[0] === 'send') link.down(['ack', frame[1], []])
      // An answer may be followed by a question.
      await settled()
    }
  }

  return {
    url,
    options,
    links,
    logged,
    clock,
    answer,
    /** Appends to the log; those who subscribe get it in one packet. */
    publish(topic: string, ...data: unknown[]): void {
      const log = logOf(topic)
      const from = log.push(...data) - data.length
      if (current.has(topic)) links.at(-1)!.down(...data.map((_, i) => event(topic, from + i + 1)))
    },
    /** Frames of that type that have gone up, on all links. */
    sent: (type: string) => links.flatMap(({ sent }) => sent.filter(([name]) => name === type)),
    /** Handles that are open, on all connections. */
    get leases() {
      return [...registry().values()].reduce((sum, { leases }) => sum + leases, 0)
    },
    /** Events of connections to which somebody listens. */
    get heard() {
      return [...registry().values()].flatMap(({ driver }) => events.filter((name) => driver.emitter.has(name)))
    },
    /** What there is when nobody is left: at once, and once the connection has lingered. */
    async leftovers() {
      await answer()
      const now = { leases: this.leases, heard: this.heard, topics: current.size }
      await clock.advance(1000)
      const open = links.filter(({ closed }) => !closed).length
      return { ...now, open, timers: clock.armed, listeners: listeners.size, registered: registry().size }
    },
  }
}

export type AdapterRig = ReturnType<typeof createAdapterRig>

/** Of `leftovers()`, when all is well. */
export const nothing = { leases: 0, heard: [], topics: 0, open: 0, timers: 0, listeners: 0, registered: 0 }

/** For the end of each test. */
export const forget = (): void => registry().clear()
