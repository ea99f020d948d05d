/** The session table: tokens, places, expiry, bounds (PROTOCOL.md §1, §4.4, §10). Knows no links and no frames. */
import { timingSafeEqual } from 'node:crypto'
import { createIntake } from '@holdfast/protocol'
import type { Codec, Intake } from '@holdfast/protocol'
import type { Context } from './context.ts'
import { createLine } from './line.ts'
import type { Identity } from './options.ts'
import { randomName } from './random.ts'
import { identityName } from './session.ts'
import type { Farewell } from './farewell.ts'
import type { Attachment, Inbound, Session } from './session.ts'

export interface SessionTable {
  /** Sessions, without tombstones. */
  readonly size: number
  /** How many of them have a link. */
  readonly attached: number
  /** Whether there is anything that can expire. */
  readonly busy: boolean
  /** A new session, in place `detached` until it is attached; null when there is no room for it. */
  create(identity: Identity | null, codec: Codec): Session | null
  /** The same for one that other servers know. */
  adopt(known: Known): Session | null
  /** Another working copy has it: forgets it without a word. */
  release(session: Session): void
  /** The session or tombstone of a token, compared in constant time. */
  find(token: string): Session | null
  byId(id: string): Session | null
  all(): Iterable<Session>
  /** Calls back once when none has a link (at once if so); returns the undo. */
  whenDeserted(fn: () => void): () => void
  attach(session: Session, attachment: Attachment): void
  detach(session: Session, farewell: Farewell | null): void
  /** Forgets it at once; a farewell leaves a tombstone that tells it. */
  end(session: Session, farewell?: Farewell): void
  /** Turns what is out of time into tombstones, and forgets those that are. */
  expire(now: number): void
}

/** What a session is known by on other servers. */
export interface Known {
  readonly token: string
  readonly identity: Identity | null
  readonly codec: Codec
  readonly createdAt: number
  readonly incarnation: number
  readonly intake: Intake<Inbound>
}

/** 72 bits: names messages for ever, so it must not come again. */
const ID_LENGTH = 12
/** 144 bits. */
const SECRET_LENGTH = 24
/** Of an intake with a record: nothing yet. */
const NEW = { received: 0, settled: 0, pending: [], results: [] }

export const idOf = (token: string): string => token.slice(0, ID_LENGTH)
export const secretOf = (token: string): string => token.slice(ID_LENGTH + 1)

/** `forgotten` is told of each session that cannot be resumed here any more, and whether that is because it `ended`. */
export function createSessions(
  { settings }: Context,
  forgotten: (session: Session, how: 'ended' | { farewell: Farewell | null }) => void,
): SessionTable {
  const { clock, random, limits, resumeWindow, tombstoneWindow } = settings
  /** All but tombstones. */
  const living = new Map<string, Session>()
  /** In the order they lost their links. */
  const detached = createLine<Session>()
  /** Tombstones. */
  const gone = new Map<string, Session>()
  /** The same, in the order they were made. */
  const graves = createLine<Session>()
  const byIdentity = new Map<string, Set<Session>>()

  const waiting = new Set<() => void>()
  function checkDeserted(): void {
    if (living.size === detached.size) for (const fn of waiting) if (waiting.delete(fn)) fn()
  }
  function strike(session: Session): void {
    living.delete(session.id)
    if (session.place.state === 'detached') detached.delete(session)
    const name = identityName(session.identity)
    const mine = name === null ? undefined : byIdentity.get(name)
    if (mine?.delete(session) && !mine.size) byIdentity.delete(name!)
  }
  function bury(session: Session, farewell: Farewell | null): void {
    strike(session)
    forgotten(session, { farewell })
    session.place = { state: 'gone', since: clock.now(), farewell }
    // Its tombstone is with its record.
    if (session.journal) return
    // Nothing to tell is as good as no tombstone.
    if (!session.intake.handled && !session.intake.kept().length && !session.running && !farewell) return
    gone.set(session.id, session)
    graves.add(session)
    if (graves.size > limits.sessions) level(graves.first!)
  }
  function level(session: Session): void {
    gone.delete(session.id)
    graves.delete(session)
  }
  /** Taken in but not handled: such a session is kept longer, since its messages must not be started twice (PROTOCOL.md §6.5). */
  const isWorking = ({ running, journal }: Session): boolean => running > 0 || journal?.busy === true
  /** Buries the one that has been without a link for longest, of those that may be. */
  function makeRoom(among: Iterable<Session>): boolean {
    for (const session of among) {
      if (session.place.state !== 'detached' || isWorking(session)) continue
      bury(session, session.place.farewell)
      return true
    }
    return false
  }
  function hasRoom(name: string | null): boolean {
    const mine = name === null ? undefined : byIdentity.get(name)
    if (mine && mine.size >= limits.sessionsPerIdentity && !makeRoom(mine)) return false
    return living.size < limits.sessions || makeRoom(detached)
  }

  function add(known: Known): Session | null {
    const name = identityName(known.identity)
    if (!hasRoom(name)) return null
    const session: Session = {
      ...known,
      id: idOf(known.token),
      secret: Buffer.from(secretOf(known.token)),
      place: { state: 'detached', since: clock.now(), farewell: null },
      journal: null,
      running: 0,
      blockedBy: 0,
      waitingBytes: 0,
      volatile: 0,
      inboxes: new Map(),
      before: null,
      after: null,
    }
    living.set(session.id, session)
    detached.add(session)
    if (name !== null) byIdentity.set(name, (byIdentity.get(name) ?? new Set()).add(session))
    return session
  }

  return {
    get size() {
      return living.size
    },
    get attached() {
      return living.size - detached.size
    },
    get busy() {
      return living.size + gone.size > 0
    },
    create: (identity, codec) =>
      add({
        token: randomName(random, ID_LENGTH) + '.' + randomName(random, SECRET_LENGTH),
        identity,
        codec,
        createdAt: clock.now(),
        incarnation: 0,
        intake: createIntake(limits.inFlight, settings.sessions ? NEW : undefined),
      }),
    adopt: add,
    release(session) {
      strike(session)
      session.place = { state: 'elsewhere' }
    },
    find(token) {
      const id = idOf(token)
      const session = living.get(id) ?? gone.get(id)
      const secret = Buffer.from(secretOf(token))
      const same = session && secret.length === session.secret.length && timingSafeEqual(secret, session.secret)
      return same ? session : null
    },
    byId: (id) => living.get(id) ?? null,
    all: () => living.values(),
    whenDeserted(fn) {
      waiting.add(fn)
      queueMicrotask(checkDeserted)
      return () => waiting.delete(fn)
    },
    attach(session, attachment) {
      if (session.place.state === 'detached') detached.delete(session)
      session.place = { state: 'attached', attachment }
    },
    detach(session, farewell) {
      session.place = { state: 'detached', since: clock.now(), farewell }
      detached.add(session)
      if (waiting.size) checkDeserted()
    },
    end(session, farewell) {
      if (farewell) return bury(session, farewell)
      strike(session)
      forgotten(session, 'ended')
      session.place = { state: 'ended' }
    },
    expire(now) {
      for (const session of detached) {
        if (session.place.state !== 'detached' || session.place.since + resumeWindow > now) break
        const atLatest = session.place.since + resumeWindow + tombstoneWindow
        if (!isWorking(session) || atLatest <= now) bury(session, session.place.farewell)
      }
      for (const session of graves) {
        if (session.place.state === 'gone' && session.place.since + tombstoneWindow > now) break
        level(session)
      }
    },
  }
}
