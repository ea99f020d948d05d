// Subscriptions, seen from the handle: in order, each once, gaps first.
import { describe, expect, it } from 'vitest'
import type { DownFrame, Position } from '@holdfast/protocol'
import type { Gap, SubscribeOptions } from '../../packages/client/src/types.ts'
import { createRig, type Rig } from '../support/client-rig.ts'
import { settled } from '../support/virtual-clock.ts'

/** Events `from` to `to` of a topic; the data is the offset. */
const events = (from: number, to: number): DownFrame[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ['event', 'chat', from + i, from + i, 100 + from + i])
const at = (offset: number, epoch = 'e'): DownFrame => ['subscribed', 'chat', [epoch, offset, 100 + offset]]
const live = (offset: number, epoch = 'e'): DownFrame[] => [at(offset, epoch), ['caught-up', 'chat', offset]]

function listen(rig: Rig, options: SubscribeOptions = {}) {
  const seen: unknown[] = []
  const subscription = rig.client.subscribe('chat', (data) => seen.push(data), {
    onGap: ({ from, to, epoch }) => seen.push(['gap', from, to, epoch]),
    ...options,
  })
  return { seen, subscription }
}
async function open(options: SubscribeOptions = {}) {
  const rig = createRig()
  const { seen, subscription } = listen(rig, options)
  const link = await rig.welcome()
  return { rig, link, seen, subscription }
}
const asked = (rig: Rig): unknown[] => rig.link.sent.filter(([type]) => type === 'subscribe' || type === 'unsubscribe')
const hello = (rig: Rig) => rig.link.hello?.subscriptions

async function again(rig: Rig): Promise<void> {
  rig.link.dropped()
  await rig.clock.advance(1000)
}

