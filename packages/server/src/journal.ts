/**
 * What a working copy writes to the record of its session (store.ts): one batch at a time, of all that has come up meanwhile. Messages are
 * handed out when they are recorded as taken in, and acknowledged when they are recorded as finished.
 */
import { UP_FRAMES } from '@holdfast/protocol'
import type { Codec, Packet, UpFrame } from '@holdfast/protocol'
import type { Context } from './context.ts'
import type { Inbound, Session } from './session.ts'
import type { Batch, SessionStore, Written } from './store.ts'

export interface Journal {
  readonly holder: string
  /** Whether there is something that is not recorded yet. */
  readonly busy: boolean
  /** Whether another working copy has messages of it: nothing is started before it is known what became of them. */
  readonly waits: boolean
  /** Something has been received or settled: has it recorded soon. */
  sync(): void
  /** The handler of `serial` has finished. */
  finish(serial: number, result: Packet | undefined): void
  /** Another holder may have finished what it had, or be gone. */
  look(): Promise<void>
  /** Another holder has the session: gives back what has not been started, and records what finishes. */
  fence(): void
  /** Calls back when nothing runs and nothing is left to record; at once if so. */
  whenIdle(fn: () => void): void
  /** Writes no more. */
  stop(): void
}

export interface JournalEvents {
  /** Messages may be started, or acknowledged. */
  moved(session: Session): void
  /** Another one has it. */
  fenced(session: Session): void
  /** The record is gone, or is not as it was left. */
  lost(session: Session): void
  /** Something of it was recorded while another holder has the session. */
  left(id: string, holder: string): void
  /** Nothing of it is started before this holder has given these messages back, or finished them. */
  waits(id: string, holder: string, serials: readonly number[]): void
}

export interface JournalStart {
  readonly session: Session
  readonly holder: string
  readonly version: number
  /** Serials that other holders have. */
  readonly foreign: readonly { readonly serial: number; readonly holder: string }[]
}

/** How long after a failure it is tried again, in ms. */
const RETRY = 500

export const encodeMessage = (codec: Codec, serial: number, { topic, data, id, once }: Inbound): Packet =>
  codec.join([codec.encode(['send', serial, topic, data, ...(once ? [''] : id === null ? [] : [id])])])

/** Null for what cannot have been written by a server. */
export function decodeMessage(
  codec: Codec,
  packet: Packet,
  rest: Pick<Inbound, 'transport' | 'again'>,
): Inbound | null {
  const frames = codec.decode<UpFrame>(packet, UP_FRAMES)
  if ('malformed' in frames || frames[0]?.[0] !== 'send') return null
  const [, , topic, data, id = null] = frames[0]
  return { topic, data, id: id || null, once: id === '', bytes: Buffer.byteLength(packet), ...rest }
}

export const nodeOf = (holder: string): string => holder.slice(0, holder.lastIndexOf('/'))

