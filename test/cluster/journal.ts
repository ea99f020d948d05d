// What the handlers of all nodes did, in one file, in the order in which they did it; and what the promises say about that.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** A handler that was started, or one that has finished. */
export interface Entry {
  readonly did: 'start' | 'end'
  readonly node: string
  readonly session: string
  readonly serial: number
  readonly id: string
  readonly fence: number
  readonly redelivered: boolean
  readonly topic: string
  readonly data: unknown
}

/** Appends at once: what was written survives whatever happens to the process, and lines of several processes do not mix. */
export function openJournal(path: string): { write(entry: Entry): void; close(): void } {
  const file = openSync(path, 'a')
  return {
    write: (entry) => void writeSync(file, JSON.stringify(entry) + '\n'),
    close: () => closeSync(file),
  }
}

export function readJournal(path: string): Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter(Boolean).map((line) => JSON.parse(line) as Entry)
}

/** Messages that a client has sent: their data is 0, 1, 2 ... */
export interface Sent {
  /** Its own: nobody else sends to it. */
  readonly topic: string
  /** Those that were acknowledged. */
  readonly acknowledged: readonly number[]
}

export interface Judgement {
  /** What should not have been; empty when every promise was kept. */
  readonly violations: string[]
  /** Handlers started, and of these again. */
  readonly starts: number
  readonly again: number
  /** By name of the node. */
  readonly handled: { [node: string]: number }
}

/**
 * - What was acknowledged was handled to its end.
 * - Nothing is started twice but what is marked as redelivered, and then by the same id and fence.
 * - The first starts of a client's messages are in the order in which they were sent; those of a session in the order of their serials.
 */
export function judge(entries: readonly Entry[], sent: readonly Sent[]): Judgement {
  const violations: string[] = []
  const judgement: Judgement & { starts: number; again: number } = { violations, starts: 0, again: 0, handled: {} }
  const byId = new Map<string, Entry>()
  const ended = new Map<string, Set<unknown>>()
  const last = new Map<string, number>()
  const ids = new Map<string, string>()
  const grows = (what: string, value: number): void => {
    const before = last.get(what) ?? -1
    if (value <= before) violations.push(`${what}: ${value} started after ${before}`)
    last.set(what, Math.max(value, before))
  }
  for (const entry of entries) {
    const { did, topic, data, id, session, serial, node } = entry
    const name = `${topic} ${String(data)}`
    if (did === 'end') {
      if (!ended.has(topic)) ended.set(topic, new Set())
      ended.get(topic)!.add(data)
      judgement.handled[node] = (judgement.handled[node] ?? 0) + 1
      continue
    }
    judgement.starts++
    if (ids.has(name) && ids.get(name) !== id) violations.push(`${name}: ids ${ids.get(name)} and ${id}`)
    ids.set(name, id)
    const first = byId.get(id)
    if (first) {
      judgement.again++
      if (!entry.redelivered) violations.push(`${name} (${id}): started again on ${node}, and not marked`)
      if (first.fence !== entry.fence || first.topic !== topic || first.data !== data)
        violations.push(`${id}: means ${name} with fence ${entry.fence}, and something else before`)
      continue
    }
    byId.set(id, entry)
    grows(`session ${session}`, serial)
    grows(topic, data as number)
  }
  for (const { topic, acknowledged } of sent)
    for (const n of acknowledged)
      if (!ended.get(topic)?.has(n)) violations.push(`${topic} ${n}: acknowledged, and not handled`)
  return judgement
}