describe('a subscription', () => {
  it('made before the link is part of its hello; made later it is asked for', async () => {
    const { rig } = await open()
    expect(hello(rig)).toEqual([])
    expect(asked(rig)).toEqual([['subscribe', 'chat', null]])
    rig.link.down(...live(7))
    await again(rig)
    expect(hello(rig)).toEqual([['chat', ['e', 7, 107]]])
    await rig.welcome({ resumed: true })
    rig.client.subscribe('news')
    await settled()
    expect(asked(rig)).toEqual([['subscribe', 'news', null]])
  })

  it('hands on each event once, in order, and moves after the handler', async () => {
    const rig = createRig()
    const positions: unknown[] = []
    const subscription = rig.client.subscribe('chat', (data) => {
      positions.push([data, subscription.position?.[1]])
      throw new Error('of the handler')
    })
    const link = await rig.welcome()
    link.down(at(4), ...events(5, 5), ['caught-up', 'chat', 5], ...events(5, 6))
    expect(positions).toEqual([
      [5, 4],
      [6, 5],
    ])
    expect(subscription.position).toEqual(['e', 6, 106])
    expect(rig.logged).toHaveLength(2)
  })

  it('asks with the position of the reader that is above the top: the log was rolled back behind an earlier one', async () => {
    const { rig, link, seen } = await open()
    link.down(...live(0), ...events(1, 5))
    const late = listen(rig, { since: ['e', 2, 102] })
    await settled()
    await again(rig)
    expect(hello(rig)).toEqual([['chat', ['e', 2, 102]]])
    const next = await rig.welcome({ resumed: true })
    // The log lost 4 and 5, which the first reader has seen.
    next.down(at(2), ...events(3, 3), ['caught-up', 'chat', 3])
    await settled()
    expect(asked(rig)).toEqual([['subscribe', 'chat', ['e', 5, 105]]])
    next.down(['subscribed', 'chat', ['e!x', 0, 0]], ['event', 'chat', 1, 'anew', 1], ['caught-up', 'chat', 1])
    expect(seen).toEqual([1, 2, 3, 4, 5, ['gap', 1, 0, 'e!x'], 'anew'])
    expect(late.seen).toEqual([3, ['gap', 1, 0, 'e!x'], 'anew'])
  })

  it('tells replayed from live', async () => {
    const rig = createRig()
    const seen: unknown[] = []
    rig.client.subscribe('chat', (_data, { offset, epoch, replayed, direct }) =>
      seen.push([offset, epoch, replayed, direct]),
    )
    const link = await rig.welcome()
    link.down(at(4), ...events(5, 5), ['caught-up', 'chat', 5], ...events(6, 6))
    expect(seen).toEqual([
      [5, 'e', true, false],
      [6, 'e', false, false],
    ])
  })

  it('goes on where it was on the next link; the overlap is dropped', async () => {
    const { rig, link, seen } = await open()
    link.down(...live(0), ...events(1, 3))
    await again(rig)
    await rig.welcome({ resumed: true })
    rig.link.down(at(1), ...events(2, 5), ['caught-up', 'chat', 5])
    expect(seen).toEqual([1, 2, 3, 4, 5])
  })

  it('keeps the check that was last told, for the next hello', async () => {
    const { rig, link } = await open()
    link.down(...live(0), ['event', 'chat', 1, 'a', 9], ['event', 'chat', 2, 'b'])
    await again(rig)
    expect(hello(rig)).toEqual([['chat', ['e', 2, 9]]])
  })

  it('announces what is not kept any more as one gap, before anything newer', async () => {
    const { rig, link, seen } = await open()
    const gaps: Gap[] = []
    rig.client.on('gap', (gap) => gaps.push(gap))
    link.down(...live(100))
    await again(rig)
    await rig.welcome({ resumed: true })
    rig.link.down(at(600), ...events(601, 602), ['caught-up', 'chat', 602])
    expect(seen).toEqual([['gap', 101, 600, 'e'], 601, 602])
    expect(gaps).toEqual([{ topic: 'chat', from: 101, to: 600, epoch: 'e', since: ['e', 100, 200] }])
  })

  it('announces another epoch as a gap', async () => {
    const { rig, link, seen } = await open()
    link.down(...live(100))
    await again(rig)
    await rig.welcome()
    rig.link.down(...live(0, 'f'), ...events(1, 1))
    expect(seen).toEqual([['gap', 1, 0, 'f'], 1])
  })

  it('asks again, once, where there is a hole on a live link, and takes nothing before the answer', async () => {
    const { rig, link, seen } = await open()
    link.down(...live(0), ...events(1, 1), ...events(3, 4), ...events(6, 6))
    await settled()
    expect(asked(rig)).toEqual([
      ['subscribe', 'chat', null],
      ['subscribe', 'chat', ['e', 1, 101]],
    ])
    link.down(at(1), ...events(2, 6), ['caught-up', 'chat', 6])
    expect(seen).toEqual([1, 2, 3, 4, 5, 6])
  })

  it.each([
    ['a beat that tells a higher top', ['beat', 1, 0, [['chat', 3]]]],
    ['a replay that ends beyond what came', ['caught-up', 'chat', 3]],
  ] as [string, DownFrame][])('takes %s for a hole', async (_what, frame) => {
    const { rig, link } = await open()
    link.down(at(0))
    if (frame[0] === 'beat') link.down(['caught-up', 'chat', 0])
    link.down(frame)
    await settled()
    expect(asked(rig)).toHaveLength(2)
  })

  it('gives volatile messages as they come, without a position', async () => {
    const { link, seen, subscription } = await open()
    link.down(...live(3), ['volatile', 'chat', 'v'])
    expect([seen, subscription.position?.[1]]).toEqual([['v'], 3])
  })

  it('refuses topics that are none, or reserved', () => {
    const rig = createRig()
    for (const topic of ['', '~session', 'a\u0000', 'x'.repeat(257)])
      expect(() => rig.client.subscribe(topic)).toThrow(expect.objectContaining({ code: 'bad-topic' }))
  })
})

