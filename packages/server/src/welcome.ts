/** The welcome (PROTOCOL.md §4.3), built from encoded parts because kept results are. */
import { DOWN_FRAMES } from '@holdfast/protocol'
import type { DownFrame, Packet, Result, Welcome } from '@holdfast/protocol'
import type { Context } from './context.ts'
import { identityName } from './session.ts'
import type { Former, Session } from './session.ts'

interface Attached {
  session: Session
  /** The tombstone of the session that the hello named. */
  former: Former | null
  resumed: boolean
  retrySpread: number
}

/** What the tombstone tells. Results are kept encoded; here they are needed as values, once in the life of a session. */
function formerOf({ codec, handled, kept }: Former): Welcome['former'] {
  const results = codec.join(kept.map(([, encoded]) => encoded as Packet))
  const frames = codec.decode<DownFrame>(
    codec.join([codec.join([codec.encode('ack'), codec.encode(handled), results])]),
    DOWN_FRAMES,
  )
  return [handled, 'malformed' in frames ? [] : (frames[0]![2] as Result[])]
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
    // Results are kept in this process, unless there is a store.
    level: settings.sessions?.level ?? 'memory',
    limits: { message, packet, inFlight, inFlightBytes, subscriptions },
    time: Math.floor(settings.clock.now()),
  }
  return [session.codec.encode(['welcome', welcome])]
}
