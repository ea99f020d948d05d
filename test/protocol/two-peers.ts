/**
 * An outbox and a server's intakes over links that are cut, lose and double packets, between sessions that are lost with and without a
 * tombstone. Every step is checked against a plain record of what really happened.
 */
import { createIntake, createOutbox } from '@holdfast/protocol'
import type { Intake, Outbox, OutboxLimits, Outcome, Result, Ticket, Transmission } from '@holdfast/protocol'
import { ensure, type Random } from './random.ts'

/** What really happened to one message. */
interface Truth {
  index: number
  kind: 'plain' | 'refused' | 'poison'
  bytes: number
  once: boolean
  ticket?: Ticket
  id: string | null
  outcome: Outcome | null
  aborted: boolean
  /** Times it was handed to a link, in which sessions. */
  sessions: Set<string>
  /** Taken in by a server at least once. */
  received: boolean
  started: string[]
  finished: Map<string, Result>
}
type Down = ['ack', number, Result[]] | ['nack' | 'beat', number] | ['close', boolean]
interface Session {
  name: string
  intake: Intake<{ truth: Truth; id: string | null }>
  running: [number, Truth][]
  lastHandled: number
  nacks: number
  nackedAt: number
}
interface Link {
  up: { settled: number; frames: Transmission<Truth>[] }[]
  down: Down[]
  /** Serials put on this link since the last nack or beat. */
  fresh: Set<number>
  open: boolean
}
export interface Rates {
  cut: number
  lose: number
  double: number
  loseSession: number
  poison: number
  abort: number
}

