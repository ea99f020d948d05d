/**
 * The sender of reliable messages (PROTOCOL.md §6): bounds what is pending, gives serials at first transmission, sends again what a new
 * link still lacks, and settles every message exactly once with one truthful outcome. Closure with private state, no I/O, `now` passed in.
 */
import type { Result } from './frames.ts'

/** How a message ended. `code` says why, in kebab-case. */
export type Outcome =
  | { outcome: 'acknowledged'; id: string; serial: number; value: unknown }
  | { outcome: 'rejected' | 'not-sent' | 'in-doubt'; code: string; message?: string }

/** A message as it is handed to the outbox. `P` is the encoded payload, opaque here. */
export interface Message<P> {
  topic: string
  payload: P
  /** Size that counts against the limits, in bytes. */
  bytes: number
  /** Instant after which it is no longer worth putting on a link. */
  expiresAt?: number | undefined
  /** A newer message with the same key replaces this one while it is unsent. */
  key?: string | undefined
  /** Never send again in another session: settle as in-doubt. */
  once?: boolean | undefined
  /** Called exactly once. Must not call back into the outbox. */
  settle(outcome: Outcome): void
}

/** One message to put on the link: no payload means `void`, an id means redelivered in a new session. */
export interface Transmission<P> {
  serial: number
  topic: string
  payload: P | null
  id: string | null
}

export interface OutboxLimits {
  maxMessages: number
  maxBytes: number
  overflow: 'reject' | 'drop-oldest' | 'wait'
}

interface Entry<P> extends Message<P> {
  serial: number
  /** Fixed at first transmission; with it, the message keeps its name in later sessions. */
  id: string
  redelivered: boolean
  settled: boolean
}

/** Opaque handle of an accepted message, for `abort`. */
export type Ticket = object

export interface Outbox<P> {
  /** Messages without an outcome, and their bytes. */
  readonly pending: number
  readonly pendingBytes: number
  /** Everything up to this serial has its outcome: the server may forget it. */
  readonly settled: number
  /** Earliest instant at which an unsent message expires, or Infinity. O(pending) only if any message has a `ttl`. */
  readonly expiresAt: number
  /** Accepts or settles it at once (`outbox-full`). */
  add(message: Message<P>): Ticket
  /** What to put on the link now, within the window: first what is to be sent again, then new messages. */
  take(now: number, maxBytes: number): Transmission<P>[]
  /** `ack` has come. False if it acknowledges what was never sent. */
  acknowledge(serial: number, results: readonly Result[]): boolean
  /** Send again from `serial + 1` (`nack`). */
  rewind(serial: number): void
  /** `beat` tells what the server has received: sends again what it lacks since the beat before (PROTOCOL.md §6.4). */
  beat(serial: number): void
  /** A link carries the same session again and has received everything up to `serial`. */
  resume(serial: number): void
  /** A new session under this public name; `former` is the old one's tombstone. */
  restart(session: string, former?: readonly [serial: number, results: readonly Result[]]): void
  /** The link is gone, closed from the other side; `blame` when its close code points at a message (PROTOCOL.md §6.6). */
  dropped(blame: boolean): void
  /** Bounds of the session as `welcome` tells them. */
  limit(inFlight: number, inFlightBytes: number): void
  abort(ticket: Ticket, code?: string): void
  expire(now: number): void
  /** Settles everything: in-doubt what was on a link, not-sent what was not. */
  clear(code: string): void
}

/** Strikes against the message at the head of the line: from `alone` on it travels alone, at `out` it is rejected (PROTOCOL.md §6.6). */
const STRIKES = { blamed: 2, dropped: 1, alone: 4, out: 10 }

