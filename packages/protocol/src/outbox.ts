/**
 * The sender of reliable messages (PROTOCOL.md §6): bounds what is pending, gives serials at first transmission, sends again what a new
 * link still lacks, and settles every message exactly once with one truthful outcome. Closure with private state, no I/O, `now` passed in.
 */
import type { Result } from './frames.ts'
import type { Message, Outbox, Outcome, OutboxLimits, Transmission } from './message.ts'

interface Entry<P> extends Omit<Message<P>, 'payload'> {
  /** Null once it is settled: what a link still needs is its serial. */
  payload: P | null
  /** Infinity until it is on a link of this session. */
  serial: number
  /** Fixed at first transmission; with it, the message keeps its name in later sessions. */
  id: string
  redelivered: boolean
  settled: boolean
}

/** Strikes against the message at the head of the line (PROTOCOL.md §6.6): from so many on it travels alone, */
const ALONE = 10
/** and at so many it is rejected. */
const OUT = 25
/** A link closed with a code that blames it counts for so many, any other loss for one: most are cuts of the network. */
const BLAMED = 5

/** How many windows the serials in use may span, so that the results a server keeps are bounded (PROTOCOL.md §6.2). */
const SPAN = 4

/** A sender without a link. `P` is the encoded payload. */
export function createOutbox<P>(limits: OutboxLimits): Outbox<P> {
  /** Never on a link, or to be redelivered; in send order. */
  let waiting = new Set<Entry<P>>()
  // Not a Map, nor one Set for ever: what is deleted from an old table stays alive until a full collection. That cost a third of all time.
  /** Has a serial, the first one that after `base`; in serial order. Holds settled ones (aborted) until the server has consumed their serial. */
  let sent: (Entry<P> | undefined)[] = []
  let base = 0
  let inUse = 0
  const byKey = new Map<string, Entry<P>>()
  let session = ''
  let lastSerial = 0
  let settledSerial = 0
  /** The next serial to put on the current link. */
  let nextSerial = 1
  let received = 0
  let sentAtBeat = 0
  let receivedAtBeat = 0
  let nacked = 0
  /** Up to here it has been sent again since a `nack`. */
  let resent = 0
  let inFlight = 1
  let inFlightBytes = 1
  let sentBytes = 0
  let pending = 0
  let pendingBytes = 0
  let soonest = Infinity
  let suspect: Entry<P> | null = null
  let strikes = 0

  function settle(entry: Entry<P>, outcome: Outcome): void {
    if (entry.settled) return
    entry.settled = true
    entry.payload = null
    pending--
    pendingBytes -= entry.bytes
    if (entry === suspect) acquit()
    entry.settle(outcome)
  }
  function acquit(): void {
    suspect = null
    strikes = 0
  }
  const at = (serial: number): Entry<P> | undefined => sent[serial - base - 1]
  /** Takes it out of the line of unsent messages. */
  function leave(entry: Entry<P>): void {
    waiting.delete(entry)
    if (byKey.get(entry.key!) === entry) byKey.delete(entry.key!)
  }
  /**
   * Nobody waits for it any more. Of one that is on a link, or was in a former session, nobody knows what has happened to it; its serial
   * is still owed, so it stays until that is consumed, as a void if sent again.
   */
  function drop(entry: Entry<P>, code: string): void {
    leave(entry)
    settle(entry, { outcome: entry.redelivered || entry.serial < Infinity ? 'in-doubt' : 'not-sent', code })
  }
  function expire(now: number): void {
    if (now < soonest) return
    soonest = Infinity
    for (const entry of waiting) {
      const by = entry.expiresAt ?? Infinity
      if (by <= now) drop(entry, 'expired')
      else soonest = Math.min(soonest, by)
    }
  }
  /** Who has to leave so that a message of this size, which replaces `older`, fits; null if that cannot be: then nobody leaves. */
  function roomFor(bytes: number, older: Entry<P> | undefined): Entry<P>[] | null {
    const leaving: Entry<P>[] = []
    let messagesOver = pending + 1 - limits.maxMessages - (older ? 1 : 0)
    let bytesOver = pendingBytes + bytes - limits.maxBytes - (older?.bytes ?? 0)
    if (limits.overflow === 'drop-oldest')
      for (const entry of waiting) {
        if (messagesOver <= 0 && bytesOver <= 0) break
        if (entry.redelivered || entry === older) continue
        leaving.push(entry)
        messagesOver--
        bytesOver -= entry.bytes
      }
    return limits.overflow === 'wait' || (messagesOver <= 0 && bytesOver <= 0) ? leaving : null
  }
  function settledUpTo(): number {
    while (settledSerial < lastSerial && !at(settledSerial + 1)) settledSerial++
    return settledSerial
  }
  function hasWindow(bytes: number): boolean {
    return (
      !inUse ||
      (strikes < ALONE &&
        inUse < inFlight &&
        sentBytes + bytes <= inFlightBytes &&
        lastSerial - settledUpTo() < SPAN * inFlight)
    )
  }
  /** The server has consumed the serial. */
  function consume(entry: Entry<P>, outcome: Outcome): void {
    sent[entry.serial - base - 1] = undefined
    inUse--
    sentBytes -= entry.bytes
    settle(entry, outcome)
  }
  /** The server has it up to here: whatever was suspected got through. False if it cannot have. */
  function arrived(serial: number): boolean {
    if (serial > lastSerial) return false
    received = Math.max(received, serial)
    if (suspect && received >= suspect.serial) acquit()
    return true
  }
  function goBack(serial: number): void {
    nextSerial = Math.min(nextSerial, Math.max(serial, settledUpTo()) + 1)
  }
  function acknowledge(serial: number, results: readonly Result[]): boolean {
    if (results.some(([one]) => one > lastSerial) || !arrived(serial)) return false
    for (const [one, value, code, message] of results) {
      const entry = at(one)
      if (!entry) continue
      if (code === undefined) consume(entry, { outcome: 'acknowledged', id: entry.id, serial: one, value })
      else consume(entry, { outcome: code === 'in-doubt' ? code : 'rejected', code, message: message! })
    }
    for (let one = settledUpTo() + 1; one <= serial; one++) {
      const entry = at(one)
      if (entry) consume(entry, { outcome: 'acknowledged', id: entry.id, serial: one, value: undefined })
    }
    sent.splice(0, settledUpTo() - base)
    base = settledSerial
    return true
  }
  /** Nothing is on the link yet. */
  function beginLink(serial: number): void {
    received = serial
    nextSerial = Math.max(serial, settledUpTo()) + 1
    sentAtBeat = resent = 0
  }

  return {
    get pending() {
      return pending
    },
    get pendingBytes() {
      return pendingBytes
    },
    get settled() {
      return settledUpTo()
    },
    get expiresAt() {
      return waiting.size ? soonest : Infinity
    },
    add(message) {
      // Not `{ ...message, serial }`: V8 gives such objects a slow shape, ten times the cost of the whole way through here.
      const entry: Entry<P> = Object.assign({ serial: Infinity, id: '', redelivered: false, settled: false }, message)
      const older = entry.key === undefined ? undefined : byKey.get(entry.key)
      const leaving = roomFor(entry.bytes, older)
      pending++
      pendingBytes += entry.bytes
      if (!leaving) {
        drop(entry, 'outbox-full')
        return entry
      }
      if (older) drop(older, 'replaced')
      for (const other of leaving) drop(other, 'outbox-full')
      waiting.add(entry)
      if (entry.key !== undefined) byKey.set(entry.key, entry)
      soonest = Math.min(soonest, entry.expiresAt ?? Infinity)
      return entry
    },
    take(now, maxBytes) {
      const out: Transmission<P>[] = []
      let left = maxBytes
      const fits = (entry: Entry<P>): boolean => left > 0 && (!out.length || entry.bytes <= left)
      const put = ({ serial, topic, payload, bytes, redelivered, once, id }: Entry<P>): void => {
        left -= bytes
        out.push({ serial, topic, payload, id: redelivered ? id : once ? '' : null })
      }
      expire(now)
      for (; nextSerial <= lastSerial; nextSerial++) {
        const entry = at(nextSerial)
        if (!entry) continue
        if (!fits(entry) || (strikes >= ALONE && nextSerial > suspect!.serial)) return out
        put(entry)
      }
      for (const entry of waiting) {
        if (!fits(entry) || !hasWindow(entry.bytes)) break
        leave(entry)
        entry.serial = ++lastSerial
        entry.id ||= session + '.' + lastSerial
        sent.push(entry)
        inUse++
        sentBytes += entry.bytes
        put(entry)
      }
      if (!waiting.size) waiting = new Set()
      nextSerial = lastSerial + 1
      return out
    },
    acknowledge,
    rewind(serial) {
      if (!arrived(serial)) return false
      // The resend after an earlier nack fills its later holes, too: they are on their way, unless the server says so again.
      if (serial <= nacked || serial >= resent) {
        resent = Math.max(resent, nextSerial - 1)
        goBack(serial)
      }
      nacked = serial
      return true
    },
    beat(serial) {
      if (!arrived(serial)) return false
      // Progress since the beat before means a slow link, not a lost tail.
      if (sentAtBeat > serial && receivedAtBeat === serial) goBack(serial)
      sentAtBeat = nextSerial - 1
      receivedAtBeat = serial
      return true
    },
    resume(serial) {
      if (!arrived(serial)) return false
      if (suspect && strikes >= OUT)
        settle(suspect, {
          // This session has not handled it. If it was on a link of a former one, that may have.
          outcome: suspect.redelivered ? 'in-doubt' : 'rejected',
          code: 'poison',
          message: 'its link was closed each time it was sent',
        })
      beginLink(serial)
      return true
    },
    restart(name, former) {
      const isTrue = !former || acknowledge(...former)
      const again: Entry<P>[] = []
      for (const entry of sent) {
        if (!entry || entry.settled) continue
        if (entry.once) drop(entry, 'session-lost')
        else if (entry === suspect && strikes >= OUT) drop(entry, 'poison')
        else {
          entry.redelivered = true
          entry.serial = Infinity
          // It has been on a link: its time to live is over as a reason not to send it.
          entry.expiresAt = entry.key = undefined
          again.push(entry)
        }
      }
      sent = []
      waiting = new Set([...again, ...waiting])
      session = name
      inUse = sentBytes = base = lastSerial = settledSerial = 0
      beginLink(0)
      return isTrue
    },
    dropped(blame) {
      const from = Math.max(received, settledUpTo()) + 1
      for (let serial = from; serial < nextSerial; serial++) {
        const entry = at(serial)
        if (!entry || entry.settled) continue
        strikes = (entry === suspect ? strikes : 0) + (blame ? BLAMED : 1)
        suspect = entry
        break
      }
      nextSerial = from
    },
    limit(messages, bytes) {
      inFlight = messages
      inFlightBytes = bytes
    },
    abort(ticket, code = 'aborted') {
      drop(ticket as Entry<P>, code)
    },
    expire,
    clear(code) {
      for (const entry of [...waiting, ...sent]) if (entry) drop(entry, code)
    },
  }
}