export function createPeers(random: Random, limits: OutboxLimits, window: number, rates: Rates) {
  const outbox: Outbox<Truth> = createOutbox(limits)
  const messages: Truth[] = []
  const count = { transmitted: 0, links: 0, rewinds: 0, beyond: 0 }
  let now = 0
  let session: Session | null = null
  let tombstone: [number, Result[]] | undefined
  let link: Link | null = null
  let known: string | null = null
  let sessions = 0
  let closesWithoutProgress = 0

  const unsettled = (): Truth[] => messages.filter(({ outcome }) => !outcome)

  function settled(truth: Truth, outcome: Outcome): void {
    ensure(!truth.outcome, `message ${truth.index} settles twice`)
    truth.outcome = outcome
    const { index, started, finished, sessions, received } = truth
    const is = `message ${index} ${JSON.stringify(outcome)} `
    switch (outcome.outcome) {
      case 'acknowledged': {
        ensure(outcome.id === truth.id, is + 'under another id')
        const result = [...finished.values()].find((result) => result.length === 2 && result[1] === outcome.value)
        return ensure(!!result && truth.kind !== 'refused', is + 'but was not handled like that')
      }
      case 'rejected':
        if (outcome.code !== 'poison')
          return ensure(finished.size > 0 && truth.kind === 'refused', is + 'but was not refused')
        ensure(truth.kind === 'poison' || closesWithoutProgress >= 5, is + 'after a few cuts')
        return ensure(!received && !started.length, is + 'but was taken in')
      case 'not-sent':
        return ensure(sessions.size === 0, is + 'but was on a link')
      case 'in-doubt': {
        const why =
          truth.aborted ||
          (truth.once && outcome.code === 'session-lost') ||
          (outcome.code === 'poison' && sessions.size > 0)
        return ensure(sessions.size > 0 && (why || outcome.code === 'closed'), is + 'without need')
      }
    }
  }
  function add(): void {
    const kind = random.chance(rates.poison) ? 'poison' : random.chance(0.1) ? 'refused' : 'plain'
    const bytes = 1 + random.int(random.chance(0.05) ? 400 : 60)
    const truth: Truth = {
      index: messages.length,
      kind,
      bytes,
      once: random.chance(0.15),
      id: null,
      outcome: null,
      aborted: false,
      sessions: new Set(),
      received: false,
      started: [],
      finished: new Map(),
    }
    messages.push(truth)
    truth.ticket = outbox.add({
      topic: 't',
      payload: truth,
      bytes,
      once: truth.once,
      key: random.chance(0.1) ? 'k' + random.int(2) : undefined,
      expiresAt: random.chance(0.1) ? now + random.int(3e3) : undefined,
      settle: (outcome) => settled(truth, outcome),
    })
  }
  function transmit(): void {
    if (!link?.open) return
    const budget = 1 + random.int(300)
    const frames = outbox.take(now, budget)
    if (!frames.length) return
    let bytes = 0
    for (const { serial, payload, id: told } of frames) {
      const id = told || null
      if (payload) {
        ensure(
          (told === '') === payload.once,
          `message ${payload.index}: an empty id says that it is wanted once at most`,
        )
        bytes += payload.bytes
        payload.sessions.add(known!)
        ensure(
          (id !== null) === [...payload.sessions].some((name) => name !== known),
          `message ${payload.index}: an id only in a later session`,
        )
        payload.id ??= known + '.' + serial
        ensure(id === null || id === payload.id, `message ${payload.index} changes its id`)
      }
      ensure(!link.fresh.has(serial), `serial ${serial} twice on one link`)
      link.fresh.add(serial)
    }
    ensure(bytes <= budget || frames.filter(({ payload }) => payload).length === 1, 'a packet over its bytes')
    const live = unsettled().filter(({ sessions }) => sessions.has(known!))
    const liveBytes = live.reduce((sum, truth) => sum + truth.bytes, 0)
    ensure(live.length <= window, 'more messages in flight than the window')
    ensure(liveBytes <= window * 40 || live.length === 1, 'more bytes in flight than the window')
    count.transmitted += frames.length
    link.up.push({ settled: outbox.settled, frames })
  }
  function arrive(): void {
    if (!link || !session || !link.up.length) return
    const packet = link.up[0]!
    if (!random.chance(rates.double)) link.up.shift()
    if (random.chance(rates.lose)) return
    ensure(session.intake.settle(packet.settled), `settled ${packet.settled} was not acknowledged`)
    const poison = packet.frames.findIndex(({ payload }) => payload?.kind === 'poison')
    const whole = random.chance(0.5)
    const before = session.intake.received
    for (const { serial, payload: truth, id } of poison < 0
      ? packet.frames
      : packet.frames.slice(0, whole ? 0 : poison)) {
      const verdict = session.intake.receive(serial, truth && { truth, id: id || null })
      if (verdict === 'beyond') count.beyond++
      if (truth && verdict === 'taken') truth.received = true
    }
    if (session.intake.received > before) session.nacks = closesWithoutProgress = 0
    if (poison >= 0) {
      link.open = false
      link.up = []
      link.down.push(['close', random.chance(0.7)])
    } else if (session.intake.hole && now - session.nackedAt >= 1_000) {
      session.nackedAt = now
      if (++session.nacks > 3) session = null
      else link.down.push(['nack', session.intake.received])
    }
  }
  function handle(): void {
    if (!session) return
    const { name, intake, running } = session
    const next = random.chance(0.5) ? intake.next() : null
    if (next) {
      const { truth, id } = next[1]
      ensure(next[0] > session.lastHandled, 'handled out of order of serials')
      ensure(!truth.started.includes(name), `message ${truth.index} handled twice in ${name}`)
      ensure(!truth.started.length || id === truth.id, `message ${truth.index} handled again without saying so`)
      truth.received = true
      truth.started.push(name)
      session.lastHandled = next[0]
      running.push([next[0], truth])
    } else if (running.length) {
      const [[serial, truth]] = running.splice(random.int(running.length), 1) as [[number, Truth]]
      const value = random.chance(0.5) ? 'v' + truth.index : undefined
      const result: Result = truth.kind === 'refused' ? [serial, null, 'no', ''] : [serial, value]
      truth.finished.set(name, result)
      intake.finish(serial, truth.kind === 'refused' || value ? result : undefined)
    }
  }
  function say(): void {
    const told = link?.open ? session?.intake.ack() : null
    if (told) link!.down.push(['ack', ...told])
  }
  function beat(): void {
    if (link?.open && session) link.down.push(['beat', session.intake.received])
  }
  function hear(): void {
    const frame = link?.down.shift()
    if (!frame || !link) return
    if (frame[0] === 'close') return cut(frame[1])
    if (frame[0] === 'ack') return ensure(outbox.acknowledge(frame[1], frame[2]), 'an honest ack is refused')
    ensure(outbox[frame[0] === 'nack' ? 'rewind' : 'beat'](frame[1]), 'an honest serial is refused')
    count.rewinds++
    link.fresh.clear()
  }
  function cut(blame = false): void {
    if (!link) return
    link = null
    closesWithoutProgress++
    outbox.dropped(blame)
  }
  function open(): void {
    if (link) cut()
    if (random.chance(rates.cut)) return
    count.links++
    link = { up: [], down: [], fresh: new Set(), open: true }
    if (session && session.name === known) {
      session.intake.settle(outbox.settled)
      ensure(outbox.resume(session.intake.received), 'an honest resume is refused')
      session.intake.retell()
      return say()
    }
    const name = 's' + ++sessions
    session = { name, intake: createIntake(window), running: [], lastHandled: 0, nacks: 0, nackedAt: -1_000 }
    ensure(outbox.restart(name, tombstone), 'an honest tombstone is refused')
    outbox.limit(window, window * 40)
    known = name
    tombstone = undefined
  }
  function loseSession(): void {
    if (!session || session.name !== known) return
    tombstone = random.chance(0.5) ? [session.intake.handled, session.intake.kept()] : undefined
    session = null
    cut()
  }
  function abort(): void {
    const truth = random.pick(messages)
    if (!truth?.ticket) return
    truth.aborted ||= !truth.outcome
    outbox.abort(truth.ticket)
  }
  function check(): void {
    const left = unsettled()
    ensure(outbox.pending === left.length, `pending is ${outbox.pending}, truth ${left.length}`)
    ensure(outbox.pendingBytes === left.reduce((sum, { bytes }) => sum + bytes, 0), 'pendingBytes is not the truth')
    if (limits.overflow === 'wait') return
    ensure(outbox.pending <= limits.maxMessages && outbox.pendingBytes <= limits.maxBytes, 'over the limits')
  }
  function pass(ms: number): void {
    now += ms
    if (random.chance(0.3)) outbox.expire(now)
  }
  return {
    outbox,
    messages,
    count,
    add,
    transmit,
    arrive,
    handle,
    say,
    beat,
    hear,
    cut,
    open,
    loseSession,
    abort,
    check,
    pass,
    get isOpen() {
      return link !== null
    },
  }
}
