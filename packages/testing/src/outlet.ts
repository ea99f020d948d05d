// The way of one response to the client: straight, through a buffer that withholds it, or up to the point where it breaks off.
import { report, type Exchange } from './exchange.ts'
import type { ResponseHead } from './http-head.ts'
import type { Link } from './link.ts'
import type { Standing } from './rulebook.ts'
import type { BufferRule, DuplicateResponseRule, TruncateRule } from './rules.ts'

/** `closed`: the response was broken off, nothing more may follow. */
type Progress = 'open' | 'closed'

export interface Outlet {
  head(bytes: Buffer): Promise<Progress>
  body(bytes: Buffer): Promise<Progress>
  end(): Promise<Progress>
}

/** For responses that nobody gets. */
export const nowhere: Outlet = {
  head: async () => 'open',
  body: async () => 'open',
  end: async () => 'open',
}

export function createOutlet(link: Link, exchange: Exchange, head: ResponseHead): Outlet {
  const { rules, events } = link.shared
  const on = { connection: link.id, exchange }
  let outlet = straight(link, exchange)
  const buffer = rules.take('buffer', on)
  if (buffer !== null) {
    report(events, exchange, buffer)
    outlet = buffered(outlet, buffer)
  }
  const isWhole = head.status !== 101 && head.framing.type !== 'until-close'
  const duplicate = isWhole ? rules.take('duplicate-response', on) : null
  if (duplicate !== null) outlet = copied(outlet, link, exchange, duplicate)
  const truncate = rules.take('truncate', on)
  if (truncate !== null) {
    report(events, exchange, truncate, { detail: `at ${truncate.rule.at}` })
    outlet = truncated(outlet, link, exchange, head, truncate.rule)
  }
  return outlet
}

function straight(link: Link, exchange: Exchange): Outlet {
  const push = async (bytes: Buffer): Promise<Progress> => {
    await link.down.push(bytes, exchange)
    return 'open'
  }
  return { head: push, body: push, end: async () => 'open' }
}

function buffered(next: Outlet, { rule, onLifted }: Standing<BufferRule>): Outlet {
  const size = rule.bytes ?? 65_536
  let kept: Buffer[] = []
  let keptBytes = 0
  let withholding = true
  const flush = (): Promise<Progress> => {
    const bytes = Buffer.concat(kept)
    kept = []
    keptBytes = 0
    return next.body(bytes)
  }
  // Undone in the middle of a stream: what was withheld goes now, not with the next bytes.
  const forget = onLifted(() => {
    withholding = false
    void flush()
  })
  const keep = async (bytes: Buffer): Promise<Progress> => {
    kept.push(bytes)
    keptBytes += bytes.length
    return withholding && keptBytes < size ? 'open' : flush()
  }
  return {
    head: (bytes) => (rule.head === 'pass' ? next.head(bytes) : keep(bytes)),
    body: keep,
    async end() {
      forget()
      await flush()
      return next.end()
    },
  }
}

/** Keeps a copy, for another request. */
function copied(next: Outlet, link: Link, exchange: Exchange, standing: Standing<DuplicateResponseRule>): Outlet {
  const { events, replays } = link.shared
  const parts: Buffer[] = []
  let size = 0
  const keep = (bytes: Buffer): void => {
    size += bytes.length
    if (size <= maxKept) parts.push(Buffer.from(bytes))
  }
  return {
    head(bytes) {
      keep(bytes)
      return next.head(bytes)
    },
    body(bytes) {
      keep(bytes)
      return next.body(bytes)
    },
    end() {
      if (size <= maxKept) {
        report(events, exchange, standing, { detail: 'kept' })
        replays.keep(standing, Buffer.concat(parts))
      }
      return next.end()
    },
  }
}

/** Half of a body of unknown length is known only at its end; so much of it is kept. */
const maxKept = 1024 * 1024

function truncated(
  next: Outlet,
  link: Link,
  exchange: Exchange,
  { framing }: ResponseHead,
  rule: TruncateRule,
): Outlet {
  const length = framing.type === 'length' ? framing.length : null
  const kept: Buffer[] = []
  let left = limitOf(rule.at, length)

  async function breakOff(): Promise<Progress> {
    await next.end()
    link.down.mark(() => link.cut(rule.how ?? 'end'), exchange)
    return 'closed'
  }
  return {
    async head(bytes) {
      if (rule.at === 'nothing') return breakOff()
      await next.head(bytes)
      return left === 0 ? breakOff() : 'open'
    },
    async body(bytes) {
      if (left === 'half') {
        kept.push(bytes)
        return kept.reduce((sum, part) => sum + part.length, 0) < maxKept ? 'open' : this.end()
      }
      await next.body(bytes.subarray(0, left))
      left -= bytes.length
      return left <= 0 ? breakOff() : 'open'
    },
    async end() {
      if (left === 'half') {
        const body = Buffer.concat(kept)
        await next.body(body.subarray(0, Math.floor(body.length / 2)))
      } else if (rule.at !== 'end') return next.end()
      return breakOff()
    },
  }
}

/** Bytes of the body that pass. */
function limitOf(at: TruncateRule['at'], length: number | null): number | 'half' {
  if (typeof at === 'number') return at
  if (at === 'end') return Infinity
  if (at === 'half') return length === null ? 'half' : Math.floor(length / 2)
  return 0
}
