import { describe, expect, test } from 'vitest'
import type { PlainPosition } from '../../packages/client/src/dialects/plain.ts'
import { createPlainRig } from '../support/plain-rig.ts'

interface In {
  n?: PlainPosition
  seq?: number
  topic?: string
  ack?: string
}
const positionOf = ({ n, seq }: In): PlainPosition | undefined => n ?? seq
const resume = (from: PlainPosition, stream: string) => ({ resync: from, ...(stream && { stream }) })
const resuming = { positionOf, resume }
const seq = (...numbers: number[]): In[] => numbers.map((number) => ({ seq: number }))
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const gapOf = (from: number, to: number, more: object = {}) => ({
  topic: '',
  from,
  to,
  epoch: '',
  since: ['', from - 1, 0],
  ...more,
})

describe('numbers', () => {
  test('come once, and begin wherever the server begins', async () => {
    const { open, messages, gaps } = createPlainRig({ positionOf })
    const link = await open()
    link.says(...seq(7, 8, 8, 7, 9, 3))
    expect([messages, gaps]).toEqual([seq(7, 8, 9), []])
  })

  test('are told to subscribers, but their position does not pretend that the topic has a log', async () => {
    const { client, open } = createPlainRig({ positionOf, topicOf: ({ topic }: In) => topic })
    const link = await open()
    const metas: unknown[] = []
    const subscription = client.subscribe('a', (_data, { offset, epoch }) => metas.push([offset, epoch]))
    await subscription.ready
    link.says({ n: { offset: 4, epoch: 'e' }, topic: 'a' }, { topic: 'a' })
    expect(metas).toEqual([
      [4, 'e'],
      [0, ''],
    ])
    expect(subscription.position).toBeNull()
  })

  test('without resume, show a hole as a gap, told before anything newer', async () => {
    const { client, open, messages } = createPlainRig({ positionOf })
    const link = await open()
    const told: unknown[] = []
    client.on('gap', (gap) => told.push(gap, messages.length))
    link.says(...seq(1, 2, 6, 7))
    expect(told).toEqual([gapOf(3, 5), 2])
    expect(messages).toEqual(seq(1, 2, 6, 7))
  })

  test('of several streams are counted apart', async () => {
    const { client, open, messages, gaps } = createPlainRig({ positionOf, topicOf: ({ topic }: In) => topic })
    const link = await open()
    const told: string[] = []
    for (const topic of ['a', 'b']) client.subscribe(topic, null, { onGap: ({ from }) => told.push(topic + from) })
    const at = (stream: string, offset: number): In => ({ n: { offset, stream } })
    const said = [at('a', 1), at('b', 5), at('a', 2), at('b', 6), at('a', 4), at('b', 7)]
    link.says(...said)
    expect(messages).toEqual(said)
    expect(gaps).toEqual([gapOf(3, 3, { topic: 'a' })])
    expect(told).toEqual(['a3'])
  })

  test('a gap of what has no stream of its own is told to all who subscribe', async () => {
    const { client, open, gaps } = createPlainRig({ positionOf, topicOf: ({ topic }: In) => topic })
    const link = await open()
    const told: string[] = []
    for (const topic of ['a', 'b']) client.subscribe(topic, null, { onGap: ({ from }) => told.push(topic + from) })
    link.says(...seq(1, 3))
    expect([told, gaps.length]).toEqual([['a2', 'b2'], 1])
  })

  test('of another epoch are another count, and what was missed is told', async () => {
    const { open, messages, gaps } = createPlainRig({ positionOf })
    const link = await open()
    const said = [
      { n: { offset: 4, epoch: 'x' } },
      { n: { offset: 1, epoch: 'y' } },
      { n: { offset: 2, epoch: 'y' } },
      { n: { offset: 5, epoch: 'z' } },
    ]
    link.says(...said)
    expect(messages).toEqual(said)
    expect(gaps).toEqual([
      { topic: '', from: 1, to: 0, epoch: 'y', since: ['x', 4, 0] },
      { topic: '', from: 1, to: 4, epoch: 'z', since: ['y', 2, 0] },
    ])
  })

  test('count for acknowledgements, too, which nobody is told', async () => {
    const { client, open, messages, gaps } = createPlainRig({
      positionOf,
      withId: (message, id) => ({ message, id }),
      ackOf: ({ ack }: In) => ack,
    })
    const link = await open()
    const sent = client.send('a', 1)
    await client.ready()
    link.says({ seq: 1 })
    link.says({ seq: 2, ack: (link.heard[0] as { id: string }).id }, { seq: 3 })
    await sent
    expect([messages, gaps]).toEqual([seq(1, 3), []])
  })

  test('that are none say nothing about the place', async () => {
    const { open, messages, gaps } = createPlainRig({ positionOf })
    const link = await open()
    link.says({ seq: 1 }, { seq: 1.5 }, { seq: null }, { n: { offset: null } }, { seq: 2 })
    expect(messages).toHaveLength(5)
    expect(gaps).toEqual([])
  })
})

