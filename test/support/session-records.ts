/** What becomes of records of sessions, by the words of `SessionStore`: one step each, on plain objects, without time of its own. */
import type { Packet } from '@holdfast/protocol'
import type {
  Batch,
  Claim,
  Claimed,
  Gone,
  Kept,
  NewRecord,
  Refused,
  Seized,
  Whereabouts,
  Written,
} from '@holdfast/server'

export interface SessionRecord extends NewRecord {
  incarnation: number
  holder: string
  version: number
  received: number
  settled: number
  inboxes: string | null
  readonly pending: Map<number, { holder: string | null; again: boolean; message: Packet }>
  readonly results: Map<number, Packet>
  endsAt: number
  isBuried: boolean
  /** Of the store, when it was last written. */
  history: number
  farewell: Whereabouts['farewell']
}

/** When a step happens. */
export interface Moment {
  readonly now: number
  readonly history: number
  readonly window: number
  readonly tombstone: number
}

const bySerial = <T>(map: ReadonlyMap<number, T>): [number, T][] => [...map].sort(([a], [b]) => a - b)
const handledOf = ({ pending, received }: SessionRecord): number =>
  pending.size ? Math.min(...pending.keys()) - 1 : received
const kept = (record: SessionRecord, above = 0): Kept[] => bySerial(record.results).filter(([serial]) => serial > above)

export const isForgotten = (record: SessionRecord, { now, tombstone }: Moment): boolean =>
  record.endsAt + tombstone <= now

export const isGone = (record: SessionRecord, { now, history }: Moment): boolean =>
  record.isBuried || record.history !== history || (record.endsAt <= now && !record.pending.size)

export const createRecord = (given: NewRecord, { now, history, window }: Moment): SessionRecord => ({
  ...given,
  version: 1,
  received: 0,
  settled: 0,
  inboxes: null,
  pending: new Map(),
  results: new Map(),
  endsAt: now + window,
  isBuried: false,
  history,
  farewell: null,
})

function settle(record: SessionRecord, upTo: number): void {
  record.settled = Math.max(record.settled, Math.min(upTo, handledOf(record)))
  for (const serial of record.results.keys()) if (serial <= record.settled) record.results.delete(serial)
}

function refusal(record: SessionRecord, claim: Claim, moment: Moment): Gone | Refused | null {
  const isOwn = record.identity === claim.identity
  if (record.proof !== claim.proof) return { state: 'unknown' }
  if (isGone(record, moment)) {
    if (!isOwn || record.codec !== claim.codec) return { state: 'unknown' }
    return { state: 'gone', handled: handledOf(record), results: kept(record, claim.settled) }
  }
  if (!isOwn) return { state: 'other-identity' }
  if (record.codec !== claim.codec) return { state: 'other-codec' }
  if (claim.incarnation <= record.incarnation) return { state: 'stale' }
  return claim.settled > handledOf(record) ? { state: 'unknown' } : null
}

export function claimRecord(record: SessionRecord, claim: Claim, moment: Moment): Claimed | Gone | Refused {
  const refused = refusal(record, claim, moment)
  if (refused) return refused
  const former = record.holder
  if (claim.mine !== former) record.holder = claim.fresh
  const { holder } = record
  Object.assign(record, { incarnation: claim.incarnation, endsAt: moment.now + moment.window, farewell: null })
  settle(record, claim.settled)
  for (const each of record.pending.values()) each.holder ??= holder
  const { version, createdAt, received, settled, inboxes } = record
  return {
    state: 'claimed',
    holder,
    former,
    version,
    createdAt,
    received,
    handled: handledOf(record),
    settled,
    inboxes,
    pending: bySerial(record.pending).map(([serial, each]) => ({ serial, ...each })),
    results: kept(record),
  }
}

/** What this holder still has. */
function finish({ pending, results }: SessionRecord, holder: string, { finished, released }: Batch): void {
  for (const [serial, result] of finished) {
    if (pending.get(serial)?.holder !== holder) continue
    pending.delete(serial)
    if (result !== null) results.set(serial, result)
  }
  for (const serial of released) {
    const each = pending.get(serial)
    if (each?.holder === holder) each.holder = null
  }
}

export function writeRecord(record: SessionRecord, holder: string, batch: Batch, moment: Moment): Written {
  const { taken, version } = batch
  const gone = isGone(record, moment)
  if (gone || holder !== record.holder) {
    finish(record, holder, batch)
    finish(record, holder, { ...batch, finished: [], released: taken.map(([serial]) => serial) })
    return gone ? { state: 'lost' } : { state: 'fenced', holder: record.holder }
  }
  if (version === record.version - 1) return { state: 'written' }
  // It has been written since, and that is not here any more.
  if (version > record.version) record.isBuried = true
  const isNext = taken.every(([serial], i) => serial === record.received + 1 + i)
  if (version !== record.version || !isNext) return { state: 'lost' }
  for (const [serial, message] of taken)
    if (message !== null) record.pending.set(serial, { holder, again: false, message })
  record.received += taken.length
  record.version++
  finish(record, holder, batch)
  settle(record, batch.settled)
  record.inboxes = batch.inboxes ?? record.inboxes
  return { state: 'written' }
}

export function seizeFrom(
  record: SessionRecord,
  holder: string,
  from: readonly (string | null)[],
  moment: Moment,
): Seized | Written {
  if (isGone(record, moment)) return { state: 'lost' }
  if (holder !== record.holder) return { state: 'fenced', holder: record.holder }
  for (const each of record.pending.values()) {
    if (!from.includes(each.holder)) continue
    each.again ||= each.holder !== null
    each.holder = holder
  }
  const pending = bySerial(record.pending).map(([serial, each]) => ({
    serial,
    holder: each.holder,
    again: each.again,
  }))
  return { state: 'seized', pending, results: kept(record) }
}
