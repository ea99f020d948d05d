/**
 * Requests of links over HTTP (PROTOCOL.md §5.2, §5.4): answered here where the link is here, and otherwise by the server that has it, if sessions
 * are shared (§5.5).
 */
import type { ServerResponse } from 'node:http'
import { CloseCode, UP_FRAMES } from '@holdfast/protocol'
import type { Codec, Packet, UpFrame } from '@holdfast/protocol'
import { LINK_GONE, type Farewell } from '../farewell.ts'
import type { Sharing } from '../sharing.ts'
import type { Arrived, Gate } from './gate.ts'
import type { LongPollingListener } from './long-polling.ts'

/** Who waits for the answer to a request: a client, or a server that handed it on. */
export interface Reply {
  /** Answers with encoded frames as one packet; once, the rest is dropped. */
  send(status: number, frames: readonly Packet[], codec: Codec): void
  /** Nobody waits any more. */
  onGone(gone: () => void): void
}

export interface Exchange {
  /** A request that does not begin with a hello. `body` is what it was decoded from. */
  handle(response: ServerResponse, arrived: Arrived, body: Buffer): Promise<void>
  close(): void
}

type Head = Extract<UpFrame, readonly ['post' | 'poll', ...unknown[]]>

const NO_HEAD: Farewell = { code: CloseCode.protocol, reason: 'a request begins with hello, post or poll' }
/** How much longer than it may take there an answer of another server is waited for. */
const ON_THE_WAY = 5_000

export const replyTo = (gate: Gate, response: ServerResponse): Reply => ({
  send: (status, frames, codec) => gate.answer(response, status, frames, codec),
  onGone: (gone) => void response.on('close', gone),
})

export function createExchange(gate: Gate, longPolling: LongPollingListener): Exchange {
  const { hub, context } = gate
  const { pollTimeout, bodyTimeout } = context.settings
  const { sharing } = hub

  const bye = (reply: Reply, { code, reason }: Farewell, codec: Codec): void =>
    reply.send(409, [codec.encode(['bye', code, reason])], codec)

  /** For a link that is here, or was. */
  function serve([type, token, incarnation, n]: Head, { frames, bytes, codec }: Arrived, reply: Reply): void {
    const owner = hub.owner(token, incarnation)
    if ('code' in owner && frames.some(([kind]) => kind === 'bye')) hub.leave(token, incarnation)
    if ('code' in owner) return bye(reply, owner, codec)
    if (type === 'poll') {
      hub.contact.take(owner, frames.slice(1), bytes)
      return longPolling.poll(owner, n, reply)
    }
    hub.contact.post(owner, n, frames.slice(1), bytes)
    // What was wrong with it has closed the link: the answer says why.
    const after = hub.owner(token, incarnation)
    if ('code' in after && after.code !== CloseCode.silent) return bye(reply, after, codec)
    reply.send(200, [], codec)
  }
  /** Hands it on to the server that has the link. */
  async function handOn(
    node: string,
    [type, token, incarnation]: Head,
    { arrived, body, response }: Incoming,
  ): Promise<void> {
    const { codec, frames } = arrived
    const reply = replyTo(gate, response)
    const within = (type === 'poll' ? pollTimeout : bodyTimeout) + ON_THE_WAY
    context.counters.relayed++
    const answered = await sharing!.peers.ask(node, { codec: codec.name ?? '', body }, { within, onGone: reply.onGone })
    if (answered === 'late') return reply.send(503, [], codec)
    if (answered) return gate.pass(response, answered, codec)
    if (frames.some(([kind]) => kind === 'bye')) sharing!.leave(token, incarnation)
    bye(reply, LINK_GONE, codec)
  }

  async function find(token: string, incarnation: number): Promise<Awaited<ReturnType<Sharing['find']>> | null> {
    try {
      return await sharing!.find(token, incarnation)
    } catch (error) {
      context.report(error, 'the session store')
      return null
    }
  }

  const undo = sharing?.peers.serve((asked, answer, onGone) => {
    const codec = context.codecs.named(asked.codec)
    const packet = codec && (codec.name ? new Uint8Array(asked.body) : asked.body.toString())
    const frames = codec && codec.decode<UpFrame>(packet, UP_FRAMES)
    const head = frames && !('malformed' in frames) ? headOf(frames) : null
    if (!head) return answer({ status: 400, body: Buffer.alloc(0) })
    const reply: Reply = { send: (status, out) => answer({ status, body: Buffer.from(codec!.join(out)) }), onGone }
    serve(head, { frames: frames as UpFrame[], bytes: asked.body.length, codec: codec! }, reply)
  })

  return {
    async handle(response, arrived, body) {
      const head = headOf(arrived.frames)
      if (!head) return gate.refuse(response, NO_HEAD, arrived.codec)
      const [, token, incarnation] = head
      if (sharing && 'code' in hub.owner(token, incarnation)) {
        const where = await find(token, incarnation)
        // Sent again by the client.
        if (!where) return gate.answer(response, 503, [], arrived.codec)
        if ('node' in where) return handOn(where.node, head, { arrived, body, response })
        if (arrived.frames.some(([kind]) => kind === 'bye')) sharing.leave(token, incarnation)
        return bye(replyTo(gate, response), where, arrived.codec)
      }
      serve(head, arrived, replyTo(gate, response))
    },
    close: () => undo?.(),
  }
}

interface Incoming {
  readonly arrived: Arrived
  readonly body: Buffer
  readonly response: ServerResponse
}

const headOf = ([first]: readonly UpFrame[]): Head | null =>
  first?.[0] === 'post' || first?.[0] === 'poll' ? first : null