describe('since', () => {
  it('a position, and all that is left, are asked for', async () => {
    const since: Position = ['e', 5, 105]
    const first = await open({ since })
    expect(asked(first.rig)).toEqual([['subscribe', 'chat', since]])
    const other = await open({ since: 'start' })
    expect(asked(other.rig)).toEqual([['subscribe', 'chat', ['', 0, 0]]])
    other.link.down(at(0), ...events(1, 2), ['caught-up', 'chat', 2])
    expect(other.seen).toEqual([1, 2])
  })

  it('the start of a log that was cut tells what is missing', async () => {
    const { link, seen } = await open({ since: 'start' })
    link.down(at(3), ...events(4, 4), ['caught-up', 'chat', 4])
    expect(seen).toEqual([['gap', 1, 3, 'e'], 4])
  })

  it('an older one of a second subscriber replays to that one only', async () => {
    const { rig, link, seen } = await open()
    link.down(...live(5), ...events(6, 6))
    const second = listen(rig, { since: ['e', 3, 103] })
    await settled()
    expect(asked(rig).at(-1)).toEqual(['subscribe', 'chat', ['e', 3, 103]])
    link.down(at(3), ...events(4, 6), ['caught-up', 'chat', 6], ...events(7, 7))
    expect(seen).toEqual([6, 7])
    expect(second.seen).toEqual([4, 5, 6, 7])
    expect(second.subscription.position).toEqual(['e', 7, 107])
  })

  it('one given while an answer is under way is no gap: that answer is not for it', async () => {
    const { rig, link, seen } = await open()
    const second = listen(rig, { since: ['e', 3, 103] })
    await settled()
    link.down(...live(5))
    await settled()
    expect(asked(rig).at(-1)).toEqual(['subscribe', 'chat', ['e', 3, 103]])
    link.down(at(3), ...events(4, 5), ['caught-up', 'chat', 5], ...events(6, 6))
    expect(second.seen).toEqual([4, 5, 6])
    expect(seen.at(-1)).toBe(6)
  })

  it('a second subscriber without one begins at once, with what is new', async () => {
    const { rig, link } = await open()
    link.down(...live(5))
    const second = listen(rig)
    await second.subscription.ready
    link.down(...events(6, 6))
    expect(second.seen).toEqual([6])
    expect(asked(rig)).toHaveLength(1)
  })
})

describe('within handlers', () => {
  it('unsubscribing ends it there, and tells the server once nobody is left', async () => {
    const rig = createRig()
    const seen: unknown[] = []
    const first = rig.client.subscribe('chat', (data) => {
      seen.push(data)
      first.unsubscribe()
      first.unsubscribe()
    })
    const other = rig.client.subscribe('chat')
    const link = await rig.welcome()
    link.down(...live(0), ...events(1, 2))
    await settled()
    expect([seen, asked(rig).length]).toEqual([[1], 1])
    other.unsubscribe()
    await settled()
    expect(asked(rig).at(-1)).toEqual(['unsubscribe', 'chat'])
    await again(rig)
    expect(hello(rig)).toEqual([])
  })

  it('subscribing anew begins with what comes next', async () => {
    const rig = createRig()
    rig.client.subscribe('chat')
    const seen: unknown[] = []
    const subscribe = (): void => {
      const subscription = rig.client.subscribe('chat', (data) => {
        if (seen.push(data) > 20) return
        subscription.unsubscribe()
        subscribe()
      })
    }
    subscribe()
    const link = await rig.welcome()
    link.down(...live(0), ...events(1, 2), ['volatile', 'chat', 'v'])
    expect(seen).toEqual([1, 2, 'v'])
  })
})

describe('left before it was answered', () => {
  it('is left once it is', async () => {
    const { rig, link, subscription } = await open()
    subscription.unsubscribe()
    await settled()
    expect(asked(rig)).toEqual([['subscribe', 'chat', null]])
    link.down(...live(7))
    await settled()
    expect(asked(rig)).toEqual([
      ['subscribe', 'chat', null],
      ['unsubscribe', 'chat'],
    ])
    link.down(...events(8, 8), at(9))
    await settled()
    expect(asked(rig)).toHaveLength(2)
  })

  it('and subscribed anew, with more: nobody takes an answer that was meant for others, or tells of a gap that is none', async () => {
    const { rig, link, subscription } = await open()
    subscription.unsubscribe()
    const now = listen(rig)
    const start = listen(rig, { since: 'start' })
    await settled()
    expect(asked(rig)).toEqual([['subscribe', 'chat', null]])
    // The answer to those who are gone; then the one to those who are there.
    link.down(...live(1))
    await settled()
    expect(asked(rig).slice(1)).toEqual([['subscribe', 'chat', ['', 0, 0]]])
    link.down(at(0), ...events(1, 1), ['caught-up', 'chat', 1], ...events(2, 2))
    expect(start.seen).toEqual([1, 2])
    expect(now.seen.filter(Array.isArray)).toEqual([])
  })

  it('and refused is not asked for any more; nor does it wait beyond its link', async () => {
    const { rig, link, subscription } = await open()
    subscription.unsubscribe()
    link.down(['denied', 'chat', 'forbidden', 'not for you'])
    const { seen } = listen(rig)
    await settled()
    expect(asked(rig)).toHaveLength(2)
    await again(rig)
    const next = await rig.welcome()
    next.down(...live(3), ...events(4, 4))
    expect(seen).toEqual([4])
  })
})

