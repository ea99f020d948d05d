import { describe, expect, test } from 'vitest'
import type { PlainWelcome } from '../../packages/client/src/dialects/plain.ts'
import { createPlainRig } from '../support/plain-rig.ts'
import { settled } from '../support/virtual-clock.ts'

interface In {
  pong?: true
  ping?: number
  hi?: true | PlainWelcome
}
const pinging = { ping: { ping: 1 }, isPong: ({ pong }: In) => !!pong }

describe('with a ping', () => {
  test('silence is asked, an answer is life and measures the round trip', async () => {
    const { client, clock, open, messages, links } = createPlainRig(pinging)
    const link = await open()
    await clock.advance(15_000)
    expect(link.heard).toEqual([{ ping: 1 }])
    await clock.advance(40)
    link.says({ pong: true })
    expect(client.snapshot.roundTrip).toBe(40)
    await clock.advance(14_999)
    expect([link.heard.length, messages, links.length]).toEqual([1, [], 1])
    await clock.advance(1)
    expect(link.heard).toHaveLength(2)
  })

  test('whatever comes is life', async () => {
    const { client, clock, open, link } = createPlainRig({ ping: { ping: 1 } })
    void link
    const mine = await open()
    await clock.advance(15_000)
    mine.says({ pong: true })
    await clock.advance(14_000)
    mine.events.heard()
    await clock.advance(14_000)
    expect([mine.heard.length, client.status, client.snapshot.roundTrip]).toEqual([1, 'open', null])
  })

  test('a server that talks all the time is pinged, too: it may close who says nothing', async () => {
    const { clock, open } = createPlainRig(pinging, { heartbeat: { interval: 1000, grace: 200 } })
    const link = await open()
    for (let times = 0; times < 30; times++) {
      link.says({})
      await clock.advance(50)
      link.events.heard()
      await clock.advance(50)
    }
    expect(link.heard).toEqual([{ ping: 1 }, { ping: 1 }])
  })

  test('who says something of its own need not ping a server that talks', async () => {
    const { client, clock, open } = createPlainRig(pinging, { heartbeat: { interval: 1000, grace: 200 } })
    const link = await open()
    for (let times = 0; times < 30; times++) {
      await client.send('a', times, { volatile: times % 2 > 0 })
      link.says({})
      await clock.advance(100)
    }
    expect(link.heard).toHaveLength(30)
  })

  test('no answer within the grace replaces the link', async () => {
    const { clock, open, links } = createPlainRig(pinging, { heartbeat: { interval: 1000, grace: 200 } })
    const link = await open()
    await clock.advance(1199)
    expect(link.closed).toBe(false)
    await clock.advance(1)
    expect(link.closed).toBe(true)
    await clock.advance(300)
    expect(links).toHaveLength(2)
  })

  test('a wake-up asks at once', async () => {
    const { clock, open, signal } = createPlainRig({ ...pinging, ping: () => ({ ping: 2 }) })
    const link = await open()
    signal('visible')
    await settled()
    expect(link.heard).toEqual([{ ping: 2 }])
    await clock.advance(2500)
    expect(link.closed).toBe(true)
  })
})

describe('without a ping', () => {
  test('nothing is condemned without evidence', async () => {
    const { client, clock, open, links, signal } = createPlainRig<In, unknown>()
    const link = await open()
    await clock.advance(3_600_000)
    signal('visible')
    signal('online')
    await clock.advance(60_000)
    expect([client.status, links.length, link.heard]).toEqual(['open', 1, []])
  })

  test('an interval of its own makes silence a loss, and a comment breaks it', async () => {
    const { clock, open } = createPlainRig<In, unknown>({}, { heartbeat: { interval: 1000, grace: 200 } })
    const link = await open()
    await clock.advance(900)
    link.events.heard()
    await clock.advance(1199)
    expect(link.closed).toBe(false)
    await clock.advance(1)
    expect(link.closed).toBe(true)
  })

  test('a wake-up does not condemn what was heard within the interval, and does what was not', async () => {
    const { clock, open, signal, client } = createPlainRig<In, unknown>({}, { heartbeat: { interval: 10_000 } })
    const link = await open()
    await clock.advance(5000)
    link.events.heard()
    await clock.advance(5000)
    signal('visible')
    await clock.advance(4000)
    expect([link.closed, client.status]).toEqual([false, 'open'])
    await clock.sleep(60_000)
    signal('visible')
    await clock.advance(3000)
    expect(link.closed).toBe(true)
  })
})

test("the server's own ping is answered, and told to nobody", async () => {
  const { open, messages } = createPlainRig({ pong: ({ ping }: In) => (ping ? { pong: ping } : undefined) })
  const link = await open()
  link.says({ ping: 3 }, { ping: 0 })
  await settled()
  expect([link.heard, messages]).toEqual([[{ pong: 3 }], [{ ping: 0 }]])
})

