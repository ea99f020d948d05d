import type { OutboxLimits } from '@holdfast/protocol'
import { expect, test } from 'vitest'
import { ensure, forSeeds, type Random } from './random.ts'
import { createPeers, type Rates } from './two-peers.ts'

/** Half of the faults are off in each run, so that they do not hide each other. */
function drawRates(random: Random): Rates {
  const rate = (upTo: number): number => (random.chance(0.5) ? 0 : (upTo * (1 + random.int(100))) / 100)
  return {
    cut: rate(0.2),
    lose: rate(0.1),
    double: rate(0.3),
    loseSession: rate(0.3),
    poison: rate(0.04),
    abort: rate(0.3),
  }
}

test('between two peers over any network each message settles once, truthfully, in order, at a bounded cost', () => {
  const outcomes = new Map<string, number>()
  forSeeds(1_500, (random) => {
    const overflow = random.pick<OutboxLimits['overflow']>(['reject', 'drop-oldest', 'wait'])
    const limits = { maxMessages: 5 + random.int(40), maxBytes: 200 + random.int(2_000), overflow }
    const window = 1 + random.int(12)
    const rates = drawRates(random)
    const peers = createPeers(random, limits, window, rates)
    const { add, transmit, arrive, handle, say, beat, hear, cut, open, loseSession, abort, check, pass, outbox } = peers
    const often = [add, transmit, transmit, arrive, arrive, handle, handle, handle, say, hear, hear]
    for (let step = 0; step < 400; step++) {
      random.pick(often)()
      if (!peers.isOpen && random.chance(0.2)) open()
      if (random.chance(rates.cut * 0.1)) cut()
      if (random.chance(rates.loseSession * 0.05)) loseSession()
      if (random.chance(rates.abort * 0.1)) abort()
      if (random.chance(0.02)) beat()
      pass(random.int(100))
      check()
    }
    // The faults stop, but poison stays poison.
    Object.assign(rates, { cut: 0, lose: 0, double: 0 })
    for (let round = 0; outbox.pending; round++) {
      ensure(round < 5_000, `${outbox.pending} messages never settle`)
      if (!peers.isOpen) open()
      for (const act of [transmit, arrive, handle, handle, say, hear]) act()
      if (round % 40 === 39) beat()
      pass(100)
      check()
    }
    for (const { outcome } of peers.messages) {
      ensure(outcome !== null, 'a message without an outcome')
      const name = outcome.outcome + ('code' in outcome ? ' ' + outcome.code : '')
      outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
    }
    ensure(outbox.pendingBytes === 0 && outbox.expiresAt === Infinity, 'something is left')
    for (let session = 1; session <= peers.count.links; session++) {
      const handled = peers.messages.filter(({ started }) => started.includes('s' + session)).map(({ index }) => index)
      ensure(
        handled.every((index, i) => i === 0 || index > handled[i - 1]!),
        'handled out of order of sending',
      )
    }
    const { transmitted, links, rewinds, beyond } = peers.count
    const most = 3 * peers.messages.length + window * (links + rewinds)
    ensure(transmitted <= most, `${transmitted} frames for ${peers.messages.length} messages on ${links} links`)
    if (!rates.lose) ensure(beyond === 0 || rates.loseSession > 0, 'sent beyond the window')
  })
  // The walk has met every way to end.
  expect([...outcomes.keys()].sort()).toEqual([
    'acknowledged',
    'in-doubt aborted',
    'in-doubt poison',
    'in-doubt session-lost',
    'not-sent aborted',
    'not-sent expired',
    'not-sent outbox-full',
    'not-sent replaced',
    'rejected no',
    'rejected poison',
  ])
})

test('without faults nothing is sent twice, and nothing beyond the window', () => {
  let most = 0
  forSeeds(200, (random) => {
    const none: Rates = { cut: 0, lose: 0, double: 0, loseSession: 0, poison: 0, abort: 0 }
    const peers = createPeers(
      random,
      { maxMessages: 1_000, maxBytes: 100_000, overflow: 'wait' },
      1 + random.int(8),
      none,
    )
    peers.open()
    for (let step = 0; step < 2_000; step++) {
      random.pick([
        peers.add,
        peers.transmit,
        peers.arrive,
        peers.handle,
        peers.handle,
        peers.handle,
        peers.say,
        peers.hear,
      ])()
      if (step % 200 === 0) peers.beat()
    }
    while (peers.outbox.pending)
      for (const act of [peers.transmit, peers.arrive, peers.handle, peers.say, peers.hear]) act()
    const { transmitted, beyond } = peers.count
    most = Math.max(most, beyond, transmitted - peers.messages.filter(({ sessions }) => sessions.size).length)
  })
  expect(most).toBe(0)
})
