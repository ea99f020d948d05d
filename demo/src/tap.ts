// Looks at the wire, between the client and any transport: a transport is a value with one function, so it can be wrapped.
// What is counted here is counted on bytes, before the client has sorted anything out.
import type { Link, LinkEvents, Transport } from '@holdfast/client'

export interface Wiretap {
  wrap(transport: Transport): Transport
  readonly counts: Readonly<TapCounts>
}

interface TapCounts {
  /** Links that were tried. */
  links: number
  /** Bytes of packets, both ways, as UTF-16 units. */
  up: number
  down: number
  /** Reliable messages that went over a link again. */
  resent: number
  /** Events that arrived although they had arrived before. The client drops them. */
  duplicates: number
}

/** `transmitted` is told of each reliable message put on a link. */
export function createTap(transmitted: (topic: string, data: unknown) => void): Wiretap {
  const counts: TapCounts = { links: 0, up: 0, down: 0, resent: 0, duplicates: 0 }
  const tops = new Map<string, { epoch: string; offset: number }>()
  let highestSerial = 0

  function lookUp(frame: string): void {
    counts.up += frame.length
    if (!frame.startsWith('["send"')) return
    const [, serial, topic, data, id] = JSON.parse(frame) as [string, number, string, unknown, string?]
    if (serial <= highestSerial || id !== undefined) counts.resent++
    highestSerial = Math.max(highestSerial, serial)
    transmitted(topic, data)
  }

  function lookDown(frame: readonly unknown[]): void {
    const [type, topic, second] = frame
    if (type === 'welcome' && !(topic as { resumed: boolean }).resumed) highestSerial = 0
    if (type === 'subscribed') follow(topic as string, ...(second as [string, number]))
    if (type === 'event') arrive(topic as string, second as number)
  }

  function follow(topic: string, epoch: string, offset: number): void {
    if (tops.get(topic)?.epoch !== epoch) tops.set(topic, { epoch, offset })
  }

  function arrive(topic: string, offset: number): void {
    const top = tops.get(topic)
    if (!top) return
    if (offset <= top.offset) counts.duplicates++
    else top.offset = offset
  }

  const wrapLink = (link: Link): Link => ({
    get buffered() {
      return link.buffered
    },
    close: (frames) => link.close(frames),
    send(frames) {
      for (const frame of frames) lookUp(String(frame))
      link.send(frames)
    },
  })

  const wrapEvents = (events: LinkEvents): LinkEvents => ({
    ...events,
    received(packet, about) {
      if (typeof packet === 'string') {
        counts.down += packet.length
        framesOf(packet).forEach(lookDown)
      }
      events.received(packet, about)
    },
  })

  return {
    counts,
    wrap: (transport) => ({
      ...transport,
      open(opening, events) {
        counts.links++
        return wrapLink(transport.open(opening, wrapEvents(events)))
      },
    }),
  }
}

/** The client judges malformed packets; the tap only overlooks them. */
function framesOf(packet: string): unknown[][] {
  try {
    const frames: unknown = JSON.parse(packet)
    return Array.isArray(frames) ? frames.filter(Array.isArray) : []
  } catch {
    return []
  }
}
