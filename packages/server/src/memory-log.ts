/** The embedded log: a bounded ring per topic in this process. What it holds is gone with the process, and then the epochs differ. */
import type { Packet, Position } from '@holdfast/protocol'
import { realClock } from './clock.ts'
import { createLine } from './line.ts'
import type { Linked } from './line.ts'
import type { Appended, AppendedEntry, Entry, Log } from './log.ts'
import { randomName, strongRandom } from './random.ts'

/** Options of `memoryLog()`. */
export interface MemoryLogOptions {
  /** Most entries kept per topic. @default 10_000 */
  maxMessages?: number
  /** Most bytes (UTF-16 units of encoded data) kept per topic. @default 8 MiB */
  maxBytes?: number
  /** Longest time an entry is kept, in ms. @default 3_600_000 */
  maxAge?: number
  /** Most topics known at once; beyond it, the one that was quiet longest and that nobody watches is forgotten. @default 100_000 */
  maxTopics?: number
  /** Most bytes kept over all topics; beyond it, the topic that was quiet longest loses its entries. @default 256 MiB */
  maxTotalBytes?: number
  /** Prefix of every epoch. @default random, so that no two processes share one */
  epoch?: string
  /** Milliseconds since some instant. @default the real clock */
  now?: () => number
}

interface Kept extends Entry {
  readonly at: number
  readonly id: string | undefined
}

interface Stream extends Linked<Stream> {
  readonly name: string
  readonly epoch: string
  /** One for the whole stream: in memory, history cannot change under an epoch. */
  readonly check: number
  /** Kept entries from `head` on; compacted now and then, so that trimming is O(1) on average. */
  entries: Kept[]
  head: number
  top: number
  bytes: number
  touchedAt: number
  readonly ids: Map<string, number>
  readonly watchers: Set<(entry: AppendedEntry) => void>
}

/** Topics without entries are remembered this long after their last use: a subscriber may come back with the position it was told. */
const QUIET_TOPIC_KEPT = 3_600_000
const MIB = 1_048_576

const first = (stream: Stream): number => stream.top - (stream.entries.length - stream.head) + 1
const at = (stream: Stream, offset: number): Position => [stream.epoch, offset, offset ? stream.check : 0]

function isOn(stream: Stream, [epoch, offset, check]: Position): boolean {
  return (
    epoch === stream.epoch && offset <= stream.top && offset >= first(stream) - 1 && check === at(stream, offset)[2]
  )
}

/** Forgets the oldest kept entry; returns the bytes this frees. */
function dropOldest(stream: Stream): number {
  const { data, id } = stream.entries[stream.head++]!
  if (id !== undefined) stream.ids.delete(id)
  stream.bytes -= data.length
  if (stream.head >= 1_024 && stream.head * 2 >= stream.entries.length) {
    stream.entries = stream.entries.slice(stream.head)
    stream.head = 0
  } else stream.entries[stream.head - 1] = GONE
  return data.length
}
const GONE: Kept = { offset: 0, check: 0, data: '', at: 0, id: undefined }

const isEmpty = (stream: Stream): boolean => stream.head === stream.entries.length

/** A log in memory. Appending and trimming are O(1) on average, finding a position is O(1). */
export function memoryLog(options: MemoryLogOptions = {}): Log {
  const { maxMessages = 10_000, maxBytes = 8 * MIB, maxAge = 3_600_000, maxTopics = 100_000 } = options
  const { maxTotalBytes = 256 * MIB, epoch = randomName(strongRandom, 12), now = realClock.now } = options
  const streams = new Map<string, Stream>()
  /** In order of last use, the quietest first. */
  const line = createLine<Stream>()
  let made = 0
  let totalBytes = 0

  // The clock is read once for each operation: it cost a fifth of an append.
  function trim(stream: Stream, time: number): void {
    const oldest = time - maxAge
    while (!isEmpty(stream)) {
      const over = stream.top - first(stream) >= maxMessages || stream.bytes > maxBytes
      if (!over && stream.entries[stream.head]!.at > oldest) return
      totalBytes -= dropOldest(stream)
    }
  }
  function empty(stream: Stream): void {
    while (!isEmpty(stream)) totalBytes -= dropOldest(stream)
  }
  /** Looks at the two quietest topics on each use: enough to forget topics as fast as they are made. */
  function tidy(time: number): void {
    for (let looks = 0; looks < 2; looks++) {
      const quietest = line.first
      if (!quietest) return
      trim(quietest, time)
      const idle = isEmpty(quietest) && time - quietest.touchedAt >= QUIET_TOPIC_KEPT
      if (quietest.watchers.size) line.requeue(quietest)
      else if (idle || streams.size > maxTopics) remove(quietest)
      else return
    }
  }
  function remove(stream: Stream): void {
    empty(stream)
    line.delete(stream)
    streams.delete(stream.name)
  }
  function use(name: string, time = now()): Stream {
    const known = streams.get(name)
    const stream: Stream = known ?? {
      name,
      epoch: epoch + '.' + ++made,
      check: made,
      entries: [],
      head: 0,
      top: 0,
      bytes: 0,
      touchedAt: 0,
      before: null,
      after: null,
      ids: new Map(),
      watchers: new Set(),
    }
    stream.touchedAt = time
    if (known) line.requeue(stream)
    else {
      streams.set(name, stream)
      line.add(stream)
    }
    tidy(time)
    trim(stream, time)
    return stream
  }
  function store(stream: Stream, data: Packet, id: string | undefined, time: number): AppendedEntry {
    const entry: Kept = { offset: ++stream.top, check: stream.check, data, at: time, id }
    stream.entries.push(entry)
    if (id !== undefined) stream.ids.set(id, entry.offset)
    stream.bytes += data.length
    totalBytes += data.length
    trim(stream, time)
    // To the end of the line, so that what is empty already is not looked at again on every append.
    while (totalBytes > maxTotalBytes) {
      empty(line.first!)
      line.requeue(line.first!)
    }
    return { epoch: stream.epoch, offset: entry.offset, check: stream.check, data }
  }

  return {
    append(topic, data, { dedupe } = {}): Appended {
      const time = now()
      const stream = use(topic, time)
      const before = dedupe === undefined ? undefined : stream.ids.get(dedupe)
      if (before !== undefined) return { epoch: stream.epoch, offset: before, check: stream.check }
      const entry = store(stream, data, dedupe, time)
      for (const told of stream.watchers) told(entry)
      return { epoch: entry.epoch, offset: entry.offset, check: entry.check }
    },
    read(topic, after, limit) {
      const stream = use(topic)
      if (!isOn(stream, after)) return null
      const entries: Entry[] = []
      let bytes = 0
      for (let i = stream.head + after[1] - first(stream) + 1; i < stream.entries.length; i++) {
        const entry = stream.entries[i]!
        bytes += entry.data.length
        if (entries.length && (entries.length >= limit.events || bytes > limit.bytes)) break
        entries.push(entry)
      }
      return { entries, top: stream.top }
    },
    locate(topic, position) {
      const stream = use(topic)
      if (!position) return { position: at(stream, stream.top), rolledBack: false }
      if (isOn(stream, position)) return { position, rolledBack: false }
      const [claimed, offset, check] = position
      const rolledBack = claimed === stream.epoch && (offset > stream.top || check !== at(stream, offset)[2])
      return { position: at(stream, first(stream) - 1), rolledBack }
    },
    watch(topic, told) {
      const { watchers } = use(topic)
      watchers.add(told)
      return () => watchers.delete(told)
    },
    forget(topic) {
      const stream = streams.get(topic)
      if (stream && !stream.watchers.size) remove(stream)
    },
  }
}
