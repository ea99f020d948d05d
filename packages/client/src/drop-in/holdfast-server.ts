/**
 * A socket over a session with a Holdfast server that accepts sockets (docs/drop-in.md): messages up are sent on a topic, messages down
 * come by the session's inbox. It lives as long as that session does; links come and go unseen.
 */
import { SESSION_INBOX } from '@holdfast/protocol'
import { holdfast } from '../dialects/holdfast.ts'
import type { HoldfastError } from '../errors.ts'
import { createClient } from '../shared.ts'
import type { Cause } from '../transport.ts'
import type { Client, Message } from '../types.ts'
import { LOST, NO_CODE, type FarEnd, type FarEvents, type FarServer } from './far-end.ts'

/** Options of `holdfastServer()`. */
export interface HoldfastServerOptions {
  /** Endpoint of the server, resolved against the URL that a library opens. @default that URL */
  endpoint?: string | URL
  /** Topic that carries the sockets, as the server's `acceptSockets` has it. @default 'websocket' */
  topic?: string
}

/** The server has ended the session (PROTOCOL.md §9.1). */
const STOPPED = 4000

/** Base64 by pieces: a call takes so many arguments at most. */
const PIECE = 0x8000

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return btoa(text)
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))

function sessionEnd(client: Client, topic: string, url: URL, protocols: string[], events: FarEvents): FarEnd {
  /** Whether the codec of the session carries bytes: it has brought some. */
  let hasBytes = false
  let state: 'new' | 'begun' | 'ended' = 'new'

  client.on('message', ({ data, topic: name, direct }: Message) => {
    if (name !== topic || !direct) return
    if (typeof data === 'string' || data instanceof Uint8Array) return events.received(data as string)
    const [type, first, second] = data as [type: string, first: never, second: unknown]
    if (type === 'binary') events.received(fromBase64(first))
    else if (type === 'close') events.closed(first ?? NO_CODE, second as string)
    else if (type === 'open') {
      hasBytes = second instanceof Uint8Array
      events.opened(first)
    }
  })
  client.on('open', ({ resumed }) => {
    if (state === 'begun' && !resumed) events.lost(LOST, 'session lost')
    else state = 'begun'
  })
  client.on('gap', ({ topic: name }) => name === SESSION_INBOX && events.lost(LOST, 'messages lost'))
  client.on('close', ({ cause }) => {
    const { code, reason }: Cause = cause ?? { code: LOST, reason: '' }
    // The session has been ended, which is what `terminate()` does; or somebody on the server had a code to say.
    if (code >= 3000 && code !== STOPPED) events.closed(code, reason)
    else events.lost(LOST, reason)
  })

  // Never in another session: whoever waits there does not know this socket.
  const send = (data: unknown): Promise<unknown> => client.send(topic, data, { once: true })
  send(['open', url.pathname + url.search, protocols, new Uint8Array(1)]).catch(
    ({ code }: HoldfastError) => state !== 'ended' && events.lost(LOST, code),
  )
  return {
    buffered: 0,
    send: (data) => send(typeof data === 'string' || hasBytes ? data : ['binary', toBase64(data)]),
    close: (code, reason) => send(['close', code, reason]),
    end() {
      state = 'ended'
      void client.close()
    },
  }
}

/** Sockets over sessions with a Holdfast server, which gives them to its side with `acceptSockets()`. */
export function holdfastServer({ endpoint, topic = 'websocket' }: HoldfastServerOptions = {}): FarServer {
  return {
    reach(options, url, protocols, events) {
      const target = endpoint === undefined ? url : new URL(endpoint, url)
      const client = createClient(target, { ...options, autoConnect: false }, holdfast())
      const far = sessionEnd(client, topic, url, protocols, events)
      // Later: what fails at once is told when there are listeners.
      queueMicrotask(() => client.status === 'idle' && client.connect())
      return far
    },
  }
}
