/**
 * Sessions that several servers share (store.ts): claims them for links that come here, gives them up to links that come elsewhere, and keeps their
 * records.
 */
import { CloseCode } from '@holdfast/protocol'
import { createClaims, proofOf } from './claims.ts'
import type { Claims } from './claims.ts'
import type { Context } from './context.ts'
import { LINK_GONE, TAKEN_OVER } from './farewell.ts'
import type { Farewell } from './farewell.ts'
import { nodeOf } from './journal.ts'
import { whenReady } from './maybe.ts'
import { createPeers } from './peers.ts'
import type { Note, Peers } from './peers.ts'
import type { Session } from './session.ts'
import { idOf } from './sessions.ts'
import type { SessionTable } from './sessions.ts'
import type { SessionStore } from './store.ts'

export interface Sharing extends Claims {
  readonly peers: Peers
  /** Where the link of a token is, which is not here, or what to answer to who names it. */
  find(token: string, incarnation: number): Promise<{ node: string } | Farewell>
  /** A `bye` by POST for a link that no server holds. */
  leave(token: string, incarnation: number): void
  /** Whether there is such a session, here or elsewhere. */
  exists(id: string): Promise<boolean>
  /** As `disconnect` of the server, where the session is elsewhere. Resolves with whether there is one. */
  disconnect(id: string, farewell: Farewell): Promise<boolean>
  /** It has lost its link. */
  detached(session: Session, farewell: Farewell | null): void
  /** It cannot be resumed here any more: concluded unless another server has it. */
  forgotten(session: Session, how: 'ended' | { farewell: Farewell | null }): void
  /** Looks at what is due. */
  tend(now: number): void
  /** Resolves when everything that runs has finished and is recorded, or after so many ms. */
  idle(within: number): Promise<void>
  stop(): Promise<void>
}

interface Parts {
  context: Context
  store: SessionStore
  sessions: SessionTable
  /** Messages may be started, or acknowledged. */
  moved(session: Session): void
  /** Closes its link, if it has one. */
  close(session: Session, farewell: Farewell): void
  /** It cannot be resumed any more. */
  conclude(session: Session): void
  /** Ends it, as `server.disconnect` does. */
  disconnect(id: string, farewell: Farewell): void
}

const LOST: Farewell = { code: CloseCode.overloaded, reason: 'the session was lost' }
/** How long an ending server waits for its last records. */
const LAST = 2_000

