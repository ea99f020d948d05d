/** Why a link was closed, and what a refused credential means for its link (PROTOCOL.md §4.5, §9.1). */
import { CloseCode } from '@holdfast/protocol'
import { RejectError } from './errors.ts'

/** Told in `bye`, and to requests that still name the link. */
export interface Farewell {
  readonly code: number
  readonly reason: string
}

/** What a refused credential is answered with. */
export function refusedCredential(error: unknown): Farewell {
  const code = error instanceof RejectError ? error.code : ''
  const reason = error instanceof RejectError ? error.message.slice(0, 256) : 'credential refused'
  if (code === 'forbidden') return { code: CloseCode.forbidden, reason }
  return { code: code === 'overloaded' ? CloseCode.overloaded : CloseCode.unauthenticated, reason }
}