describe('numbers that begin again', () => {
  const told = (reports: { code: string; message: string }[]) =>
    reports.map(({ code, message }) => [code, message.includes('3 after 100')])

  test.each([
    ['with resume', resuming],
    ['without', { positionOf }],
  ])('on a new link, and nothing newer for 5 s, are told once (%s)', async (_, options) => {
    const { client, open, again, messages, clock } = createPlainRig(options)
    const errors: { code: string; message: string }[] = []
    client.on('error', (error) => errors.push(error))
    const first = await open()
    first.says(...seq(99, 100))
    const second = await again()
    second.says(...seq(1, 2, 3))
    await clock.advance(4999)
    expect(errors).toEqual([])
    await clock.advance(1)
    expect(told(errors)).toEqual([['unmapped', true]])
    second.says(...seq(4))
    await clock.advance(20_000)
    expect([errors.length, messages]).toEqual([1, seq(99, 100)])
  })

  test('are nothing to tell of where a replay gets to where it stood, or beyond', async () => {
    for (const replay of [range(90, 100), range(90, 101), [99, 100, 101, 98]]) {
      const { client, open, again, clock } = createPlainRig(resuming)
      const errors: unknown[] = []
      client.on('error', (error) => errors.push(error))
      const first = await open()
      first.says(...seq(99, 100))
      const second = await again()
      second.says(...seq(...replay))
      await clock.advance(20_000)
      expect(errors).toEqual([])
    }
  })
})

