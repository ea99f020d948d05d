// What a scripted server does with a link by itself, until the test takes over.
import type { Position, UpFrame, Welcome } from '@holdfast/protocol'
import type { ScriptedLink } from './link.ts'

/** Called for each new link, before anything has been heard on it. Any function will do: it calls what the link has. */
export type Behaviour = (link: ScriptedLink) => void

const upon = <T extends UpFrame[0]>(
  link: ScriptedLink,
  type: T,
  act: (frame: Extract<UpFrame, readonly [T, ...unknown[]]>) => void,
): (() => void) => link.on((frame) => frame[0] === type && act(frame as Extract<UpFrame, readonly [T, ...unknown[]]>))

/** Welcomes, confirms subscriptions where they stand, and answers pings. What becomes of messages is left to the test. */
export const welcomes =
  (welcome: Partial<Welcome> = {}): Behaviour =>
  (link) => {
    // Without an epoch it means: from the start, of whatever log there is (PROTOCOL.md §7.2).
    const confirm = (topic: string, position: Position | null | undefined): void =>
      link.subscribed(topic, position?.[0] ? position : undefined)
    link.open()
    upon(link, 'ping', ([, n]) => link.down(['pong', n]))
    upon(link, 'subscribe', ([, topic, position]) => confirm(topic, position))
    upon(link, 'hello', ([, { subscriptions }]) => {
      link.welcome(welcome)
      for (const [topic, position] of subscriptions) confirm(topic, position)
    })
  }

/** Opens and says nothing: until the test does, or for ever, as some proxies do. */
export const staysMute = (): Behaviour => (link) => link.open()

/** Never answers the handshake. */
export const neverOpens = (): Behaviour => () => {}

/** Opens, and answers the hello with a goodbye: what the client does then is told by the code (PROTOCOL.md §9.1). */
export const refuses =
  (code: number, reason = 'refused', retryAfter?: number): Behaviour =>
  (link) => {
    link.open()
    upon(link, 'hello', () => link.bye(code, reason, retryAfter))
  }

/** Opens, and is lost as soon as the client has said hello. */
export const drops = (): Behaviour => (link) => {
  link.open()
  upon(link, 'hello', () => link.drop())
}

/** The first link meets the first behaviour, and so on; the last one stays. */
export function inTurn(...behaviours: readonly [Behaviour, ...Behaviour[]]): Behaviour {
  let turn = 0
  return (link) => {
    const behave = behaviours[Math.min(turn++, behaviours.length - 1)]
    behave?.(link)
  }
}
