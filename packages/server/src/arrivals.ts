/** Links before they have a session: hello in time, version, credential, caps (PROTOCOL.md §4.1, §4.2, §4.5). */
import { CloseCode, UP_FRAMES, VERSION, json } from '@holdfast/protocol'
import type { Codec, Hello, UpFrame } from '@holdfast/protocol'
import type { Admitted } from './admission.ts'
import type { Contact } from './contact.ts'
import type { Context } from './context.ts'
import { refusedCredential } from './farewell.ts'
import type { Farewell } from './farewell.ts'
import type { Link, LinkEnd, LinkRequest } from './link.ts'
import { whenReady } from './maybe.ts'
import type { MaybePromise } from './maybe.ts'
import type { Identity } from './options.ts'
import type { Attachment } from './session.ts'

export interface Arrivals {
  readonly size: number
  /** A new link. Whatever is wrong with it is told to it. */
  accept(link: Link, request: LinkRequest): LinkEnd
  /** From now on, every new link is refused so; null: no longer. */
  refuse(farewell: () => (Farewell & { retryAfter: number }) | null): void
  /** Why a new link would be refused now. */
  refusal(): (Farewell & { retryAfter: number }) | null
  /** Closes links whose time for hello is over. */
  expire(now: number): void
  sayBye(link: Link, farewell: Farewell, retryAfter?: number): void
  /** Refuses everybody who is still here. */
  close(farewell: Farewell): void
}

/** Where a link is on its way in. */
type Phase = { at: 'door' | 'desk'; by: number } | { at: 'inside'; attachment: Attachment } | { at: 'out' }

interface Arrival {
  phase: Phase
  link: Link
  /** What it counts. */
  weight: number
}

/** A hello is held until it has been looked at: a large one counts as several links. */
const LARGE = 16_384
export const weightOf = (bytes: number): number => 1 + Math.floor(bytes / LARGE)

/** Who comes in, and to which session. */
export interface Entry {
  readonly admitted: Admitted
  readonly identity: Identity | null
}

interface Parts {
  context: Context
  contact: Contact
  /** The session that a hello continues, a new one, or why neither. */
  admit(link: Link, hello: Hello, identity: Identity | null): MaybePromise<Admitted | Farewell>
  attach(link: Link, request: LinkRequest, hello: Hello, entry: Entry): Attachment
  /** The link has gone meanwhile. */
  abandon(admitted: Admitted): void
  /** There is somebody to look after. */
  started(): void
  retryAfter(): number
}