describe('with resume', () => {
  test('links that are shorter than the wait do not hold what is there for ever', async () => {
    const { open, again, messages, gaps, clock } = createPlainRig(resuming)
    let link = await open()
    link.says(...seq(1, 4))
    await clock.advance(3000)
    link = await again()
    link.says(...seq(5))
    await clock.advance(2499)
    expect([messages, gaps]).toEqual([seq(1), []])
    await clock.advance(1)
    expect([messages, gaps]).toEqual([seq(1, 4, 5), [gapOf(2, 3)]])
    // Another hole has a wait of its own.
    link.says(...seq(8))
    await clock.advance(4999)
    expect(gaps).toHaveLength(1)
    await clock.advance(1)
    expect(gaps).toEqual([gapOf(2, 3), gapOf(6, 7)])
  })

  test('a hole is asked for once, and what is ahead waits until it is filled', async () => {
    const { open, messages, gaps, clock } = createPlainRig(resuming)
    const link = await open()
    link.says(...seq(1, 2, 5, 6))
    expect(messages).toEqual(seq(1, 2))
    await clock.advance(100)
    expect(link.heard).toEqual([{ resync: 2 }])
    link.says(...seq(3, 4, 5, 6, 7))
    expect(messages).toEqual(seq(1, 2, 3, 4, 5, 6, 7))
    await clock.advance(20_000)
    expect([gaps, link.heard.length]).toEqual([[], 1])
  })

  test('a hole that is not filled within 5 s is told with its exact range, then what is ahead goes on', async () => {
    const { client, open, messages, gaps, clock } = createPlainRig(resuming)
    const link = await open()
    const heldAtGap: number[] = []
    client.on('gap', () => heldAtGap.push(messages.length))
    link.says(...seq(1, 4, 5, 9))
    await clock.advance(4999)
    expect([messages, gaps]).toEqual([seq(1), []])
    await clock.advance(1)
    expect(gaps).toEqual([gapOf(2, 3), gapOf(6, 8)])
    expect(heldAtGap).toEqual([1, 3])
    expect(messages).toEqual(seq(1, 4, 5, 9))
    link.says(...seq(2, 3, 6, 10))
    expect(messages).toEqual(seq(1, 4, 5, 9, 10))
  })

  test('is patient with a long answer, and asks again where it has stopped', async () => {
    const { open, messages, gaps, clock } = createPlainRig(resuming)
    const link = await open()
    link.says(...seq(1, 20))
    for (let next = 2; next < 6; next++) {
      await clock.advance(4000)
      link.says(...seq(next))
    }
    expect([messages, gaps]).toEqual([seq(1, 2, 3, 4, 5), []])
    await clock.advance(10_000)
    expect(link.heard).toEqual([{ resync: 1 }, { resync: 5 }])
    expect(gaps).toEqual([])
    await clock.advance(5000)
    expect(gaps).toEqual([gapOf(6, 19)])
    expect(messages.at(-1)).toEqual({ seq: 20 })
  })

  test('holds 1,000 messages ahead and no more', async () => {
    const { open, messages, gaps } = createPlainRig(resuming)
    const link = await open()
    link.says(...seq(1, ...range(3, 1001)))
    expect([messages.length, gaps]).toEqual([1, []])
    link.says(...seq(1002))
    expect(gaps).toEqual([gapOf(2, 2)])
    expect(messages).toEqual(seq(1, ...range(3, 1002)))
  })

  test('another epoch ends the waiting for a hole', async () => {
    const { open, messages, gaps, clock } = createPlainRig(resuming)
    const link = await open()
    link.says(...seq(1, 3), { n: { offset: 1, epoch: 'new' } })
    expect(gaps).toEqual([gapOf(2, 2), { topic: '', from: 1, to: 0, epoch: 'new', since: ['', 3, 0] }])
    expect(messages).toEqual([...seq(1, 3), { n: { offset: 1, epoch: 'new' } }])
    const armed = clock.armed
    await clock.advance(5000)
    expect(clock.armed).toBe(armed)
  })

  test('a new link says where it goes on, and a first one does not', async () => {
    const { open, again, messages, gaps } = createPlainRig(resuming)
    const first = await open()
    expect(first.heard).toEqual([])
    first.says(...seq(1, 2))
    const second = await again()
    expect(second.heard).toEqual([{ resync: 2 }])
    second.says(...seq(2, 3, 4))
    expect([messages, gaps]).toEqual([seq(1, 2, 3, 4), []])
  })

  test('a hole that a lost link leaves is asked for on the next one; the wait ends with the link', async () => {
    const { open, client, links, messages, gaps, clock } = createPlainRig(resuming)
    const first = await open()
    first.says(...seq(1, 4))
    client.disconnect()
    await clock.advance(60_000)
    expect([gaps, clock.armed]).toEqual([[], 0])
    client.connect()
    const second = await open()
    expect(links.map(({ heard }) => heard)).toEqual([[], [{ resync: 1 }]])
    second.says(...seq(2, 3))
    expect([messages, gaps]).toEqual([seq(1, 2, 3, 4), []])
  })

  test('asks for each stream, with the position as it came', async () => {
    const { open, again } = createPlainRig(resuming)
    const link = await open()
    const [a, b] = [
      { offset: 1, stream: 'a', epoch: 'e' },
      { offset: 'x', stream: 'b' },
    ] as const
    link.says({ n: a }, { n: b }, { seq: 3 })
    const second = await again()
    expect(second.heard).toEqual([{ resync: a, stream: 'a' }, { resync: b, stream: 'b' }, { resync: 3 }])
  })

  test('a text is opaque: it is only gone on from', async () => {
    const { open, again, messages, gaps } = createPlainRig(resuming)
    const link = await open()
    link.says({ n: 'b' }, { n: 'a' }, { n: 'a' })
    expect([messages.length, gaps]).toEqual([3, []])
    expect((await again()).heard).toEqual([{ resync: 'a' }])
  })
})
