/** Which function handles which topic, and what it is told. */
import { topicName } from '@holdfast/protocol'
import { HoldfastError } from './errors.ts'
import type { TransportName } from './link.ts'
import type { Identity } from './options.ts'

/** What a handler is told about its message. */
export interface MessageMeta {
  /** `session.id` is its public name: `sendTo({ session: session.id }, ...)`. */
  readonly session: { readonly id: string; readonly identity: Identity | null }
  /** As `authenticate` returned it. */
  readonly identity: Identity | null
  /** As it was sent, where the handler is for a prefix. */
  readonly topic: string
  /** Number of the message in its session, from 1; 0 for a volatile message. */
  readonly serial: number
  /**
   * Names the message for ever, across sessions and redelivery: store it with the effect, and the effect is exactly-once. On redelivery it is
   * what the client says, so keep it together with the identity: a client can only confuse itself. Empty for a volatile message.
   */
  readonly id: string
  /** The number in `id`: grows with each message of the session in which it was first sent, and stays on redelivery. 0 for a volatile message. */
  readonly fence: number
  /** Its handler may have been started before, by a server that is gone. */
  readonly redelivered: boolean
  /** Whether it was sent as volatile: what the handler returns or throws is not told to the sender. */
  readonly volatile: boolean
  /** The transport it came over. */
  readonly transport: TransportName
}

/** What it returns (or its promise) is the reply; undefined says only that it was handled. */
type Handler = (data: unknown, meta: MessageMeta) => unknown

export interface Registration {
  readonly handle: Handler
  /** Whether the next message may be started while this one is being handled. */
  readonly concurrent: boolean
  /** How `onError` is told of it: names the pattern, so that there are only so many. */
  readonly where: string
}

export interface Handlers {
  /** `pattern` is a topic, or a prefix followed by `*`. Returns the undo. Throws `bad-topic` and `bad-handler`. */
  add(pattern: string, handler: Omit<Registration, 'where'>): () => void
  /** The topic's own handler, or that of its longest prefix. */
  find(topic: string): Registration | null
}

export function createHandlers(): Handlers {
  const exact = new Map<string, Registration>()
  const prefixes = new Map<string, Registration>()
  return {
    add(pattern, handler) {
      if (!topicName(pattern) || pattern.startsWith('~'))
        throw new HoldfastError('bad-topic', `${JSON.stringify(pattern)} is not a topic that clients can send to.`)
      const wild = pattern.endsWith('*')
      const table = wild ? prefixes : exact
      const key = wild ? pattern.slice(0, -1) : pattern
      if (table.has(key))
        throw new HoldfastError('bad-handler', `${pattern} has a handler already; undo that one first.`)
      const registration = { ...handler, where: `onMessage ${pattern}` }
      table.set(key, registration)
      return () => {
        if (table.get(key) === registration) table.delete(key)
      }
    },
    find(topic) {
      const own = exact.get(topic)
      if (own || !prefixes.size) return own ?? null
      for (let length = topic.length; length >= 0; length--) {
        const found = prefixes.get(topic.slice(0, length))
        if (found) return found
      }
      return null
    },
  }
}
