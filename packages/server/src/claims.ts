/** Which session a hello continues (PROTOCOL.md §4.4), where servers share sessions: what the store says, made into a working copy. */
import { createHash } from 'node:crypto'
import { CloseCode, createIntake, json } from '@holdfast/protocol'
import type { Codec, Hello, Position, Result } from '@holdfast/protocol'
import { formerOf, refusals } from './admission.ts'
import type { Admitted } from './admission.ts'
import type { Context } from './context.ts'
import type { Farewell } from './farewell.ts'
import { createJournal, decodeMessage } from './journal.ts'
import type { Journal, JournalEvents } from './journal.ts'
import type { Link } from './link.ts'
import type { Identity } from './options.ts'
import { identityName } from './session.ts'
import type { Former, Inbound, Session } from './session.ts'
import { idOf, secretOf } from './sessions.ts'
import type { SessionTable } from './sessions.ts'
import type { Batch, Claimed, Gone, Refused, SessionStore } from './store.ts'

export interface Claims {
  /** The session that a hello continues, a new one, or why neither. */
  admit(link: Link, hello: Hello, identity: Identity | null): Promise<Admitted | Farewell>
  /** Another server has claimed a session from a working copy that is not here: not yet, or not any more. */
  heardFenced(id: string, holder: string, serials: readonly number[]): void
}

interface Parts {
  context: Context
  store: SessionStore
  sessions: SessionTable
  journalEvents: JournalEvents
  /** A working copy that is here is one no more. */
  fence(session: Session): void
  /** The same, wherever it is: the session waits for these messages of it. */
  fenceAt(id: string, holder: string, serials: readonly number[]): void
  /** The store has a session no more. */
  lose(session: Session): void
}

/** Who wants in. */
interface Caller {
  readonly link: Link
  readonly hello: Hello
  readonly identity: Identity | null
  readonly codec: Codec
}

/** What the store is shown in place of a token. */
export const proofOf = (token: string): string => createHash('sha256').update(secretOf(token)).digest('base64url')

const UNAVAILABLE: Farewell = { code: CloseCode.overloaded, reason: 'the session store is not available' }
/** A version that no record has. */
const NEVER_WRITTEN = 0
const serialsOf = ({ pending }: Claimed, holder: string): number[] =>
  pending.flatMap((each) => (each.holder === holder ? [each.serial] : []))
const NOTHING: Omit<Batch, 'version' | 'released'> = { taken: [], finished: [], settled: 0, inboxes: null }

