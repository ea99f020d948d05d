/** What was really appended to the logs, and what is really gone from them: what subscribers are judged by. */
import type { Appended, Log } from '@holdfast/server'
import type { World } from './world.ts'

export interface Truth {
  /** Whether this data was ever appended at this place. */
  has(topic: string, epoch: string, offset: number, data: string): boolean
  /** Whether the log cannot give the entry any more. */
  isGone(topic: string, epoch: string, offset: number): boolean
  /** Whether this is not the log's present history: made anew, or rolled back since then. */
  isFormer(topic: string, shown: string): boolean
  top(topic: string): { epoch: string; offset: number }
  /** The log as the server should use it. */
  record(log: Log): Log
  /** An epoch has lost its tail. */
  rolledBack(topic: string): void
}

/** The log's own epoch in an alias shown after a rollback (PROTOCOL.md §7.2). */
const base = (epoch: string): string => epoch.split('!', 1)[0]!

export function createTruth(world: World): Truth {
  const contents = new Map<string, Set<unknown>>()
  const rollbacks = new Set<string>()
  let log: Log | null = null

  function now(
    topic: string,
    position: Parameters<Log['locate']>[1],
  ): readonly [epoch: string, offset: number, check: number] {
    const located = log!.locate(topic, position)
    if (!('position' in located)) throw new Error('the truth needs a log that can answer at once')
    return located.position
  }
  return {
    has: (topic, epoch, offset, data) => contents.get(`${topic} ${base(epoch)} ${offset}`)?.has(data) ?? false,
    isGone(topic, epoch, offset) {
      const [present, kept] = now(topic, ['', 0, 0])
      return present !== base(epoch) || offset <= kept
    },
    isFormer: (topic, shown) => now(topic, null)[0] !== base(shown) || rollbacks.has(topic),
    top(topic) {
      const [epoch, offset] = now(topic, null)
      return { epoch, offset }
    },
    rolledBack: (topic) => rollbacks.add(topic),
    record(inner) {
      log = inner
      return {
        ...inner,
        append(topic, data, options) {
          const note = ({ epoch, offset }: Appended): void => {
            const key = `${topic} ${epoch} ${offset}`
            contents.set(key, (contents.get(key) ?? new Set()).add(data))
            world.trace(`log ${topic} ${epoch}@${offset}`)
          }
          // Noted before anybody is told.
          const top = now(topic, null)
          note({ epoch: top[0], offset: top[1] + 1, check: 0 })
          return inner.append(topic, data, options)
        },
      }
    },
  }
}
