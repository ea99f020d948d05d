// What the rules make of one frame, or of one message of a network in memory.
import { report } from './exchange.ts'
import type { EventLog } from './event-log.ts'
import type { Rulebook, Standing } from './rulebook.ts'
import type { Direction, ExchangeInfo } from './rules.ts'

/** What becomes of one frame. */
export interface Fate {
  readonly fate: 'passed' | 'dropped' | 'duplicated' | 'delayed' | 'truncated'
  /** Milliseconds that it is held back. */
  readonly wait: number
  /** Bytes of the frame that pass. */
  readonly limit: number
}

/** What passes as it is. */
export const passed: Fate = { fate: 'passed', wait: 0, limit: Infinity }

/** Frames longer than this are not kept for a second delivery. */
const maxDuplicated = 1024 * 1024

/** `isMessage`: a whole one, no fragment, no control frame. */
export function fateOf(
  { rules, events }: { rules: Rulebook; events: EventLog },
  exchange: ExchangeInfo,
  direction: Direction,
  { isMessage, length }: { isMessage: boolean; length: number },
): Fate {
  const on = { connection: exchange.connection, exchange, direction }
  const strike = (rule: Standing, fate: Partial<Fate>): Fate => {
    report(events, exchange, rule, { direction })
    return { ...passed, ...fate }
  }
  const mute = rules.take('mute', on)
  if (mute !== null) return strike(mute, { fate: 'dropped' })
  // Fragments and control frames are left alone: losing one would break the connection, not lose a message.
  if (!isMessage) return passed
  const drop = rules.take('drop-frame', on)
  if (drop !== null) return strike(drop, { fate: 'dropped' })
  const truncate = rules.take('truncate-frame', on)
  if (truncate !== null) {
    const { at } = truncate.rule
    return strike(truncate, { fate: 'truncated', limit: at === 'half' ? Math.floor(length / 2) : at })
  }
  const delay = rules.take('delay-frame', on)
  if (delay !== null) return strike(delay, { fate: 'delayed', wait: delay.rule.ms })
  const duplicate = length <= maxDuplicated ? rules.take('duplicate-frame', on) : null
  return duplicate === null ? passed : strike(duplicate, { fate: 'duplicated' })
}