export function createJournal(
  { settings: { clock }, report }: Context,
  store: SessionStore,
  { session, holder, version: first, foreign: others }: JournalStart,
  events: JournalEvents,
): Journal {
  const { intake, codec } = session
  let version = first
  /** Everything up to it has been put into a batch. */
  let asked = intake.received
  let settled = intake.settled
  let inboxes = session.inboxes.size
  let finished: [number, Packet | null][] = []
  let released: number[] = []
  let state: 'owner' | 'fenced' | 'lost' = 'owner'
  let writing = false
  let looking: 'no' | 'once' | 'again' = 'no'
  const foreign = new Map(others.map((other) => [other.serial, other.holder]))
  let waiting: (() => void)[] = []

  const hasNews = (): boolean =>
    finished.length + released.length > 0 ||
    (state === 'owner' && (intake.received > asked || intake.settled > settled || session.inboxes.size > inboxes))

  function nextBatch(): Batch {
    const taken = state === 'owner' ? intake.since(asked) : []
    const batch: Batch = {
      version,
      taken: taken.map(([serial, message]) => [serial, message && encodeMessage(codec, serial, message)]),
      finished,
      released,
      settled: intake.settled,
      inboxes: session.inboxes.size > inboxes ? JSON.stringify([...session.inboxes]) : null,
    }
    if (state === 'owner') asked = intake.received
    settled = intake.settled
    inboxes = session.inboxes.size
    finished = []
    released = []
    return batch
  }
  function sync(): void {
    if (writing || state === 'lost' || !hasNews()) return rest()
    writing = true
    // What else comes in this tick goes along.
    queueMicrotask(() => void write(nextBatch(), 'first'))
  }
  async function write(batch: Batch, time: 'first' | 'again'): Promise<void> {
    let written: Written
    try {
      written = await store.write(session.id, holder, batch)
    } catch (error) {
      if (state === 'lost') return
      if (time === 'first') report(error, 'the session store')
      // It may have been written: the same batch has its effect once.
      clock.after(RETRY, () => void write(batch, 'again'))
      return
    }
    writing = false
    settle(batch, written)
    sync()
  }
  function settle(batch: Batch, written: Written): void {
    if (written.state === 'fenced') {
      if (batch.finished.length + batch.released.length > 0) events.left(session.id, written.holder)
      if (state === 'owner') events.fenced(session)
    } else if (written.state === 'lost') {
      const before = state
      state = 'lost'
      if (before === 'owner') events.lost(session)
    } else {
      version++
      for (const [serial, result] of batch.finished)
        intake.finish(serial, result === null ? undefined : [serial, result])
      const last = batch.taken.at(-1)
      if (last) intake.recorded(last[0])
      events.moved(session)
    }
  }
  function rest(): void {
    if (writing || session.running > 0 || !waiting.length || (state !== 'lost' && hasNews())) return
    const fns = waiting
    waiting = []
    for (const fn of fns) fn()
  }

  /** Holders whose node has shown no life lately, and nobody's. */
  async function abandoned(): Promise<(string | null)[]> {
    const holders = [...new Set(foreign.values())]
    const alive = await Promise.all(holders.map((other) => store.isAlive(nodeOf(other))))
    return [null, ...holders.filter((_, i) => !alive[i])]
  }
  async function resolve(): Promise<void> {
    const seized = await store.seize(session.id, holder, await abandoned())
    if (state !== 'owner') return
    if (seized.state === 'fenced') return events.fenced(session)
    if (seized.state !== 'seized') return
    const pending = new Map(seized.pending.map((each) => [each.serial, each]))
    const results = new Map(seized.results)
    const messages = new Map(intake.since(intake.handled))
    for (const serial of foreign.keys()) {
      const still = pending.get(serial)
      if (still && still.holder !== holder) {
        foreign.set(serial, still.holder ?? '')
        continue
      }
      foreign.delete(serial)
      const message = messages.get(serial)
      if (still && message) message.again = still.again
      else if (!still) {
        const result = results.get(serial)
        intake.finish(serial, result === undefined ? undefined : [serial, result])
      }
    }
    events.moved(session)
    // It may not have been told, or may have been made by a claim whose answer was lost.
    for (const other of new Set(foreign.values()))
      events.waits(
        session.id,
        other,
        [...foreign.keys()].filter((serial) => foreign.get(serial) === other),
      )
  }
  async function look(): Promise<void> {
    if (!foreign.size || state !== 'owner') return
    const before = looking
    looking = before === 'no' ? 'once' : 'again'
    if (before !== 'no') return
    try {
      await resolve()
    } catch (error) {
      report(error, 'the session store')
    }
    const more = (looking as string) === 'again'
    looking = 'no'
    if (more) await look()
  }

  return {
    holder,
    get busy() {
      return state !== 'lost' && (writing || foreign.size > 0 || hasNews())
    },
    get waits() {
      return foreign.size > 0
    },
    sync,
    finish(serial, result) {
      finished.push([serial, result ?? null])
      sync()
    },
    look,
    fence() {
      if (state !== 'owner') return
      state = 'fenced'
      released = intake
        .since(intake.handled)
        .flatMap(([serial]) => (serial <= asked && !foreign.has(serial) ? [serial] : []))
      sync()
    },
    whenIdle(fn) {
      waiting.push(fn)
      rest()
    },
    stop() {
      state = 'lost'
      rest()
    },
  }
}
