// One link that asks for much in little: what the application's functions are called for is bounded, whatever a client sends.
import { describe, expect, test } from 'vitest'
import { openSite, openSocket, post } from '../server/support/wire.ts'
import { connectPeer, helloOf } from '../server/support/peer.ts'
import { settled } from '../server/support/clock.ts'
import { createWorld } from '../server/support/world.ts'

describe('questions to the application', () => {
  /** A check that takes its time, and how many are waited for at once. */
  function createSlow() {
    const waiting: (() => void)[] = []
    let most = 0
    return {
      get most() {
        return most
      },
      ask: (): Promise<void> =>
        new Promise((resolve) => {
          waiting.push(resolve)
          most = Math.max(most, waiting.length)
        }),
    }
  }

  test('a link that shows 10,000 credentials in one packet has a few looked at, and is sent away', async () => {
    const slow = createSlow()
    const authenticate = ({ credential }: { credential: unknown }) =>
      credential === undefined ? null : slow.ask().then(() => null)
    const { server } = createWorld({ authenticate })
    const peer = connectPeer(server)
    await peer.told()
    peer.say(...Array.from({ length: 10_000 }, (_, n) => ['auth', n]))
    await settled()
    expect(slow.most).toBe(4)
    expect(peer.closed).toBe(4200)
  })

  test('a link that subscribes and unsubscribes 10,000 times in one packet has its limit of questions asked', async () => {
    const slow = createSlow()
    const { server } = createWorld({ authorize: () => slow.ask().then(() => true), limits: { subscriptions: 10 } })
    const peer = connectPeer(server)
    await peer.told()
    peer.say(
      ...Array.from({ length: 10_000 }, (_, n) => [
        ['subscribe', `t${n}`],
        ['unsubscribe', `t${n}`],
      ]).flat(),
    )
    await settled()
    expect(slow.most).toBe(10)
  })
})

test('a subscription that is given up before it was looked at keeps none behind it waiting', async () => {
  let allow = (): void => {}
  const asked = new Promise<void>((resolve) => (allow = resolve))
  const { server } = createWorld({ authorize: () => asked.then(() => true) })
  const subscriptions: [string, null][] = [
    ['first', null],
    ['second', null],
  ]
  const peer = connectPeer(server, { subscriptions })
  await settled()
  peer.say(['unsubscribe', 'first'])
  allow()
  const topics = (await peer.toldOf('subscribed')).map(([, topic]) => topic)
  expect(topics).toEqual(['~session', 'second'])
})

test('a function of allowedOrigins that gives a promise lets nobody in', async () => {
  const allowedOrigins = (async () => true) as unknown as () => boolean
  const site = await openSite({}, { allowedOrigins })
  const origin = 'https://other.example'
  expect((await post(site.url, [['hello', { ...helloOf(), via: 'poll' }]], { origin })).status).toBe(403)
  await site.close()
})

test('a function of allowedOrigins that throws refuses the request and the upgrade, and is reported', async () => {
  const allowedOrigins = (): never => {
    throw new Error('broken')
  }
  const site = await openSite({}, { allowedOrigins })
  const origin = 'https://other.example'
  const answer = await post(site.url, [['hello', { ...helloOf(), via: 'poll' }]], { origin })
  expect(answer.status).toBe(500)
  const socket = openSocket(site.url, {}, { origin })
  expect(await socket.closed).toBe(1006)
  expect(site.errors).toHaveLength(2)
  await site.close()
})

test('tickets hold no more of what unknown clients say than the limit of links without a session stands for', async () => {
  const site = await openSite({ limits: { unauthenticated: 64 } })
  const credential = 'x'.repeat(1_000_000)
  const statuses: number[] = []
  for (let n = 0; n < 64; n++) {
    const { status } = await post(site.url, [['hello', { ...helloOf({ credential }), via: 'ticket' }]])
    statuses.push(status)
  }
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.slice(1).every((status) => status === 503)).toBe(true)
  await site.close()
})
