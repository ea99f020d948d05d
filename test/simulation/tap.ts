/**
 * Listens between a client's driver and its transports: how many links live at a time, what is put on each and how often, and that nothing on a link
 * that was let go has any effect.
 */
import { DOWN_FRAMES, json, type DownFrame, type UpFrame } from '@holdfast/protocol'
import type { Link, Transport } from '@holdfast/client'
import type { Ledger } from './ledger.ts'
import type { Oracle } from './oracles.ts'
import { messageIn, parse } from './wire.ts'
import type { World } from './world.ts'

interface Tapped {
  readonly n: number
  readonly name: string
  state: 'live' | 'let-go' | 'gone'
  /** Transmissions by serial. */
  readonly sent: Map<number, number>
  /** What justifies sending again: nacks and beats. */
  reasons: number
  /** Frames that are no messages, and what justifies them. */
  controls: number
}

export interface Tap {
  wrap(transport: Transport): Transport
  /**
   * Whether what is delivered now comes from a link that was let go, or from none. What one message is comes to all its readers, even if the
   * first of them lets the link go: `what` names it.
   */
  isStale(what: string): boolean
  readonly live: number
  readonly opened: number
  /** `messages`: each once per link; how often one is repeated on a link is judged there. */
  readonly stats: { messages: number; controls: number; owed: number; beats: number }
  /** Sessions that the client has lost, by the token it had, and why: its last word on them. */
  readonly lost: ReadonlyMap<string, 'refused' | 'unknown'>
}

export interface TapOptions {
  world: World
  page: string
  ledger: Ledger
  /** Whether there is a reason why the session of this token can be gone. */
  mayLose(token: string): boolean
}

export function createTap({ world, page, ledger, mayLose }: TapOptions): Tap {
  const links = new Set<Tapped>()
  const lost = new Map<string, 'refused' | 'unknown'>()
  const stats = { messages: 0, controls: 0, owed: 0, beats: 0 }
  let opened = 0
  let token: string | null = null
  /** What was delivered last. */
  let told = ''
  let delivering: { readonly link: Tapped; readonly was: Tapped['state'] } | null = null
  /** Serials of the session that have been put on a link. */
  let serials = new Set<number>()
  const fail = (oracle: Oracle, link: Tapped, what: string): void =>
    world.fail(oracle, `${page} L${link.n} ${link.name}: ${what}`)

  function within(link: Tapped, call: () => void): void {
    const before = delivering
    delivering = { link, was: link.state }
    try {
      call()
    } finally {
      delivering = before
    }
  }
  /** What a stale link tells must move nothing. */
  function actsOn(link: Tapped, what: string): void {
    if (delivering && delivering.link !== link && delivering.was === 'let-go')
      fail('fence', link, `${what} on the word of L${delivering.link.n}, which was let go`)
  }
  function checkCount(link: Tapped): void {
    const others = [...links].filter((other) => other !== link && other.state === 'live')
    if (others.length > 1) fail('one-link', link, `opened beside ${others.length} others`)
    if (others.length === 1 && link.name !== 'webSocket') fail('one-link', link, `opened beside ${others[0]!.name}`)
  }
  function put(link: Tapped, frame: UpFrame): void {
    const key = messageIn(frame)
    if (key !== undefined) ledger.handed(key)
    if (frame[0] !== 'send' && frame[0] !== 'void') {
      link.controls++
      stats.controls++
      return
    }
    const times = (link.sent.get(frame[1]) ?? 0) + 1
    link.sent.set(frame[1], times)
    serials.add(frame[1])
    if (times === 1) stats.messages++
    if (times > 2 + link.reasons)
      fail('cost', link, `sends serial ${frame[1]} for the ${times}th time, with ${link.reasons} reasons`)
  }
  function welcomed(link: Tapped, resumed: boolean, serial: number): void {
    if (!resumed) {
      serials = new Set()
      // What the former session left open goes on in this one.
      stats.owed += ledger.open().filter((letter) => letter.page === page && letter.handed).length
      return
    }
    const owed = [...serials].filter((own) => own > serial)
    stats.owed += owed.length
    if (!owed.length) return
    const first = Math.min(...owed)
    // At the end of this tick: what is sent in it shares packets.
    world.after(null, 0, () => {
      if (link.state === 'live' && !link.sent.has(first))
        fail('session', link, `the server lacks serial ${first}, and it is not sent again`)
    })
  }
  function saw(link: Tapped, packet: unknown): void {
    const frames = json.decode<DownFrame>(packet, DOWN_FRAMES)
    if ('malformed' in frames) return
    for (const frame of frames) {
      if (frame[0] === 'welcome') {
        const { session, resumed, serial } = frame[1]
        if (token !== null && token !== session && !lost.has(token)) {
          lost.set(token, 'unknown')
          if (!mayLose(token)) fail('session', link, 'a new session, though nothing has ended the one before')
        }
        token = session
        welcomed(link, resumed, serial)
      }
      // A lost tail shows in every other beat (PROTOCOL.md §6.4).
      if (frame[0] === 'nack') link.reasons++
      if (frame[0] === 'beat') link.reasons += 0.5
      if (frame[0] === 'beat') stats.beats++
      if (frame[0] === 'bye') ended(frame[1])
    }
  }
  function ended(code: number): void {
    if (((code >= 4400 && code < 4500) || code === 1008) && token !== null) lost.set(token, 'refused')
  }

  return {
    wrap: (inner) => ({
      ...inner,
      open(opening, events) {
        const link: Tapped = { n: ++opened, name: inner.name, state: 'live', sent: new Map(), reasons: 0, controls: 0 }
        actsOn(link, 'opened')
        checkCount(link)
        links.add(link)
        world.trace(`${page} L${link.n} opens ${inner.name}`)
        const real: Link = inner.open(opening, {
          ...events,
          opened: () => within(link, events.opened),
          received(packet, about) {
            within(link, () => {
              if (link.state === 'live') saw(link, packet)
              events.received(packet, about)
            })
          },
          dropped(cause) {
            world.trace(`${page} L${link.n} dropped ${cause.code} ${cause.reason}`)
            if (link.state === 'live') {
              ended(cause.code)
              link.state = 'gone'
              links.delete(link)
            }
            within(link, () => events.dropped(cause))
          },
        })
        return {
          send(frames) {
            if (link.state === 'let-go') fail('fence', link, 'is sent something after it was let go')
            for (const frame of frames) for (const one of parse<UpFrame>(`[${String(frame)}]`)) put(link, one)
            real.send(frames)
          },
          get buffered() {
            return real.buffered
          },
          close(last) {
            world.trace(`${page} L${link.n} let go`)
            actsOn(link, 'closed')
            if (link.state === 'live') link.state = 'let-go'
            links.delete(link)
            real.close(last)
          },
        }
      },
    }),
    isStale(what) {
      const isStale = delivering?.was !== 'live' || (delivering.link.state !== 'live' && what !== told)
      told = what
      return isStale
    },
    get live() {
      return links.size
    },
    get opened() {
      return opened
    },
    stats,
    lost,
  }
}