export function createOutbox<P>(limits: OutboxLimits): Outbox<P> {
  /** Never on a link, or to be redelivered; in send order. */
  let waiting = new Set<Entry<P>>()
  /** Has a serial; in serial order. Holds settled ones (aborted) until the server has consumed their serial. */
  const sent = new Map<number, Entry<P>>()
  const byKey = new Map<string, Entry<P>>()
  let session = ''
  let lastSerial = 0
  /** The next serial to put on the current link. */
  let nextSerial = 1
  let received = 0
  let sentAtBeat = 0
  let inFlight = 1
  let inFlightBytes = 1
  let sentBytes = 0
  let pending = 0
  let pendingBytes = 0
  let mortal = 0
  let suspect = 0
  let strikes = 0

  function settle(entry: Entry<P>, outcome: Outcome): void {
    if (entry.settled) return
    entry.settled = true
    pending--
    pendingBytes -= entry.bytes
    entry.settle(outcome)
  }
  /** Takes it out of the line of unsent messages. */
  function leave(entry: Entry<P>): void {
    if (!waiting.delete(entry)) return
    if (entry.expiresAt !== undefined) mortal--
    if (entry.key !== undefined && byKey.get(entry.key) === entry) byKey.delete(entry.key)
  }
  function drop(entry: Entry<P>, code: string): void {
    leave(entry)
    // One that waits for redelivery was on a link of the former session.
    settle(entry, { outcome: entry.redelivered ? 'in-doubt' : 'not-sent', code })
  }
  function expire(now: number): void {
    if (mortal) for (const entry of waiting) if (entry.expiresAt! <= now) drop(entry, 'expired')
  }
  /** The server has consumed the serial. */
  function consume(entry: Entry<P>, outcome: Outcome): void {
    sent.delete(entry.serial)
    sentBytes -= entry.bytes
    settle(entry, outcome)
  }
  const isFull = (bytes: number): boolean => pending >= limits.maxMessages || pendingBytes + bytes > limits.maxBytes
  function makeRoom(bytes: number): boolean {
    if (limits.overflow === 'wait') return true
    if (limits.overflow === 'drop-oldest')
      for (const entry of waiting) {
        if (!isFull(bytes)) break
        if (!entry.redelivered) drop(entry, 'outbox-full')
      }
    return !isFull(bytes)
  }
  function hasWindow(bytes: number): boolean {
    return strikes >= STRIKES.alone ? !sent.size : sent.size < inFlight && (!sent.size || sentBytes + bytes <= inFlightBytes)
  }
  /** The next entry for the link: again first, then new ones, which get their serial here. */
  function nextEntry(): Entry<P> | null {
    for (; nextSerial <= lastSerial; nextSerial++) {
      const again = sent.get(nextSerial)
      if (!again) continue
      return strikes >= STRIKES.alone && nextSerial > suspect ? null : again
    }
    for (const entry of waiting) {
      if (!hasWindow(entry.bytes)) return null
      leave(entry)
      entry.serial = ++lastSerial
      entry.id ||= session + '.' + lastSerial
      sent.set(lastSerial, entry)
      sentBytes += entry.bytes
      return entry
    }
    return null
  }
  function acknowledge(serial: number, results: readonly Result[]): boolean {
    if (serial > lastSerial || results.some((result) => result[0] > lastSerial)) return false
    for (const [at, value, code, message] of results) {
      const entry = sent.get(at)
      if (!entry) continue
      if (code === undefined) consume(entry, { outcome: 'acknowledged', id: entry.id, serial: at, value })
      else consume(entry, { outcome: 'rejected', code, message: message! })
    }
    for (const [at, entry] of sent) {
      if (at > serial) break
      consume(entry, { outcome: 'acknowledged', id: entry.id, serial: at, value: undefined })
    }
    arrived(serial)
    return true
  }
  /** The server has it up to here: whatever was suspected got through. */
  function arrived(serial: number): void {
    if (serial > received) received = serial
    if (suspect && received >= suspect) suspect = strikes = 0
  }
  function rewind(serial: number): void {
    if (serial < lastSerial && serial + 1 < nextSerial) nextSerial = Math.max(serial, 0) + 1
  }

  return {
    get pending() {
      return pending
    },
    get pendingBytes() {
      return pendingBytes
    },
    get settled() {
      for (const serial of sent.keys()) return serial - 1
      return lastSerial
    },
    get expiresAt() {
      let at = Infinity
      if (mortal) for (const entry of waiting) at = Math.min(at, entry.expiresAt ?? Infinity)
      return at
    },
    add(message) {
      const entry: Entry<P> = { ...message, serial: 0, id: '', redelivered: false, settled: false }
      const older = entry.key === undefined ? undefined : byKey.get(entry.key)
      if (older) drop(older, 'replaced')
      const room = !isFull(entry.bytes) || makeRoom(entry.bytes)
      pending++
      pendingBytes += entry.bytes
      if (!room) {
        settle(entry, { outcome: 'not-sent', code: 'outbox-full' })
        return entry
      }
      waiting.add(entry)
      if (entry.key !== undefined) byKey.set(entry.key, entry)
      if (entry.expiresAt !== undefined) mortal++
      return entry
    },
    take(now, maxBytes) {
      const out: Transmission<P>[] = []
      expire(now)
      for (let bytes = 0; bytes < maxBytes; ) {
        const entry = nextEntry()
        if (!entry) break
        nextSerial = entry.serial + 1
        bytes += entry.bytes
        const { serial, topic } = entry
        out.push({ serial, topic, payload: entry.settled ? null : entry.payload, id: entry.redelivered ? entry.id : null })
      }
      return out
    },
    acknowledge,
    rewind,
    beat(serial) {
      arrived(serial)
      if (sentAtBeat > serial) rewind(serial)
      sentAtBeat = nextSerial - 1
    },
    resume(serial) {
      arrived(serial)
      const accused = strikes >= STRIKES.out ? sent.get(suspect) : undefined
      if (accused) {
        suspect = strikes = 0
        settle(accused, { outcome: 'rejected', code: 'poison', message: 'its link was closed each time it was sent' })
      }
      nextSerial = serial + 1
      sentAtBeat = 0
    },
    restart(name, former) {
      if (former) acknowledge(Math.min(former[0], lastSerial), former[1])
      const again: Entry<P>[] = []
      for (const entry of sent.values()) {
        if (entry.settled) continue
        if (entry.once) settle(entry, { outcome: 'in-doubt', code: 'session-lost' })
        else {
          entry.redelivered = true
          // It has been on a link: its time to live is over as a reason not to send it.
          entry.expiresAt = entry.key = undefined
          again.push(entry)
        }
      }
      sent.clear()
      waiting = new Set([...again, ...waiting])
      session = name
      sentBytes = lastSerial = received = sentAtBeat = suspect = strikes = 0
      nextSerial = 1
    },
    dropped(blame) {
      let head = 0
      for (const serial of sent.keys())
        if (serial > received) {
          head = serial
          break
        }
      if (!head || head >= nextSerial) return
      strikes = (head === suspect ? strikes : 0) + (blame ? STRIKES.blamed : STRIKES.dropped)
      suspect = head
    },
    limit(messages, bytes) {
      inFlight = messages
      inFlightBytes = bytes
    },
    abort(ticket, code = 'aborted') {
      const entry = ticket as Entry<P>
      if (waiting.has(entry)) drop(entry, code)
      // On a link: what has happened to it is not known. Its serial is still owed, so it stays until consumed, as a void if sent again.
      else settle(entry, { outcome: 'in-doubt', code })
    },
    expire,
    clear(code) {
      for (const entry of waiting) drop(entry, code)
      for (const entry of sent.values()) settle(entry, { outcome: 'in-doubt', code })
      sent.clear()
    },
  }
}
