/** Listens on the wire at the server's end: who owns which session, and what was heard and said on links that are owned no more. */
import type { DownFrame, UpFrame } from '@holdfast/protocol'
import type { Conn, Process, Taps } from './network.ts'
import type { Ledger } from './ledger.ts'
import type { World } from './world.ts'

interface SessionFacts {
  readonly id: string
  readonly token: string
  readonly process: number
  /** Highest incarnation welcomed. */
  fence: number
  /** When it was last welcomed, or anything was heard from it that counts; by the clock of its process. */
  heardAt: number
  /** Whether it was ever not heard of for as long as it is kept. */
  wasOut: boolean
}

export interface Wire extends Taps {
  /** By token. */
  readonly sessions: ReadonlyMap<string, SessionFacts>
}

export function parse<Frame>(packet: unknown): Frame[] {
  try {
    const frames = JSON.parse(packet as string) as unknown
    return Array.isArray(frames) && frames.every((frame) => Array.isArray(frame)) ? (frames as Frame[]) : []
  } catch {
    return []
  }
}

const keyOf = (data: unknown): string | undefined => (data as { k?: string } | null)?.k

/** The name of the message that a frame carries, if it carries one. */
export function messageIn(frame: UpFrame): string | undefined {
  if (frame[0] === 'send') return keyOf(frame[3])
  return frame[0] === 'volatile' ? keyOf(frame[2]) : undefined
}

const short = (packet: string): string => (packet.length <= 150 ? packet : packet.slice(0, 110) + '...' + packet.length)

interface WireOptions {
  world: World
  ledger(): Ledger
  /** A server has asked for a fresh credential. */
  asked(): void
  /** All processes, if they share sessions. */
  shared(): readonly Process[] | null
  /** How long a session is kept, ms. */
  window: number
}

export function createWire({ world, ledger, asked, shared, window }: WireOptions): Wire {
  const sessions = new Map<string, SessionFacts>()

  function owned(conn: Conn): SessionFacts | null {
    const session = conn.token === null ? undefined : sessions.get(conn.token)
    return session && (shared() || session.process === conn.process!.n) ? session : null
  }
  function isFresh(conn: Conn): boolean {
    return owned(conn)?.fence === conn.incarnation
  }
  /** What is released after its link has gone does not keep the session. */
  function isAttached(conn: Conn, { id }: SessionFacts): boolean {
    return (shared() ?? [conn.process!]).some(({ server }) =>
      server.sessions().some((session) => session.id === id && session.transport !== null),
    )
  }
  const timeAt = (conn: Conn): number => world.now + conn.process!.actor.skew
  return {
    sessions,
    heard(conn, packet) {
      world.trace(`${conn.page.name} #${conn.id} ${conn.kind} > ${short(packet)}`)
      for (const frame of parse<UpFrame>(packet)) {
        if (frame[0] === 'hello') {
          conn.token ??= frame[1]?.session ?? null
          conn.incarnation ||= frame[1]?.incarnation ?? 0
        } else if (frame[0] === 'post' || frame[0] === 'poll') {
          conn.token = frame[1]
          conn.incarnation = frame[2]
        }
        const key = messageIn(frame)
        if (key !== undefined) ledger().heard(key, conn.process!.n, isFresh(conn))
      }
      const session = owned(conn)
      if (!session || !isFresh(conn) || !isAttached(conn, session)) return
      session.wasOut ||= timeAt(conn) - session.heardAt >= window
      session.heardAt = timeAt(conn)
    },
    said(conn, packet) {
      world.trace(`${conn.page.name} #${conn.id} ${conn.kind} < ${short(packet)}`)
      for (const frame of parse<DownFrame>(packet)) {
        if (frame[0] === 'renew') asked()
        if (frame[0] === 'welcome') {
          const { session: token, id } = frame[1]
          conn.token = token
          const known = sessions.get(token)
          if (known && known.fence >= conn.incarnation && !shared())
            world.fail('fence', `#${conn.id}: welcomed incarnation ${conn.incarnation} after ${known.fence}`)
          const fence = conn.incarnation
          const wasOut = known?.wasOut ?? false
          sessions.set(token, { id, token, process: conn.process!.n, fence, heardAt: timeAt(conn), wasOut })
          // Where sessions are shared, a server that has lost one may say something before it knows: its client has let go.
        } else if (!shared() && frame[0] !== 'bye' && frame[0] !== 'at' && (owned(conn)?.fence ?? 0) > conn.incarnation)
          world.fail('fence', `#${conn.id}: ${frame[0]} on a link that has been taken over`)
      }
    },
  }
}
