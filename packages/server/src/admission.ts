/** Which session a hello continues (PROTOCOL.md §4.4), where sessions are in this process. */
import { CloseCode, IDENTITY_INBOX, SESSION_INBOX, json } from '@holdfast/protocol'
import type { Hello } from '@holdfast/protocol'
import { TAKEN_OVER, type Farewell } from './farewell.ts'
import type { Link } from './link.ts'
import type { Identity } from './options.ts'
import { identityName } from './session.ts'
import type { Former, Session } from './session.ts'
import type { SessionTable } from './sessions.ts'

/** The session of a link, and what is left of the one that it named. */
export interface Admitted {
  readonly session: Session
  readonly former: Former | null
}

/** Why a session is not given to a link. */
export const refusals: Readonly<
  Record<'other-identity' | 'other-codec' | 'stale' | 'taken-over' | 'ahead' | 'no-room', Farewell>
> = {
  'other-identity': { code: CloseCode.otherIdentity, reason: 'the session belongs to another identity' },
  'other-codec': { code: CloseCode.otherCodec, reason: 'the session has another codec' },
  stale: { code: CloseCode.stale, reason: 'stale incarnation' },
  'taken-over': TAKEN_OVER,
  ahead: { code: CloseCode.protocol, reason: 'settled what was not acknowledged' },
  'no-room': { code: CloseCode.overloaded, reason: 'too many sessions' },
}

/** The session that a hello continues, a new one, or why neither. The newest incarnation wins at this instant. */
export function admitHere(
  sessions: SessionTable,
  link: Link,
  hello: Hello,
  identity: Identity | null,
): Admitted | Farewell {
  const codec = link.codec ?? json
  const known = hello.session === null ? null : sessions.find(hello.session)
  const isMine = known !== null && identityName(known.identity) === identityName(identity)
  if (known && known.place.state !== 'gone') {
    if (!isMine) return refusals['other-identity']
    if (known.codec !== codec) return refusals['other-codec']
    if (hello.incarnation <= known.incarnation) return refusals.stale
    return known.intake.settle(hello.settled) ? { session: known, former: null } : refusals.ahead
  }
  const session = sessions.create(identity, codec)
  if (!session) return refusals['no-room']
  return { session, former: isMine && known.codec === codec ? formerOf(known) : null }
}

/** What a tombstone tells. */
export const formerOf = ({ codec, intake }: Session): Former => ({
  codec,
  handled: intake.handled,
  kept: intake.kept(),
})

/** All that the hello lists, and before them the inboxes it does not know of (PROTOCOL.md §7.5). */
export function subscriptionsOf(session: Session, hello: Hello): Hello['subscriptions'] {
  const listed = new Map(hello.subscriptions)
  const inboxes = identityName(session.identity) === null ? [SESSION_INBOX] : [SESSION_INBOX, IDENTITY_INBOX]
  const own = inboxes
    .filter((name) => !listed.has(name))
    .map((name) => [name, session.inboxes.get(name) ?? null] as const)
  return [...own, ...listed]
}
