/** Judges one subscriber: offsets of one epoch, each once, with the log's content; every hole told once, exactly, before anything newer. */
import type { Gap, Meta, Position } from '@holdfast/client'
import type { Oracle } from './oracles.ts'
import type { Truth } from './truth.ts'
import type { World } from './world.ts'

export interface Reader {
  readonly topic: string
  message(data: unknown, meta: Meta): void
  gap(gap: Gap): void
  /** What it lacks of the log as it is now, or null. `position` is where its subscription says that it stands. */
  lack(position: Position | null): string | null
  /** Nothing may come any more. */
  end(): void
}

export interface ReaderOptions {
  world: World
  truth: Truth
  name: string
  topic: string
  /** Where it begins: unknown ("from now on"), or before the first entry of whatever epoch. */
  since: 'now' | 'start'
  /** What is wrong with a message at this instant, whatever it is: it comes from a link that was let go. */
  isStale(what: string): boolean
}

export function createReader({ world, truth, name, topic, since, isStale }: ReaderOptions): Reader {
  /** Empty: whatever comes first. */
  let epoch = ''
  let at = since === 'start' ? 0 : -1
  let state: 'reading' | 'ended' = 'reading'
  const fail = (what: string, oracle: Oracle = 'topics'): void =>
    world.fail(oracle, `${name} on ${topic} at ${epoch}@${at}: ${what}`)

  /** The first of these offsets that the log could still give. */
  function stillThere(of: string, from: number, to: number): number | null {
    for (let offset = from; offset <= to; offset++) if (!truth.isGone(topic, of, offset)) return offset
    return null
  }
  function toldFalsely(of: string, from: number, to: number): void {
    const there = stillThere(of, from, to)
    if (there !== null) fail(`a gap tells of ${of}@${there}, which the log still has`)
  }

  return {
    topic,
    message(data, { offset, epoch: of, direct }) {
      if (state === 'ended') return fail('a message after the end')
      if (direct || offset === 0) return
      world.trace(`${name} reads ${topic} ${of}@${offset}`)
      if (isStale(`${topic} ${of}@${offset}`)) fail('a message from a link that was let go', 'fence')
      if (!epoch) {
        epoch = of
        if (at < 0) at = offset - 1
      }
      if (of !== epoch) fail(`got ${of}@${offset} without a word about the change`)
      if (offset !== at + 1) fail(`got ${offset}, not ${at + 1}`)
      if (!truth.has(topic, of, offset, JSON.stringify(data)))
        fail(`got at ${offset} what the log never had there: ${JSON.stringify(data)}`)
      at = offset
    },
    gap({ from, to, epoch: of, since }) {
      if (state === 'ended') return fail('a gap after the end')
      world.trace(`${name} misses ${topic} ${of}@${from}..${to} after ${since[0]}@${since[1]}`)
      if (isStale(`${topic} ${of}@..${to}`)) fail('a gap from a link that was let go', 'fence')
      // It knows where it stands before anything has come.
      epoch ||= since[0]
      if (at < 0) at = since[1]
      if (since[0] !== epoch || since[1] !== at) fail(`a gap after ${since[0]}@${since[1]}`)
      if (!epoch || of === epoch) {
        if (from !== at + 1 || to < from) fail(`a gap of ${from}..${to}`)
      } else {
        if (from !== 1) fail(`a gap of ${from}..${to} in another epoch`)
        if (!truth.isFormer(topic, epoch)) fail(`a gap to ${of}, though the log is the same`)
      }
      toldFalsely(of, from, to)
      epoch = of
      at = to
    },
    lack(position) {
      const top = truth.top(topic)
      const [own, offset] = at < 0 ? (position ?? ['nowhere', -1]) : [epoch || top.epoch, at]
      if (own.split('!', 1)[0] === top.epoch && offset === top.offset) return null
      return `${name} on ${topic} stands at ${own}@${offset}, the log at ${top.epoch}@${top.offset}`
    },
    end() {
      state = 'ended'
    },
  }
}
