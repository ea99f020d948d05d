/** Why a link was closed, and what a refused credential means for its link (PROTOCOL.md §4.5, §9.1). */
import { CloseCode } from '@holdfast/protocol'
import type { Context } from './context.ts'
import { RejectError } from './errors.ts'

/** Told in `bye`, and to requests that still name the link. */
export interface Farewell {
  readonly code: number
  readonly reason: string
}

/** To a request that names a link which nobody has. */
export const LINK_GONE: Farewell = { code: CloseCode.silent, reason: 'this link is gone' }
export const TAKEN_OVER: Farewell = { code: CloseCode.takenOver, reason: 'taken over' }
const CRASHED: Farewell = { code: CloseCode.overloaded, reason: 'server error' }

/** What a link whose `authenticate` threw is closed with: only a `RejectError` says anything about the credential. Anything else is reported. */
export function refusedCredential(error: unknown, report: Context['report']): Farewell {
  if (!(error instanceof RejectError)) {
    report(error, 'authenticate')
    return CRASHED
  }
  const reason = error.message.slice(0, 256)
  if (error.code === 'forbidden') return { code: CloseCode.forbidden, reason }
  return { code: error.code === 'overloaded' ? CloseCode.overloaded : CloseCode.unauthenticated, reason }
}
