/** A client's end of a virtual link: says exactly what a test makes it say, and keeps what it is told. */
import { DOWN_FRAMES, json } from '@holdfast/protocol'
import type { Codec, DownFrame, Hello, Packet, Position, Welcome } from '@holdfast/protocol'
import type { Link, LinkEnd, LinkRequest, Server, TransportName } from '@holdfast/server'
import { settled } from './clock.ts'

export interface Peer {
  /** Everything told so far that no `told()` has returned. */
  readonly frames: DownFrame[]
  /** How many packets have come. */
  readonly packets: Packet[]
  /** What the link was closed with by the server. */
  readonly closed: number | null
  /** Sends one packet. */
  say(...frames: unknown[]): void
  /** Sends anything. */
  raw(packet: unknown): void
  /** What came since the last call, when everything has settled. */
  told(): Promise<DownFrame[]>
  /** As `told`, only the frames of one type. */
  toldOf<T extends DownFrame[0]>(type: T): Promise<Extract<DownFrame, readonly [T, ...unknown[]]>[]>
  welcome(): Promise<Welcome>
  /** The link holds so many bytes that the network has not taken. */
  hold(bytes: number): void
  /** It has taken them. */
  drain(): void
  drop(): void
}

export const helloOf = (more: Partial<Hello> = {}): Hello => ({
  version: 1,
  session: null,
  incarnation: 1,
  settled: 0,
  subscriptions: [],
  ...more,
})

export interface LinkOptions {
  transport?: TransportName
  request?: Partial<LinkRequest>
  /** Of its packets. @default JSON */
  codec?: Codec
}

/** Opens a link and says nothing. */
export function openLink(server: Server, { transport = 'webSocket', request, codec = json }: LinkOptions = {}): Peer {
  let frames: DownFrame[] = []
  const packets: Packet[] = []
  let buffered = 0
  let closed: number | null = null
  const receive = (encoded: readonly Packet[]): void => {
    const packet = codec.join(encoded)
    packets.push(packet)
    const decoded = codec.decode<DownFrame>(packet, DOWN_FRAMES)
    if ('malformed' in decoded) throw new Error(`${decoded.malformed}: ${String(packet)}`)
    frames.push(...decoded)
  }
  const link: Link = {
    transport,
    codec,
    get buffered() {
      return buffered
    },
    send: receive,
    close(code, _reason, last) {
      if (last.length) receive(last)
      closed = code
    },
  }
  const end: LinkEnd = server.accept(link, request)
  const told = async (): Promise<DownFrame[]> => {
    await settled()
    const out = frames
    frames = []
    return out
  }
  const toldOf: Peer['toldOf'] = async (type) => (await told()).filter((frame) => frame[0] === type) as never
  return {
    get frames() {
      return frames
    },
    packets,
    get closed() {
      return closed
    },
    say: (...frames) => end.receive(codec === json ? JSON.stringify(frames) : codec.join(frames.map(codec.encode))),
    raw: (packet) => end.receive(packet),
    told,
    toldOf,
    async welcome() {
      await settled()
      const found = frames.find((frame) => frame[0] === 'welcome')
      if (!found) throw new Error('not welcome: ' + JSON.stringify(frames))
      return found[1]
    },
    hold(bytes) {
      buffered = bytes
    },
    drain() {
      buffered = 0
      end.drained()
    },
    drop: () => end.dropped(),
  }
}

/** Opens a link and says hello. */
export function connectPeer(server: Server, hello: Partial<Hello> = {}, options: LinkOptions = {}): Peer {
  const peer = openLink(server, options)
  peer.say(['hello', helloOf(hello)])
  return peer
}

/** Events of a list of frames, as `[offset, data]`. */
export const eventsIn = (frames: readonly DownFrame[], topic?: string): [number, unknown][] =>
  frames.flatMap((frame) => (frame[0] === 'event' && (!topic || frame[1] === topic) ? [[frame[2], frame[3]]] : []))

/** Position told by the (last) `subscribed` of a topic. */
export function positionIn(frames: readonly DownFrame[], topic: string): Position {
  const found = frames.findLast((frame) => frame[0] === 'subscribed' && frame[1] === topic)
  if (found?.[0] !== 'subscribed') throw new Error('not subscribed to ' + topic)
  return found[2]
}
