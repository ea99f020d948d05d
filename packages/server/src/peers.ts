/**
 * What servers that share sessions say to each other: a head in JSON, a line feed, and a body. All of it may be lost; what matters is in the
 * records. A request for a link that another server holds is handed on to that one, and answered with what it answers (PROTOCOL.md §5.5).
 */
import type { Packet } from '@holdfast/protocol'
import type { Context } from './context.ts'
import { whenReady } from './maybe.ts'
import type { SessionStore } from './store.ts'

/** `fenced`: this working copy is one no more, and others wait for these messages of it. `changed`: a message that another one had has been finished, or given back. */
export type Note =
  | readonly ['fenced', id: string, holder: string, serials: readonly number[]]
  | readonly ['changed', id: string]
  | readonly ['disconnect', id: string, code: number, reason: string]

/** A request as it came, for the server that holds its link. */
export interface Asked {
  /** Of the body; empty for JSON. */
  readonly codec: string
  readonly body: Buffer
}

/** What it says to it. */
export interface Answered {
  readonly status: number
  readonly body: Buffer
}

/** Serves a request of another server: `answer` is called once, unless `onGone` was told before that nobody waits any more. */
type Serve = (asked: Asked, answer: (answered: Answered) => void, onGone: (gone: () => void) => void) => void

export interface Peers {
  tell(node: string, note: Note): void
  /** Null when that server is gone, `late` when it has not answered in time. `onGone` is given what to call when nobody waits any more. */
  ask(
    node: string,
    asked: Asked,
    wait: { within: number; onGone: (gone: () => void) => void },
  ): Promise<Answered | 'late' | null>
  /** What other servers ask is served by this, until undone. */
  serve(serve: Serve): () => void
  /** A message has come. */
  told(message: Packet): void
  stop(): void
}

type Head =
  | Note
  | readonly ['ask', n: number, from: string, codec: string]
  | readonly ['gone', n: number, from: string]
  | readonly ['answer', n: number, status: number]

/** How often a server that has not answered yet is looked at, and asked again, in ms. */
const LOOK = 2_000
const LINE_FEED = 10
const EMPTY = Buffer.alloc(0)

function encode(head: Head, body: Buffer = EMPTY): Packet {
  return new Uint8Array(Buffer.concat([Buffer.from(JSON.stringify(head) + '\n'), body]))
}
function decode(message: Packet): { head: Head; body: Buffer } {
  const bytes = Buffer.from(message as Uint8Array)
  const end = bytes.indexOf(LINE_FEED)
  return { head: JSON.parse(bytes.toString('utf8', 0, end)) as Head, body: bytes.subarray(end + 1) }
}

export function createPeers(
  { settings: { clock }, report }: Context,
  store: SessionStore,
  noted: (note: Note) => void,
): Peers {
  const servers = new Set<{ serve: Serve }>()
  /** Asked of others, by number. */
  const open = new Map<number, (answered: Answered | 'late' | null) => void>()
  /** Asked by others. */
  const serving = new Map<string, () => void>()
  let last = 0

  function send(node: string, head: Head, body?: Buffer): void {
    store.tell(node, encode(head, body)).then(undefined, (error: unknown) => report(error, 'the session store'))
  }
  function answer(n: number, from: string, asked: Asked): void {
    const [first] = servers
    const key = from + '/' + n
    // Asked again: it is being served.
    if (serving.has(key)) return
    const reply = ({ status, body }: Answered): void => {
      if (serving.delete(key)) send(from, ['answer', n, status], body)
    }
    let gone = (): void => {}
    serving.set(key, () => {
      serving.delete(key)
      gone()
    })
    if (first) first.serve(asked, reply, (fn) => (gone = fn))
    else reply({ status: 503, body: EMPTY })
  }
  function act({ head, body }: { head: Head; body: Buffer }): void {
    switch (head[0]) {
      case 'ask':
        return answer(head[1], head[2], { codec: head[3], body })
      case 'gone':
        return serving.get(head[2] + '/' + head[1])?.()
      case 'answer':
        return open.get(head[1])?.({ status: head[2], body })
      case 'fenced':
      case 'changed':
      case 'disconnect':
        return noted(head)
    }
  }

  return {
    tell: send,
    ask: (node, { codec, body }, { within, onGone }) =>
      new Promise((resolve) => {
        const n = ++last
        const end = (answered: Answered | 'late' | null): void => {
          if (!open.delete(n)) return
          undoLook()
          undoLate()
          resolve(answered)
        }
        const say = (): void =>
          whenReady(
            () => store.tell(node, encode(['ask', n, store.node, codec], body)),
            (heard) => heard || end(null),
            (error) => {
              report(error, 'the session store')
              end('late')
            },
          )
        const look = (): void =>
          whenReady(
            () => store.isAlive(node),
            (alive) => {
              if (!alive) return end(null)
              if (!open.has(n)) return
              undoLook = clock.after(LOOK, look)
              // It, or its answer, may have been lost. Clients may repeat their requests, so a server may, too (PROTOCOL.md §5.2, §5.4).
              say()
            },
            () => end(null),
          )
        let undoLook = clock.after(LOOK, look)
        const undoLate = clock.after(within, () => {
          if (open.has(n)) send(node, ['gone', n, store.node])
          end('late')
        })
        open.set(n, end)
        onGone(() => {
          if (open.has(n)) send(node, ['gone', n, store.node])
          end('late')
        })
        say()
      }),
    serve(serve) {
      const server = { serve }
      servers.add(server)
      return () => void servers.delete(server)
    },
    told(message) {
      try {
        act(decode(message))
      } catch (error) {
        report(error, 'a message of another server')
      }
    },
    stop() {
      for (const end of open.values()) end(null)
    },
  }
}