export function createClaims(parts: Parts): Claims {
  const { context, store, sessions, journalEvents, fence, fenceAt, lose } = parts
  const { limits } = context.settings
  const failed = (error: unknown): void => context.report(error, 'the session store')
  let holders = 0
  /** Working copies that are being claimed, and what has been heard of them meanwhile. */
  const underway = new Map<string, 'claiming' | 'fenced'>()
  const newHolder = (): string => store.node + '/' + ++holders

  function journalOf(session: Session, holder: string, claimed?: Claimed): Journal {
    const foreign = (claimed?.pending ?? []).flatMap(({ serial, holder: other }) =>
      other === null || other === holder ? [] : [{ serial, holder: other }],
    )
    return createJournal(context, store, { session, holder, version: claimed?.version ?? 1, foreign }, journalEvents)
  }
  async function create({ identity, codec, hello }: Caller): Promise<Session | null> {
    const session = sessions.create(identity, codec)
    if (!session) return null
    const { id, token, createdAt } = session
    const holder = newHolder()
    session.journal = journalOf(session, holder)
    const record = { id, proof: proofOf(token), codec: codec.name ?? '', createdAt, holder }
    try {
      await store.create({ ...record, identity: identityName(identity), incarnation: hello.incarnation })
      return session
    } catch (error) {
      session.journal.stop()
      sessions.release(session)
      throw error
    }
  }
  function pendingOf(claimed: Claimed, { codec, link }: Caller): [number, Inbound][] {
    return claimed.pending.flatMap(({ serial, again, message }): [number, Inbound][] => {
      const inbound = decodeMessage(codec, message, { transport: link.transport, again })
      if (!inbound) failed(new Error(`a message (${serial}) of another server cannot be read`))
      return inbound ? [[serial, inbound]] : []
    })
  }
  /** A working copy of what was claimed. */
  function adopt(claimed: Claimed, token: string, caller: Caller): Session | null {
    const { holder, createdAt, received, settled, inboxes } = claimed
    const pending = pendingOf(claimed, caller)
    const record = { received, settled, pending, results: claimed.results as readonly Result[] }
    const intake = createIntake<Inbound>(limits.inFlight, record)
    const { identity, codec } = caller
    // An incarnation before that of the link: what makes it known as resumed.
    const session = sessions.adopt({ token, identity, codec, createdAt, incarnation: 1, intake })
    if (!session) return null
    for (const [, { bytes }] of pending) session.waitingBytes += bytes
    for (const [name, position] of JSON.parse(inboxes ?? '[]') as [string, Position][])
      session.inboxes.set(name, position)
    session.journal = journalOf(session, holder, claimed)
    return session
  }
  /** There is no such working copy after all: whoever takes the session up next has its messages handled. */
  async function giveBack(id: string, holder: string, version: number, released: readonly number[]): Promise<void> {
    const written = await store.write(id, holder, { ...NOTHING, version, released })
    if (written.state === 'fenced') journalEvents.left(id, written.holder)
    else await store.detach(id, holder, null)
  }
  const decline = (id: string, claimed: Claimed): void =>
    void giveBack(id, claimed.holder, claimed.version, serialsOf(claimed, claimed.holder)).catch(failed)
  function take(claimed: Claimed, token: string, caller: Caller): Admitted | Farewell {
    const { holder, former } = claimed
    const id = idOf(token)
    const present = sessions.byId(id)
    if (present?.journal?.holder === holder)
      return present.intake.settle(caller.hello.settled) ? { session: present, former: null } : refusals.ahead
    // A newer link had it elsewhere before the answer was here. What a working copy was that is given up finishes what it had begun.
    if (underway.get(holder) !== 'claiming') {
      if (underway.has(holder)) decline(id, claimed)
      return refusals['taken-over']
    }
    if (present) fence(present)
    fenceAt(id, former, serialsOf(claimed, former))
    const session = adopt(claimed, token, caller)
    if (!session) {
      decline(id, claimed)
      return refusals['no-room']
    }
    void session.journal!.look()
    return { session, former: null }
  }
  /** What is left of a session that the store has no more: as the store says, or as a working copy here knows, which may be more. */
  function remains(claimed: Gone | Refused, token: string, codec: Codec): Former | null {
    const present = sessions.find(token)
    if (present) lose(present)
    const told =
      claimed.state === 'gone' ? { codec, handled: claimed.handled, kept: claimed.results as Result[] } : null
    const known = present && formerOf(present)
    return known && known.handled >= (told?.handled ?? 0) ? known : told
  }
  /** Who it is given to, or what the store says instead. */
  async function claim(token: string, caller: Caller): Promise<Admitted | Farewell | Gone | Refused> {
    const { hello, identity, codec } = caller
    const { incarnation, settled } = hello
    const mine = sessions.byId(idOf(token))?.journal?.holder ?? null
    const who = { id: idOf(token), proof: proofOf(token), identity: identityName(identity), codec: codec.name ?? '' }
    const fresh = newHolder()
    underway.set(fresh, 'claiming')
    try {
      const claimed = await store.claim({ ...who, incarnation, settled, mine, fresh })
      return claimed.state === 'claimed' ? take(claimed, token, caller) : claimed
    } finally {
      underway.delete(fresh)
    }
  }
  async function admit(caller: Caller): Promise<Admitted | Farewell> {
    const token = caller.hello.session
    const claimed = token === null ? null : await claim(token, caller)
    if (claimed && !('state' in claimed)) return claimed
    if (claimed && claimed.state !== 'gone' && claimed.state !== 'unknown') return refusals[claimed.state]
    const former = claimed && remains(claimed, token!, caller.codec)
    const session = await create(caller)
    return session ? { session, former } : refusals['no-room']
  }

  return {
    heardFenced(id, holder, serials) {
      if (underway.has(holder)) underway.set(holder, 'fenced')
      else if (serials.length) giveBack(id, holder, NEVER_WRITTEN, serials).catch(failed)
    },
    async admit(link, hello, identity) {
      try {
        return await admit({ link, hello, identity, codec: link.codec ?? json })
      } catch (error) {
        failed(error)
        return UNAVAILABLE
      }
    },
  }
}
