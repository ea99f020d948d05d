// One connection to a scripted server, of which the test is the server's end.
import { DOWN_FRAMES, UP_FRAMES, json } from '@holdfast/protocol'
import type { DownFrame, Hello, Packet, Position, UpFrame, Welcome } from '@holdfast/protocol'
import { TestingError } from '../errors.ts'
import { helloIn, protocolIn } from '../memory/holdfast-end.ts'
import type { MemorySocket, SocketEvents } from '../memory/socket.ts'
import type { VirtualClock, WithinOptions } from '../virtual-clock.ts'

/** A frame of that type. */
export type UpFrameOf<T extends UpFrame[0]> = Extract<UpFrame, readonly [T, ...unknown[]]>

/** One connection of a client, played by the test. Frames are those of PROTOCOL.md §3, as JSON. */
export interface ScriptedLink {
  /** Name of the transport. */
  readonly transport: string
  /** Path and query that were asked for. */
  readonly url: string
  /** What the client said first; null before it has. */
  readonly hello: Hello | null
  /** All frames that have come up, the hello included. */
  readonly frames: readonly UpFrame[]
  /** All messages that have come up, as they were: for what is no frame. */
  readonly packets: readonly Packet[]
  /** Whether nobody is at the other end any more, as far as the server can know, or the server has let go. */
  readonly closed: boolean
  /**
   * The next frame of that type that no `next` has returned; lets time pass until it comes. Rejects with `timed-out`, and tells what came instead.
   */
  next<T extends UpFrame[0]>(type: T, options?: WithinOptions): Promise<UpFrameOf<T>>
  /** Calls `fn` for each frame from now on; returns the undo. */
  on(fn: (frame: UpFrame) => void): () => void
  /** Answers the handshake. Behaviours do, but for `neverOpens()`. */
  open(): void
  /** Welcomes the session: with what is given, and `WELCOME` for the rest. Frames may follow in the same packet. */
  welcome(welcome?: Partial<Welcome>, ...frames: DownFrame[]): void
  /** Frames go down in one packet. */
  down(...frames: DownFrame[]): void
  /** Anything goes down as one message: for other dialects, and for what no server should say. */
  raw(packet: Packet): void
  /** Confirms a subscription, which is then caught up. @default position ['e', 0, 0] */
  subscribed(topic: string, position?: Position): void
  /** An entry of a topic's log. */
  event(topic: string, offset: number, data: unknown): void
  /** Acknowledges everything up to this serial; `reply` is what `request()` gives. */
  acknowledge(serial: number, reply?: unknown): void
  /** The handler of that message has thrown a `RejectError`. */
  reject(serial: number, code: string, message?: string): void
  /** Says goodbye and closes. What the client does then is told by the code (PROTOCOL.md §9.1). `retryAfter`: ms. */
  bye(code: number, reason?: string, retryAfter?: number): void
  /** Closes with a code and says nothing. */
  close(code?: number, reason?: string): void
  /** The network loses the connection. */
  drop(): void
}

/** What `welcome()` says where the test does not say otherwise. */
export const WELCOME: Welcome = {
  session: 'token',
  id: 's1',
  resumed: false,
  serial: 0,
  identity: null,
  window: 120_000,
  beat: 15_000,
  grace: 5_000,
  retrySpread: 300,
  level: 'memory',
  limits: { message: 1_048_576, packet: 262_144, inFlight: 1_024, inFlightBytes: 4_194_304, subscriptions: 1_000 },
  time: 1,
}

interface Parts {
  readonly socket: MemorySocket
  readonly clock: VirtualClock
  /** Loses the connection. */
  drop(): void
}

export interface Scripted {
  readonly link: ScriptedLink
  readonly events: SocketEvents
  /** What the handshake carried is heard. Once the behaviour listens. */
  begin(): void
}

export function createScriptedLink({ socket, clock, drop }: Parts): Scripted {
  const frames: UpFrame[] = []
  const packets: Packet[] = []
  const taken = new Set<UpFrame>()
  const listeners = new Set<(frame: UpFrame) => void>()
  let closed = false

  function hear(packet: Packet): void {
    const decoded = json.decode<UpFrame>(packet, UP_FRAMES)
    for (const frame of Array.isArray(decoded) ? decoded : []) {
      frames.push(frame)
      for (const fn of listeners) fn(frame)
    }
  }
  async function next<T extends UpFrame[0]>(type: T, options?: WithinOptions): Promise<UpFrameOf<T>> {
    const isNext = (frame: UpFrame): frame is UpFrameOf<T> => frame[0] === type && !taken.has(frame)
    try {
      const frame = await clock.until(() => frames.find(isNext), options)
      taken.add(frame!)
      return frame!
    } catch (cause) {
      const came = frames.map((frame) => `  ${JSON.stringify(frame)}`).join('\n') || '  nothing'
      throw new TestingError('timed-out', `No (further) "${type}" has come up. What came:\n${came}`, { cause })
    }
  }
  function down(...said: DownFrame[]): void {
    const packet = json.encode(said)
    const checked = json.decode(packet, DOWN_FRAMES)
    if ('malformed' in checked)
      throw new TypeError(`${checked.malformed}: ${packet}. raw() says what no server should.`)
    socket.send(packet)
  }
  function close(code?: number, reason?: string): void {
    closed = true
    socket.close(code, reason)
  }

  const link: ScriptedLink = {
    transport: socket.kind,
    url: socket.url,
    get hello() {
      return frames.find((frame) => frame[0] === 'hello')?.[1] ?? null
    },
    frames,
    packets,
    get closed() {
      return closed
    },
    next,
    on(fn) {
      listeners.add(fn)
      return () => void listeners.delete(fn)
    },
    open: () => socket.open(protocolIn(socket.protocols)),
    welcome: (welcome = {}, ...more) => down(['welcome', { ...WELCOME, ...welcome }], ...more),
    down,
    raw: (packet) => socket.send(packet),
    subscribed: (topic, position = ['e', 0, 0]) =>
      down(['subscribed', topic, position], ['caught-up', topic, position[1]]),
    event: (topic, offset, data) => down(['event', topic, offset, data]),
    acknowledge: (serial, reply) => down(['ack', serial, reply === undefined ? [] : [[serial, reply]]]),
    reject: (serial, code, message = code) => down(['ack', serial, [[serial, null, code, message]]]),
    bye(code, reason = '', retryAfter) {
      down(retryAfter === undefined ? ['bye', code, reason] : ['bye', code, reason, retryAfter])
      close(code, reason)
    },
    close,
    drop,
  }
  return {
    link,
    events: {
      message(packet) {
        packets.push(packet)
        hear(packet)
      },
      closed() {
        closed = true
      },
    },
    begin() {
      const hello = helloIn(socket.protocols)
      if (hello !== null) hear(hello)
    },
  }
}
