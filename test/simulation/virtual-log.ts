/**
 * A log that behaves as the contract still allows: it outlives the server process, loses what it tells its watchers or tells it twice, is trimmed
 * at any moment, and can be rolled back under the same epoch, as a store that was restored or failed over without its tail.
 */
import type { Packet } from '@holdfast/protocol'
import type { AppendedEntry, Located, Log } from '@holdfast/server'
import type { Chance } from './chance.ts'

export interface VirtualLog {
  readonly log: Log
  topics(): string[]
  /** Forgets all but the last so many entries; returns how many. */
  trim(topic: string, keep: number): number
  /** Loses the last so many entries; returns how many. */
  rollBack(topic: string, count: number): number
}

interface Stream {
  readonly epoch: string
  /** The number of entries that went before the first one kept. */
  gone: number
  entries: { data: Packet; check: number }[]
  /** Tells the entries of one history from those of another. */
  history: number
  /** Check of the last one gone. */
  goneCheck: number
  readonly watchers: Set<(entry: AppendedEntry) => void>
}

type Telling = 'told' | 'untold' | 'twice'

export function createVirtualLog(chance: Chance, telling: () => Telling): VirtualLog {
  const streams = new Map<string, Stream>()
  let made = 0

  function use(topic: string): Stream {
    const known = streams.get(topic)
    if (known) return known
    const stream: Stream = {
      epoch: 'v' + ++made,
      gone: 0,
      entries: [],
      history: 1 + chance.int(1e6),
      goneCheck: 0,
      watchers: new Set(),
    }
    streams.set(topic, stream)
    return stream
  }
  const top = ({ gone, entries }: Stream): number => gone + entries.length
  function checkAt(stream: Stream, offset: number): number {
    if (offset === 0) return 0
    return offset === stream.gone ? stream.goneCheck : (stream.entries[offset - stream.gone - 1]?.check ?? -1)
  }
  const at = (stream: Stream, offset: number): Located['position'] => [stream.epoch, offset, checkAt(stream, offset)]
  function isOn(stream: Stream, [epoch, offset, check]: Located['position']): boolean {
    const isKept = offset >= stream.gone && offset <= top(stream)
    return epoch === stream.epoch && isKept && check === checkAt(stream, offset)
  }
  const log: Log = {
    append(topic, data) {
      const stream = use(topic)
      const check = stream.history
      stream.entries.push({ data, check })
      const entry = { epoch: stream.epoch, offset: top(stream), check, data }
      const how = telling()
      for (const told of stream.watchers) {
        if (how !== 'untold') told(entry)
        if (how === 'twice') told(entry)
      }
      return entry
    },
    read(topic, after, limit) {
      const stream = use(topic)
      if (!isOn(stream, after)) return null
      const from = after[1] - stream.gone
      const entries = stream.entries.slice(from, from + limit.events)
      return {
        entries: entries.map(({ data, check }, i) => ({ offset: after[1] + i + 1, check, data })),
        top: top(stream),
      }
    },
    locate(topic, position) {
      const stream = use(topic)
      if (!position) return { position: at(stream, top(stream)), rolledBack: false }
      if (isOn(stream, position)) return { position, rolledBack: false }
      const [epoch, offset, check] = position
      const isSame = epoch === stream.epoch && offset >= stream.gone
      const rolledBack = isSame && (offset > top(stream) || check !== checkAt(stream, offset))
      return { position: at(stream, stream.gone), rolledBack }
    },
    watch(topic, told) {
      const { watchers } = use(topic)
      watchers.add(told)
      return () => watchers.delete(told)
    },
  }
  return {
    log,
    topics: () => [...streams.keys()],
    trim(topic, keep) {
      const stream = use(topic)
      const count = Math.max(stream.entries.length - keep, 0)
      stream.goneCheck = checkAt(stream, stream.gone + count)
      stream.gone += count
      stream.entries = stream.entries.slice(count)
      return count
    },
    rollBack(topic, count) {
      const stream = use(topic)
      const lost = stream.entries.splice(Math.max(stream.entries.length - count, 0)).length
      stream.history++
      return lost
    },
  }
}
