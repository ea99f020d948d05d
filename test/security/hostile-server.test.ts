// What a client trusts its server with, and what not: whatever comes down, nothing is thrown into the page, the promises down hold, and a true
// server is found again.
import type { DownFrame, Position } from '@holdfast/protocol'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../server/support/random.ts'
import { createRig } from '../support/client-rig.ts'
import { WELCOME } from '../support/scripted-transport.ts'
import { settled } from '../support/virtual-clock.ts'
import { mutateText, mutateValue, pick } from './mutate.ts'

const FRAMES: readonly DownFrame[] = [
  ['welcome', { ...WELCOME, resumed: true, former: [2, [[1, null, 'sold-out', 'No']]] }],
  ['ack', 1, [[1, { order: 7 }]]],
  ['nack', 0],
  ['subscribed', 'a', ['e', 3, 1]],
  ['event', 'a', 3, { text: 'hi' }, 9],
  ['event', 'a', 4, [1, 2]],
  ['event', '~session', 1, ['a', 1]],
  ['caught-up', 'a', 5],
  ['denied', 'b', 'forbidden', 'No'],
  ['volatile', 'a', 1],
  ['beat', 1, 1, [['a', 5]]],
  ['pong', 1],
  ['renew', 1_000],
  ['authenticated'],
  ['drain', 100],
  ['bye', 4300, 'drain', 100],
  ['at', 3],
  ['ticket', 'x'],
]

describe('20,000 mutated packets down', () => {
  test('throw nothing into the page, and every offset is heard in order, once, with its holes announced', async () => {
    const rig = createRig({ auth: () => 'fresh', backoff: () => 10 })
    const random = createRandom(3_001)
    await rig.clock.advance(1)
    /** Of the topic, as its handler was told. */
    let at: Position | null = null
    const faults: string[] = []
    rig.client.subscribe(
      'a',
      (_data, { epoch, offset }) => {
        // A volatile message has no position.
        if (!epoch) return
        if (at && at[0] === epoch && offset !== at[1] + 1) faults.push(`${String(at)}, then ${offset}`)
        at = [epoch, offset, 0]
        heard++
      },
      { onGap: ({ epoch, to }) => void (at = [epoch, to, 0]) },
    )
    let heard = 0
    let welcomes = 0
    for (let n = 0; n < 20_000; n++) {
      if (rig.client.snapshot.status === 'closed') rig.client.connect()
      if (rig.link.closed) await rig.clock.advance(1_000)
      if (!rig.link.closed && n % 20 === 0) {
        const start: DownFrame[] = [1, 2].map((offset) => ['event', 'a', offset, offset])
        rig.link.welcome({ session: 't' + n, id: 's' + n }, ['subscribed', 'a', ['e' + n, 0, 0]], ...start)
        welcomes++
        rig.client.send('a', n).catch(() => {})
      }
      await settled()
      const frames = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, FRAMES))
      const text = JSON.stringify(random() < 0.6 ? mutateValue(frames, random) : frames)
      rig.link.events.received(random() < 0.4 ? mutateText(text, random) : text)
    }
    expect(faults).toEqual([])
    // Whatever it was told, it has gone to no other address.
    expect(new Set(rig.links.map(({ opening }) => opening.url)).size).toBe(1)
    expect(heard).toBeGreaterThan(500)
    expect(welcomes).toBeGreaterThan(500)
    expect(rig.logged.filter((error) => !(error as { code?: string }).code)).toEqual([])
    expect(Object.keys(Object.prototype)).toEqual([])
    // A true server, then: what waits is settled, and nothing is left behind.
    if (rig.client.snapshot.status === 'closed') rig.client.connect()
    else rig.client.reconnect()
    await rig.clock.advance(1)
    const link = await rig.welcome({ session: 'true', id: 'true' })
    const sent = rig.client.send('a', 'last')
    for (let rounds = 0; rig.client.snapshot.pending > 0 && rounds < 1_000; rounds++) {
      await settled()
      link.down(['ack', Math.max(...link.sent.map((frame) => (frame[0] === 'send' ? frame[1] : 0))), []])
    }
    expect((await sent).id).toMatch(/^true\.\d+$/)
    await rig.client.close()
    expect([rig.clock.armed, rig.open, rig.listening]).toEqual([0, 0, 0])
  }, 120_000)
})

describe('a server that asks for too much', () => {
  test('10,000 wishes for a fresh credential in one packet ask the page once', async () => {
    let asked = 0
    const rig = createRig({ auth: () => void asked++ })
    await rig.clock.advance(1)
    await rig.welcome()
    const before = asked
    rig.link.down(...Array.from({ length: 10_000 }, (): DownFrame => ['renew', 1_000]))
    await settled()
    expect(asked - before).toBe(1)
  })

  test('10,000 holes in one packet are asked about once', async () => {
    const rig = createRig()
    rig.client.subscribe('a', () => {})
    const link = await rig.welcome()
    link.down(['subscribed', 'a', ['e', 1, 1]])
    await settled()
    const before = link.sent.length
    link.down(...Array.from({ length: 10_000 }, (_, n): DownFrame => ['event', 'a', 100 + n, 1]))
    await settled()
    expect(link.sent.slice(before).filter(([type]) => type === 'subscribe')).toHaveLength(1)
  })

  test('numbers without end are clamped: it neither waits for ever nor hammers', async () => {
    for (const n of [0, 1, 2 ** 53 - 1]) {
      const rig = createRig()
      await rig.welcome({
        beat: n,
        grace: n,
        retrySpread: n,
        window: n,
        limits: { message: n, packet: n, inFlight: n, inFlightBytes: n, subscriptions: n },
      })
      const before = rig.links.length
      await rig.clock.advance(60_000)
      // A beat of 100 ms and as much grace, then back-off: not one attempt after another.
      expect(rig.links.length - before).toBeLessThan(30)
      await rig.welcome()
      const rested = rig.links.length
      rig.link.down(['bye', 4200, 'rest', n])
      await rig.clock.advance(1_200_000)
      expect(rig.links.length).toBeGreaterThan(rested)
      await rig.client.close()
    }
  })
})
