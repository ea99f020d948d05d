/** Polls down, POSTs up (PROTOCOL.md §5.2, §5.4). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CloseCode } from '@holdfast/protocol'
import type { Codec, Packet } from '@holdfast/protocol'
import type { Farewell } from '../farewell.ts'
import type { Link, LinkEnd } from '../link.ts'
import type { Attachment } from '../session.ts'
import { replyTo } from './exchange.ts'
import type { Reply } from './exchange.ts'
import { requestOf, statusOf } from './gate.ts'
import type { Arrived, Gate } from './gate.ts'

export interface LongPollingListener {
  /** Answers a hello with the first frames. */
  open(request: IncomingMessage, response: ServerResponse, hello: Arrived): void
  /** Answers a poll of the link. */
  poll(attachment: Attachment, n: number, reply: Reply): void
}

/** A link whose packets are fetched. */
interface PollLink extends Link {
  fetch(n: number, reply: Reply): void
}

/** What waits for the client to confirm that it has it. */
interface Queued {
  readonly n: number
  readonly frames: readonly Packet[]
  readonly bytes: number
}

/** The poll that is open, or the hello that has not been answered. */
interface Open {
  readonly n: number
  readonly reply: Reply
  readonly undo: () => void
}

const NOT_POLLED: Farewell = { code: CloseCode.protocol, reason: 'this link is not polled' }
/** Of all listeners: another server does not know through which one a link came. */
const links = new WeakMap<Link, PollLink>()

export function createLongPollingListener(gate: Gate): LongPollingListener {
  return {
    open(request, response, { frames, bytes, codec }) {
      const link = createPollLink(gate, codec, () => end.drained())
      links.set(link, link)
      link.fetch(0, replyTo(gate, response))
      const end: LinkEnd = gate.hub.arrivals.accept(link, requestOf(request))
      end.take(frames, bytes)
    },
    poll({ link, session: { codec } }, n, reply) {
      const polled = links.get(link)
      if (polled) polled.fetch(n, reply)
      else reply.send(statusOf(NOT_POLLED.code), [codec.encode(['bye', NOT_POLLED.code, NOT_POLLED.reason])], codec)
    },
  }
}

function createPollLink(gate: Gate, codec: Codec, drained: () => void): PollLink {
  const { limits, clock, pollTimeout } = gate.context.settings
  let queue: Queued[] = []
  let top = 0
  let buffered = 0
  let open: Open | null = null

  /** Answers the open poll, which leaves nothing open. */
  function answer(status: number, frames: readonly Packet[]): void {
    if (!open) return
    const { reply, undo } = open
    open = null
    undo()
    reply.send(status, frames, codec)
  }
  /** What is queued, within the packet limit; what does not fit comes with the next poll. Nothing is taken off the queue here. */
  function flush(): void {
    const frames: Packet[] = []
    let bytes = 32
    let n = open?.n ?? 0
    for (const item of queue) {
      if (frames.length && bytes + item.bytes > limits.packet) break
      frames.push(...item.frames)
      bytes += item.bytes
      n = item.n
    }
    answer(200, [codec.encode(['at', n]), ...frames])
  }
  /** Only this takes something off the queue: the client has said that it has it. */
  function confirm(n: number): void {
    const kept = queue.filter((item) => item.n > n)
    for (const item of queue) if (item.n <= n) buffered -= item.bytes
    const before = queue.length
    queue = kept
    if (kept.length < before && buffered < limits.replayBytes) drained()
  }

  return {
    transport: 'longPolling',
    codec,
    get buffered() {
      return buffered
    },
    send(frames) {
      const bytes = frames.reduce((sum, frame) => sum + Buffer.byteLength(frame) + 1, 0)
      queue.push({ n: ++top, frames, bytes })
      buffered += bytes
      if (open) flush()
    },
    fetch(n, reply) {
      // The newest poll wins; the older one learns nothing new.
      if (open) answer(200, [codec.encode(['at', open.n])])
      const mine: Open = { n, reply, undo: clock.after(pollTimeout, () => open === mine && flush()) }
      open = mine
      reply.onGone(() => {
        if (open !== mine) return
        mine.undo()
        open = null
      })
      confirm(n)
      if (queue.length) flush()
    },
    close(code, _reason, last) {
      answer(last.length ? statusOf(code) : 200, last)
      queue = []
      buffered = 0
    },
  }
}