describe('with welcomeOf', () => {
  const welcomed = { welcomeOf: ({ hi }: In) => hi ?? false }

  test('the link is open when the server has said so, and not before', async () => {
    const { client, open, messages } = createPlainRig(welcomed)
    const link = await open()
    const sent = client.send('a', 1)
    link.says({ ping: 1 })
    await settled()
    expect([client.status, link.heard, messages]).toEqual(['connecting', [], [{ ping: 1 }]])
    link.says({ hi: true })
    await sent
    expect([client.status, client.snapshot.resumed, link.heard]).toEqual(['open', false, [1]])
    // Only the first is a welcome.
    link.says({ hi: true })
    expect(messages).toHaveLength(2)
  })

  test('a server that does not say so in time is given up', async () => {
    const { clock, open } = createPlainRig(welcomed)
    const link = await open()
    await clock.advance(8000)
    expect(link.closed).toBe(true)
  })

  test('it tells what was kept, and how the server shows that it lives', async () => {
    const { client, clock, open, again } = createPlainRig({ ...welcomed, ping: { ping: 1 } })
    const first = await open()
    first.says({ hi: { heartbeat: 2000 } })
    await clock.advance(2000)
    expect(first.heard).toEqual([{ ping: 1 }])
    const second = await again()
    second.says({ hi: { resumed: true } })
    expect(client.snapshot.resumed).toBe(true)
  })
})

describe('a credential', () => {
  const authenticate = (credential: unknown) => ({ token: credential })

  test('is the first thing said on a WebSocket, before what is subscribed and gone on from', async () => {
    const { client, open, again } = createPlainRig(
      { authenticate, subscribe: (topic) => ({ topic }), positionOf: ({ ping }: In) => ping, resume: (n) => ({ n }) },
      { auth: 'secret' },
    )
    client.subscribe('a')
    const first = await open()
    expect(first.heard).toEqual([{ token: 'secret' }, { topic: 'a' }])
    first.says({ ping: 4 })
    const sent = client.send('a', 'late')
    const second = await again()
    await sent
    expect(second.heard).toEqual([{ token: 'secret' }, { topic: 'a' }, { n: 4 }, 'late'])
  })

  test('is the first POST where the link is none to talk on', async () => {
    const { client, open } = createPlainRig({ authenticate }, { auth: 'secret' }, { via: 'sse' })
    void client.send('a', 1)
    const link = await open()
    expect(link.heard).toEqual([{ token: 'secret' }, 1])
  })

  test('is said anew by reauthenticate()', async () => {
    let n = 0
    const { client, open } = createPlainRig({ authenticate }, { auth: () => ++n })
    const link = await open()
    await client.reauthenticate()
    await settled()
    expect(link.heard).toEqual([{ token: 1 }, { token: 2 }])
  })

  test('cannot be said anew where no mapping says how', async () => {
    const { client, open } = createPlainRig({}, { auth: 'secret' })
    await open()
    await expect(client.reauthenticate()).rejects.toMatchObject({ code: 'unmapped' })
  })
})

describe('topics', () => {
  interface Told {
    type?: string
    body?: unknown
  }
  const mapped = { topicOf: ({ type }: Told) => type, dataOf: ({ body }: Told) => body }

  test('are dispatched to those who subscribe, and everything to on(message)', async () => {
    const { client, open, messages } = createPlainRig(mapped)
    const link = await open()
    const seen: unknown[] = []
    const { ready } = client.subscribe('a', (data, { topic }) => seen.push(topic, data))
    await ready
    link.says({ type: 'a', body: 1 }, { type: 'b', body: 2 }, { body: 3 })
    expect([seen, messages]).toEqual([
      ['a', 1],
      [1, 2, 3],
    ])
  })

  test('are asked for on each link and left, where the server wants that', async () => {
    const { client, open, again } = createPlainRig({
      subscribe: (topic) => ({ on: topic }),
      unsubscribe: (topic) => ({ off: topic }),
    })
    const a = client.subscribe('a')
    const first = await open()
    await a.ready
    const b = client.subscribe('b')
    await b.ready
    await settled()
    a.unsubscribe()
    await settled()
    expect(first.heard).toEqual([{ on: 'a' }, { on: 'b' }, { off: 'a' }])
    expect((await again()).heard).toEqual([{ on: 'b' }])
  })

  test('stand when the link is open: a second subscriber at once, one that came and went meanwhile not', async () => {
    const { client, open } = createPlainRig(mapped)
    const gone = client.subscribe('a')
    gone.unsubscribe()
    await expect(gone.ready).rejects.toMatchObject({ code: 'unsubscribed' })
    const kept = client.subscribe('a')
    const stood: string[] = []
    void kept.ready.then(() => stood.push('kept'))
    await settled()
    expect(stood).toEqual([])
    await open()
    await kept.ready
    await client.subscribe('a').ready
    expect(kept.position).toBeNull()
  })

  test('since is reported as what a plain server cannot give', async () => {
    const { client, open, errors } = createPlainRig(mapped)
    await open()
    client.subscribe('a', null, { since: 'start' })
    expect(errors).toMatchObject([{ code: 'unmapped' }])
  })
})