describe('the end of a subscription', () => {
  it('ready resolves when it stands', async () => {
    const { link, subscription } = await open()
    link.down(at(0))
    await expect(subscription.ready).resolves.toBeUndefined()
  })

  it('ready rejects when it is refused; it is told, and not asked for again', async () => {
    const { rig, link, subscription } = await open()
    const errors: unknown[] = []
    rig.client.on('error', ({ code }) => errors.push(code))
    link.down(['denied', 'chat', 'forbidden', 'not for you'])
    await expect(subscription.ready).rejects.toMatchObject({ code: 'forbidden' })
    expect(errors).toEqual(['subscription-denied'])
    await again(rig)
    expect(hello(rig)).toEqual([])
  })

  it('ready rejects when it ends before', async () => {
    const { subscription } = await open()
    subscription.unsubscribe()
    await expect(subscription.ready).rejects.toMatchObject({ code: 'unsubscribed' })
  })

  it('comes by its signal, too', async () => {
    const rig = createRig()
    const stop = new AbortController()
    const { seen } = listen(rig, { signal: stop.signal })
    const link = await rig.welcome()
    link.down(...live(0), ...events(1, 1))
    stop.abort()
    link.down(...events(2, 2))
    expect(seen).toEqual([1])
    const late = listen(rig, { signal: stop.signal })
    await expect(late.subscription.ready).rejects.toMatchObject({ code: 'unsubscribed' })
  })
})

describe('iterating', () => {
  it('yields what comes, and ends with the subscription', async () => {
    const { link, subscription } = await open()
    const seen: unknown[] = []
    const done = (async () => {
      for await (const { data } of subscription) if (seen.push(data) === 3) subscription.unsubscribe()
    })()
    link.down(...live(0), ...events(1, 2))
    await settled()
    link.down(...events(3, 3))
    await done
    expect(seen).toEqual([1, 2, 3])
  })

  it('ends when the server refuses', async () => {
    const { link, subscription } = await open()
    const reading = subscription[Symbol.asyncIterator]().next()
    link.down(['denied', 'chat', 'forbidden', 'no'])
    await settled()
    expect(await Promise.race([reading, settled().then(() => 'hangs')])).toEqual({ done: true, value: undefined })
  })
})

describe('direct messages', () => {
  it('reach the event and the subscribers of their topic, and recover like any others', async () => {
    const { rig, link, seen } = await open()
    const messages: unknown[] = []
    rig.client.on('message', ({ topic, data, direct }) => messages.push([topic, data, direct]))
    link.down(...live(0), ['subscribed', '~session', ['i', 0, 0]], ['caught-up', '~session', 0])
    link.down(['event', '~session', 1, ['chat', 'psst'], 5], ['event', '~session', 2, ['other', 'hey'], 6])
    expect(seen).toEqual(['psst'])
    expect(messages).toEqual([
      ['chat', 'psst', true],
      ['other', 'hey', true],
    ])
    await again(rig)
    expect(hello(rig)).toContainEqual(['~session', ['i', 2, 6]])
    await rig.welcome({ resumed: true })
    rig.link.down(['subscribed', '~session', ['i', 1, 5]], ['event', '~session', 2, ['other', 'hey'], 6])
    expect(messages).toHaveLength(2)
  })

  it('of a strange shape harm nobody', async () => {
    const { rig, link } = await open()
    link.down(['subscribed', '~session', ['i', 0, 0]], ['event', '~session', 1, 'no pair', 5])
    await settled()
    expect(rig.client.status).toBe('open')
  })
})