export function createArrivals(parts: Parts): Arrivals {
  const { context, contact, admit, attach, abandon, started, retryAfter } = parts
  const { settings, counters } = context
  const { clock, limits } = settings
  const waiting = new Set<Arrival>()
  /** What all that wait count. */
  let weight = 0
  let refusing: () => (Farewell & { retryAfter: number }) | null = () => null

  function sayBye(link: Link, { code, reason }: Farewell, after?: number): void {
    counters.closed[code] = (counters.closed[code] ?? 0) + 1
    const bye = after === undefined ? ['bye', code, reason] : ['bye', code, reason, after]
    link.close(code, reason, [codecOf(link).encode(bye)])
  }
  const full = (): Farewell & { retryAfter: number } => ({
    code: CloseCode.overloaded,
    reason: 'too many links without a session',
    retryAfter: retryAfter(),
  })
  function leave(arrival: Arrival, phase: Phase): void {
    arrival.phase = phase
    if (waiting.delete(arrival)) weight -= arrival.weight
  }
  function refusal(): (Farewell & { retryAfter: number }) | null {
    return weight >= limits.unauthenticated ? full() : refusing()
  }

  /** A client may see whether a link carries both ways before its hello takes over from another (PROTOCOL.md §4.1). */
  function answerPings(link: Link, frames: readonly UpFrame[]): void {
    link.send(frames.flatMap((frame) => (frame[0] === 'ping' ? [codecOf(link).encode(['pong', frame[1]])] : [])))
  }
  function accept(link: Link, request: LinkRequest): LinkEnd {
    const arrival: Arrival = { phase: { at: 'out' }, link, weight: 1 }
    const refuse = (farewell: Farewell, after?: number): void => {
      leave(arrival, { at: 'out' })
      sayBye(link, farewell, after ?? (farewell.code === CloseCode.overloaded ? retryAfter() : undefined))
    }
    const enter = (hello: Hello, identity: Identity | null): void => {
      if (arrival.phase.at !== 'desk') return
      const failed = (error: unknown): void => {
        // A fault of ours is not one of the credential.
        context.report(error, 'a hello')
        if (arrival.phase.at === 'desk') refuse({ code: CloseCode.overloaded, reason: 'server error' })
      }
      const goOn = (admitted: Admitted | Farewell): void => {
        if ('code' in admitted) {
          if (arrival.phase.at === 'desk') refuse(admitted)
        } else if (arrival.phase.at !== 'desk') abandon(admitted)
        else leave(arrival, { at: 'inside', attachment: attach(link, request, hello, { admitted, identity }) })
      }
      try {
        whenReady(() => admit(link, hello, identity), goOn, failed)
      } catch (error) {
        failed(error)
      }
    }
    const greet = (frames: readonly UpFrame[], bytes: number): void => {
      const [first] = frames
      const pings = frames.every((frame) => frame[0] === 'ping')
      if (first && pings && link.buffered < limits.replayBytes) return answerPings(link, frames)
      if (first?.[0] !== 'hello' || frames.length > 1)
        return refuse({ code: CloseCode.protocol, reason: 'hello must come first, and alone' })
      const [, hello] = first
      const fault = faultOf(hello)
      if (fault) return refuse(fault)
      const more = weightOf(bytes) - 1
      if (more && waiting.size > 1 && weight + more > limits.unauthenticated) return refuse(full())
      arrival.weight += more
      weight += more
      arrival.phase = { at: 'desk', by: clock.now() + settings.helloTimeout }
      whenReady(
        () => settings.authenticate({ credential: hello.credential, request }),
        (identity) => enter(hello, identity ?? null),
        (error) => {
          // Looked at even where the link has gone meanwhile: a crash is reported either way.
          const farewell = refusedCredential(error, context.report)
          if (arrival.phase.at === 'desk') refuse(farewell)
        },
      )
    }
    const take = (frames: readonly UpFrame[], bytes: number): void => {
      const { phase } = arrival
      try {
        if (phase.at === 'inside') contact.take(phase.attachment, frames, bytes)
        else if (phase.at === 'door') greet(frames, bytes)
        else if (phase.at === 'desk')
          refuse({ code: CloseCode.protocol, reason: 'nothing may come before the welcome' })
      } catch (error) {
        // A fault of ours ends this link, and no other.
        context.report(error, 'a link')
        fail({ code: CloseCode.overloaded, reason: 'server error' })
      }
    }
    const fail = (farewell: Farewell): void => {
      if (arrival.phase.at === 'inside') contact.fail(arrival.phase.attachment, farewell)
      else if (arrival.phase.at !== 'out') refuse(farewell)
    }

    const refused = refusal()
    if (refused) refuse(refused, refused.retryAfter)
    else {
      arrival.phase = { at: 'door', by: clock.now() + settings.helloTimeout }
      waiting.add(arrival)
      weight++
      started()
    }
    return {
      take,
      receive(packet) {
        const bytes = typeof packet === 'string' || packet instanceof Uint8Array ? Buffer.byteLength(packet) : 0
        if (bytes > limits.received) return fail({ code: CloseCode.tooLarge, reason: 'packet too large' })
        const frames = codecOf(link).decode<UpFrame>(packet, UP_FRAMES)
        if ('malformed' in frames) fail({ code: CloseCode.protocol, reason: frames.malformed })
        else take(frames, bytes)
      },
      drained() {
        if (arrival.phase.at === 'inside') arrival.phase.attachment.outlet.schedule()
      },
      dropped() {
        if (arrival.phase.at === 'inside') contact.dropped(arrival.phase.attachment)
        leave(arrival, { at: 'out' })
      },
    }
  }
  function dismiss(due: (phase: Phase) => Farewell | null): void {
    for (const arrival of waiting) {
      const farewell = due(arrival.phase)
      if (!farewell) continue
      leave(arrival, { at: 'out' })
      sayBye(arrival.link, farewell, farewell.code === CloseCode.protocol ? undefined : retryAfter())
    }
  }

  return {
    get size() {
      return waiting.size
    },
    accept,
    refusal,
    refuse(farewell) {
      refusing = farewell
    },
    expire(now) {
      dismiss((phase) => {
        if (!('by' in phase) || phase.by > now) return null
        if (phase.at === 'door') return { code: CloseCode.protocol, reason: 'no hello in time' }
        return { code: CloseCode.overloaded, reason: 'authentication took too long' }
      })
    },
    sayBye,
    close(farewell) {
      dismiss(() => farewell)
    },
  }
}

const codecOf = (link: Link): Codec => link.codec ?? json

function faultOf(hello: Hello): Farewell | null {
  if (hello.version !== VERSION) return { code: CloseCode.version, reason: `this server speaks version ${VERSION}` }
  if (hello.incarnation < 1) return { code: CloseCode.protocol, reason: 'incarnations count from 1' }
  return null
}
