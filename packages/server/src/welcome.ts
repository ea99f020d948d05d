/** The welcome (PROTOCOL.md §4.3), built from encoded parts because kept results are. */
import { DOWN_FRAMES } from '@holdfast/protocol'
import type { DownFrame, Packet, Result, Welcome } from '@holdfast/protocol'
import type { Context } from './context.ts'
import { identityName } from './session.ts'
import type { Session } from './session.ts'

interface Attached {
  session: Session
  /** The tombstone of the session that the hello named. */
  former: Session | null
  resumed: boolean
  retrySpread: number
}

/** What the tombstone tells. Results are kept encoded; here they are needed as values, once in the life of a session. */
function formerOf(former: Session): Welcome['former'] {
  const { codec } = former
  const kept = former.intake.kept().map(([, encoded]) => encoded as Packet)
  const packet = codec.join([codec.join([codec.encode('ack'), codec.encode(former.intake.handled), codec.join(kept)])])
  const frames = codec.decode<DownFrame>(packet, DOWN_FRAMES)
  const results = 'malformed' in frames ? [] : (frames[0]![2] as Result[])
  return [former.intake.handled, results]
}

export function welcomeFrames({ settings }: Context, { session, former, resumed, retrySpread }: Attached): Packet[] {
  const { message, packet, inFlight, inFlightBytes, subscriptions } = settings.limits
  const welcome: Welcome = {
    session: session.token,
    id: session.id,
    resumed,
    serial: session.intake.received,
    ...(former && { former: formerOf(former) }),
    identity: identityName(session.identity),
    window: settings.resumeWindow,
    beat: settings.beat,
    grace: settings.grace,
    retrySpread,
    // Results are kept in this process.
    level: 'memory',
    limits: { message, packet, inFlight, inFlightBytes, subscriptions },
    time: Math.floor(settings.clock.now()),
  }
  return [session.codec.encode(['welcome', welcome])]
}
