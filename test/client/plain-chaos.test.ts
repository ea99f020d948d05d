// A server that keeps a log and handles each id once, behind links that are cut, that lose, repeat, and overtake each other.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPlainRig, type PlainLink } from '../support/plain-rig.ts'
import { settled } from '../support/virtual-clock.ts'

interface Up {
  id?: string
  data?: number
  resync?: number
}
interface Down {
  seq?: number
  ack?: string
}

function createWorld() {
  const rig = createPlainRig<Down, Up>({
    wrap: (_topic, data) => ({ data: data as number }),
    withId: (message, id) => ({ ...message, id }),
    ackOf: ({ ack }) => ack,
    positionOf: ({ seq }) => seq,
    resume: (from) => ({ resync: from }),
  })
  const { client, links, messages, gaps, clock } = rig
  const handled = new Map<string, number>()
  /** Packets of each link that the server has taken in. */
  const taken = new Map<PlainLink, number>()
  let published = 0
  let sent = 0
  const outcomes: Promise<unknown>[] = []
  const newest = (): PlainLink => links.at(-1)!

  /** The server takes in one packet of this link, however late; its answers go to the link that is up. */
  function take(link: PlainLink, isAnswered: boolean): boolean {
    const at = taken.get(link) ?? 0
    const message = link.heard[at] as Up | undefined
    if (!message) return false
    taken.set(link, at + 1)
    if (message.resync !== undefined && link === newest())
      for (let seq = message.resync + 1; seq <= published; seq++) link.says({ seq })
    if (message.id === undefined) return true
    if (!handled.has(message.id)) handled.set(message.id, message.data!)
    if (isAnswered) newest().says({ ack: message.id })
    return true
  }
  return {
    rig,
    send: () => void outcomes.push(client.send('a', ++sent)),
    publish: (isLost: boolean) => {
      published++
      if (!isLost) newest().says({ seq: published })
    },
    repeat: (back: number) => newest().says({ seq: Math.max(published - back, 1) }),
    take,
    cut: () => rig.again(),
    /** One more link, on which nothing goes wrong: what was taken in without an answer is said again there. */
    async calm() {
      await rig.again()
      newest().says({ seq: ++published })
      await settled()
      while (take(newest(), true)) await settled()
      await Promise.all(outcomes)
      await clock.advance(10_000)
      return { handled: [...handled.values()], sent, messages, published, gaps }
    },
    links,
  }
}

const op = fc.oneof(
  { weight: 4, arbitrary: fc.constant(['send'] as const) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('publish' as const), fc.boolean()) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('repeat' as const), fc.nat(5)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('take' as const), fc.nat(3), fc.boolean()) },
  { weight: 1, arbitrary: fc.constant(['cut'] as const) },
  { weight: 2, arbitrary: fc.constant(['turn'] as const) },
)

test('with ackOf, withId, positionOf and resume: nothing is lost, each once and in order, both ways', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 60 }), async (ops) => {
      const world = createWorld()
      await world.rig.open()
      world.publish(false)
      for (const [name, first, second] of ops) {
        if (name === 'send') world.send()
        else if (name === 'publish') world.publish(first)
        else if (name === 'repeat') world.repeat(first)
        else if (name === 'take') world.take(world.links.at(-1 - first) ?? world.links[0]!, second)
        else if (name === 'cut') await world.cut()
        else await settled()
      }
      const { handled, sent, messages, published, gaps } = await world.calm()
      expect(handled).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
      expect(messages).toEqual(Array.from({ length: published }, (_, i) => ({ seq: i + 1 })))
      expect(gaps).toEqual([])
    }),
    { numRuns: 300 },
  )
})
