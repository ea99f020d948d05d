/** What is due from time to time: one coarse timer per server looks at everything that has a deadline; none is set per message or link. */
import { CloseCode } from '@holdfast/protocol'
import type { Context } from './context.ts'
import type { Farewell } from './farewell.ts'
import type { Attachment } from './session.ts'

/** Most tops a beat names (PROTOCOL.md §7.4). */
const TOPS_PER_BEAT = 32
/** A nack is repeated at most this often, and so many times without progress (PROTOCOL.md §6.4). */
const NACK_INTERVAL = 1_000
const NACKS = 3
/** Beats go out earlier than announced, so that a client normally need not probe (PROTOCOL.md §8). */
const BEAT_EARLIER = 0.8

export type Close = (attachment: Attachment, farewell: Farewell) => void

export interface Upkeep {
  /** When the first beat of a new link is due: at a random phase. */
  firstBeat(now: number): number
  /** Looks at one link. */
  tend(attachment: Attachment, now: number): void
  /** Answers a hole, if there is one and it has not just been answered. */
  answerHole(attachment: Attachment, now: number): void
}

const expiryOf = (attachment: Attachment): number => {
  const { identity } = attachment.session
  return (typeof identity === 'object' && identity?.expiresAt) || Infinity
}

export function createUpkeep({ settings, counters }: Context, close: Close): Upkeep {
  const { limits, beat, silence, slowTimeout, renewBefore, renewGrace, random } = settings

  function tops(attachment: Attachment): [string, number][] {
    const live = [...attachment.subscriptions.values()].filter((subscription) => subscription.state === 'live')
    const start = live.length ? attachment.nextTop % live.length : 0
    attachment.nextTop = start + TOPS_PER_BEAT
    const turn = [...live.slice(start), ...live.slice(0, start)].slice(0, TOPS_PER_BEAT)
    return turn.map(({ name, sent }) => [name, sent[1]])
  }
  function sendBeat(attachment: Attachment, now: number): void {
    attachment.nextBeatAt = Math.max(attachment.nextBeatAt + beat * BEAT_EARLIER, now)
    const { outlet, session } = attachment
    outlet.say(['beat', Math.floor(now), session.intake.received, tops(attachment)])
  }
  /** Whether something waits for it, and it has taken nothing for too long. */
  function isSlow(attachment: Attachment, now: number): boolean {
    const { progress, outlet, behind } = attachment
    const { queued } = outlet
    const waits = behind.size > 0 || queued > limits.buffered
    if (!waits || !queued || queued < progress.buffered) attachment.progress = { at: now, buffered: queued }
    return now - attachment.progress.at > slowTimeout
  }
  function renew(attachment: Attachment, now: number): void {
    const expiry = expiryOf(attachment)
    // Of this credential, not of the link: else a short-lived one would be asked for again on every look.
    const life = expiry - attachment.authenticatedAt
    if (now >= expiry + renewGrace) return close(attachment, { code: CloseCode.expired, reason: 'credential expired' })
    if (attachment.renewal === 'asked' || now < expiry - Math.min(renewBefore, life / 2)) return
    attachment.renewal = 'asked'
    attachment.outlet.say(['renew', Math.max(0, Math.floor(expiry - now))])
  }
  function answerHole(attachment: Attachment, now: number): void {
    const { intake } = attachment.session
    if (!intake.hole) return
    const { nack } = attachment
    const again = nack.times > 0 && nack.serial === intake.received
    if (again && now - nack.at < NACK_INTERVAL) return
    if (again && nack.times >= NACKS)
      return close(attachment, { code: CloseCode.noProgress, reason: 'serials make no progress' })
    attachment.nack = { serial: intake.received, times: again ? nack.times + 1 : 1, at: now }
    counters.nacks++
    attachment.outlet.say(['nack', intake.received])
  }

  return {
    firstBeat: (now) => now + random() * beat * BEAT_EARLIER,
    answerHole,
    tend(attachment, now) {
      attachment.credentials.shown = 0
      if (now - attachment.heardAt > beat + silence)
        return close(attachment, { code: CloseCode.silent, reason: 'silent for too long' })
      if (isSlow(attachment, now)) return close(attachment, { code: CloseCode.slow, reason: 'too slow a reader' })
      if (now >= attachment.nextBeatAt) sendBeat(attachment, now)
      if (expiryOf(attachment) < Infinity) renew(attachment, now)
      answerHole(attachment, now)
    },
  }
}

/** Calls `tick` every `interval` ms while it returns true. */
export function createTicker(
  { settings: { clock } }: Context,
  interval: number,
  tick: (now: number) => boolean,
): { start(): void; stop(): void } {
  let undo: (() => void) | null = null
  function start(): void {
    undo ??= clock.after(interval, () => {
      undo = null
      if (tick(clock.now())) start()
    })
  }
  return {
    start,
    stop() {
      undo?.()
      undo = null
    },
  }
}