export function createSharing({ context, store, sessions, moved, close, conclude, disconnect }: Parts): Sharing {
  const { settings, report } = context
  const { clock, resumeWindow, tombstoneWindow } = settings
  /** Working copies that are elsewhere now, and have something to record yet. */
  const leaving = new Set<Session>()
  let touchAt = 0
  const failed = (error: unknown): void => report(error, 'the session store')
  const peers = createPeers(context, store, noted)
  // A server that dies has kept its records for the last time some while before.
  const touchEvery = resumeWindow / 3
  store.join({ told: peers.told }, { window: resumeWindow + 2 * touchEvery, tombstone: tombstoneWindow })

  /** Its working copy, if it is this one. */
  const ownedBy = (id: string, holder: string): Session | null => {
    const session = sessions.byId(id)
    return session?.journal?.holder === holder ? session : null
  }
  function noted(note: Note): void {
    const [type, id] = note
    if (type === 'changed') return void sessions.byId(id)?.journal?.look()
    if (type === 'disconnect') return sessions.byId(id) ? disconnect(id, { code: note[2], reason: note[3] }) : undefined
    const [, , holder, serials] = note
    const session = ownedBy(id, holder)
    if (session) fence(session)
    else if (![...leaving].some(({ journal }) => journal!.holder === holder)) claims.heardFenced(id, holder, serials)
  }
  function fence(session: Session): void {
    if (sessions.byId(session.id) !== session) return
    close(session, TAKEN_OVER)
    sessions.release(session)
    leaving.add(session)
    session.journal!.fence()
    session.journal!.whenIdle(() => leaving.delete(session))
  }
  function lose(session: Session): void {
    if (sessions.byId(session.id) !== session) return
    close(session, LOST)
    sessions.release(session)
    session.journal!.stop()
    conclude(session)
  }
  function left(id: string, holder: string): void {
    if (nodeOf(holder) === store.node) noted(['changed', id])
    else peers.tell(nodeOf(holder), ['changed', id])
  }
  /** Resolves when nothing of them runs or is to be recorded, or after so many ms. */
  async function atRest(some: readonly Session[], within: number): Promise<void> {
    let undo = (): void => {}
    const late = new Promise<void>((resolve) => (undo = clock.after(within, resolve)))
    const idle = some.map(({ journal }) => new Promise<void>((resolve) => journal!.whenIdle(resolve)))
    await Promise.race([late, Promise.all(idle)])
    undo()
  }
  /** This working copy is one no more: because another one has the session, or because the store has lost it. */
  function learnWhy(id: string, holder: string): void {
    whenReady(
      () => store.seize(id, holder, []),
      ({ state }) => {
        const session = state === 'seized' ? null : ownedBy(id, holder)
        if (session) (state === 'fenced' ? fence : lose)(session)
      },
      failed,
    )
  }
  function fenceAt(id: string, holder: string, serials: readonly number[]): void {
    if (nodeOf(holder) === store.node) noted(['fenced', id, holder, serials])
    else if (holder) peers.tell(nodeOf(holder), ['fenced', id, holder, serials])
  }
  const claims = createClaims({
    context,
    store,
    sessions,
    journalEvents: { moved, fenced: fence, lost: lose, left, waits: fenceAt },
    fence,
    fenceAt,
    lose,
  })

  return {
    peers,
    ...claims,
    async find(token, incarnation) {
      const where = await store.find(idOf(token), proofOf(token))
      if (!where) return LINK_GONE
      if (incarnation < where.incarnation) return TAKEN_OVER
      if (incarnation > where.incarnation || nodeOf(where.holder) === store.node) return where.farewell ?? LINK_GONE
      return where.farewell ?? { node: nodeOf(where.holder) }
    },
    leave(token, incarnation) {
      const prove = store.find(idOf(token), proofOf(token))
      prove.then((where) => where && store.end(idOf(token), incarnation)).then(undefined, failed)
    },
    exists: async (id) => sessions.byId(id) !== null || (await store.find(id, null)) !== null,
    async disconnect(id, { code, reason }) {
      const where = await store.find(id, null)
      if (where) peers.tell(nodeOf(where.holder), ['disconnect', id, code, reason])
      return where !== null
    },
    detached({ id, journal }, farewell) {
      store.detach(id, journal!.holder, farewell).then(undefined, failed)
    },
    forgotten(session, how) {
      const { id, incarnation } = session
      const journal = session.journal!
      if (how === 'ended') {
        leaving.add(session)
        journal.whenIdle(() => {
          leaving.delete(session)
          store.end(id, incarnation).then(undefined, failed)
        })
        return conclude(session)
      }
      store.bury(id, journal.holder, how.farewell).then((had) => had && conclude(session), failed)
    },
    tend(now) {
      const attached = [...sessions.all()].filter(({ place }) => place.state === 'attached')
      for (const { journal } of attached) void journal!.look()
      if (now < touchAt) return
      touchAt = now + touchEvery
      whenReady(
        () => store.touch(attached.map(({ id, journal }) => [id, journal!.holder])),
        (ids) => {
          for (const { id, journal } of attached) if (ids.includes(id)) learnWhy(id, journal!.holder)
        },
        failed,
      )
    },
    idle: (within) => atRest([...sessions.all(), ...leaving], within),
    async stop() {
      const here = [...sessions.all(), ...leaving]
      // What runs now is seized by whoever takes its session up.
      await atRest(
        here.filter(({ running }) => running === 0),
        LAST,
      )
      for (const { journal } of here) journal!.stop()
      peers.stop()
      await store.close()
    },
  }
}
