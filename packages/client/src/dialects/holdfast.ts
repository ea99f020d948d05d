/** The dialect of a Holdfast server (PROTOCOL.md). PURE. */
import { json } from '@holdfast/protocol'
import type { Codec } from '@holdfast/protocol'
import type { Dialect } from '../dialect.ts'
import { createSession } from './holdfast-session.ts'

/** Options of `holdfast()`. */
export interface HoldfastOptions {
  /** How frames become packets; the server must have it, too: `createServer({ codecs: [...] })`. @default JSON */
  codec?: Codec
}

/** Speaks to a Holdfast server. The default dialect. */
export function holdfast({ codec = json }: HoldfastOptions = {}): Dialect {
  return { name: 'holdfast', provable: true, session: (host) => createSession(host, codec) }
}
