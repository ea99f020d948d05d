import { describe, expect, test } from 'vitest'
import { createPlainRig, outcomeOf } from '../support/plain-rig.ts'
import { settled } from '../support/virtual-clock.ts'

interface In {
  ack?: string
  value?: unknown
  error?: { code?: string; message?: string }
}
const wrap = (topic: string, data: unknown) => ({ topic, data })
type Out = ReturnType<typeof wrap>
const acked = {
  wrap,
  withId: (message: Out, id: string) => ({ ...message, id }),
  ackOf: ({ ack, value, error }: In) => (ack === undefined ? undefined : { id: ack, value, ...(error && { error }) }),
}
const idOf = (message: unknown): string => (message as { id: string }).id
const idsOf = (messages: readonly unknown[]): string[] => messages.map(idOf)
const dataOf = (messages: readonly unknown[]): unknown[] => messages.map((message) => (message as Out).data)

describe('without ackOf', () => {
  test('a message is settled when the socket has taken it, and the receipt promises nothing', async () => {
    const { client, open } = createPlainRig({ wrap })
    const link = await open()
    expect(await client.send('a', 1)).toMatchObject({ level: 'none' })
    expect(link.heard).toEqual([{ topic: 'a', data: 1 }])
    expect(client.snapshot.pending).toBe(0)
  })

  test('without wrap the data travel alone', async () => {
    const { client, open } = createPlainRig()
    const link = await open()
    await client.send('a', { x: 1 })
    expect(link.heard).toEqual([{ x: 1 }])
  })

  test('what the transport has not reported as sent goes again on the next link, in order', async () => {
    const { client, open, again } = createPlainRig({ wrap }, {}, { holds: true })
    const first = await open()
    const sends = [client.send('a', 1), client.send('a', 2)]
    await settled()
    client.send('a', 9, { volatile: true }).catch(() => {})
    await settled()
    expect(dataOf(first.heard)).toEqual([1, 2, 9])
    expect(client.snapshot.pending).toBe(2)
    const second = await again()
    expect(dataOf(second.heard)).toEqual([1, 2])
    second.flushed()
    await Promise.all(sends)
  })

  test('what a lost link never reported is not taken for what the next one reports', async () => {
    const { client, open, again } = createPlainRig({ wrap }, {}, { holds: true })
    await open()
    await client.send('a', 'v', { volatile: true })
    const sent = outcomeOf(client.send('a', 1))
    await settled()
    const second = await again()
    second.flushed(1)
    expect(await sent).toBe('none')
  })

  test('what was sent while other things were is told apart from them', async () => {
    const { client, open } = createPlainRig({ wrap, subscribe: (topic) => ({ subscribe: topic }) }, {}, { holds: true })
    const link = await open()
    client.subscribe('s')
    const one = outcomeOf(client.send('a', 1))
    await settled()
    await client.send('a', 'v', { volatile: true })
    const two = outcomeOf(client.send('a', 2))
    await settled()
    expect(link.heard).toHaveLength(4)
    link.flushed(2)
    expect(await one).toBe('none')
    expect(client.snapshot.pending).toBe(1)
    link.flushed(1)
    await settled()
    expect(client.snapshot.pending).toBe(1)
    link.flushed(1)
    expect(await two).toBe('none')
  })

  test.each([
    ['once', (rig: ReturnType<typeof createPlainRig>) => rig.client.send('a', 1, { once: true })],
    ['request()', (rig: ReturnType<typeof createPlainRig>) => rig.client.request('a', 1)],
  ])('%s is refused as unmapped, and says which mapping is missing', async (_name, call) => {
    const rig = createPlainRig({ wrap })
    const link = await rig.open()
    await expect(call(rig)).rejects.toMatchObject({
      code: 'unmapped',
      outcome: 'not-sent',
      message: expect.stringContaining('ackOf') as string,
    })
    expect(link.heard).toEqual([])
  })
})

describe('with ackOf and withId', () => {
  test('a message is settled by the acknowledgement of its id, in whatever order they come', async () => {
    const { client, open } = createPlainRig(acked)
    const link = await open()
    const sends = [1, 2, 3].map((data) => client.send('a', data))
    await settled()
    const ids = idsOf(link.heard)
    expect(new Set(ids).size).toBe(3)
    link.says({ ack: ids[2] }, { ack: ids[2] }, { ack: 'never sent' })
    expect(await sends[2]).toEqual({ id: ids[2], serial: 3, level: 'acknowledged' })
    expect(client.snapshot.pending).toBe(2)
    link.says({ ack: ids[0] }, { ack: ids[1] })
    expect(await Promise.all(sends)).toMatchObject(ids.map((id) => ({ id })))
  })

  test('it goes again on the next link under the same id until it is acknowledged', async () => {
    const { client, open, again } = createPlainRig(acked)
    const first = await open()
    const sends = [1, 2, 3].map((data) => client.send('a', data))
    await settled()
    first.says({ ack: idsOf(first.heard)[1] })
    await sends[1]
    const second = await again()
    expect(second.heard).toEqual([first.heard[0], first.heard[2]])
    const third = await again()
    expect(third.heard).toEqual([first.heard[0], first.heard[2]])
    third.says(...idsOf(third.heard).map((ack) => ({ ack })))
    await Promise.all(sends)
    expect((await again()).heard).toEqual([])
  })

  test('what is sent without a link waits for one', async () => {
    const { client, open } = createPlainRig(acked)
    const sent = client.send('a', 1)
    await settled()
    expect(client.snapshot.pending).toBe(1)
    const link = await open()
    link.says({ ack: idsOf(link.heard)[0] })
    await sent
  })

  test('once is in doubt when its link is lost before the acknowledgement, and is not sent again', async () => {
    const { client, open, again } = createPlainRig(acked)
    await open()
    const once = outcomeOf(client.send('a', 1, { once: true }))
    await settled()
    expect((await again()).heard).toEqual([])
    expect(await once).toBe('in-doubt session-lost')
  })

  test('request() resolves with the value of the acknowledgement, and rejects with its error', async () => {
    const { client, open } = createPlainRig(acked)
    const link = await open()
    const asked = client.request('a', 1)
    const refused = outcomeOf(client.request('a', 2))
    const unnamed = outcomeOf(client.send('a', 3))
    await settled()
    const [one, two, three] = idsOf(link.heard)
    link.says(
      { ack: one, value: { text: 'hi' } },
      { ack: two, error: { code: 'no-such-room', message: 'a' } },
      { ack: three, error: {} },
    )
    expect(await asked).toEqual({ text: 'hi' })
    expect(await refused).toBe('rejected no-such-room')
    expect(await unnamed).toBe('rejected refused')
  })

  test('a request given up is settled, and is not sent again', async () => {
    const { client, clock, open, again } = createPlainRig(acked)
    await open()
    const asked = outcomeOf(client.request('a', 1, { timeout: 1000 }))
    await clock.advance(1000)
    expect(await asked).toBe('in-doubt timeout')
    expect((await again()).heard).toEqual([])
  })

  test('what the user has closed is in doubt where it was under way, not sent where it was not', async () => {
    const { client, open } = createPlainRig(acked)
    const link = await open()
    const sent = outcomeOf(client.send('a', 1))
    await settled()
    link.dropped()
    const unsent = outcomeOf(client.send('a', 2))
    await client.close()
    expect([await sent, await unsent]).toEqual(['in-doubt closed', 'not-sent closed'])
  })

  test('an id of its own is used where the message carries one', async () => {
    const { client, open } = createPlainRig({
      wrap: (_topic, data) => data as { key?: number },
      idOf: ({ key }) => key,
      ackOf: acked.ackOf,
    })
    const link = await open()
    const sent = client.send('a', { key: 7 })
    await expect(client.send('a', {})).rejects.toMatchObject({ code: 'unmapped', outcome: 'not-sent' })
    await settled()
    expect(link.heard).toEqual([{ key: 7 }])
    link.says({ ack: 7 })
    expect(await sent).toMatchObject({ id: '7' })
  })

  test('volatile messages wait for nothing', async () => {
    const { client, open, again } = createPlainRig(acked)
    const link = await open()
    expect(await client.send('a', 1, { volatile: true })).toMatchObject({ level: 'none', id: '' })
    await settled()
    expect(dataOf(link.heard)).toEqual([1])
    expect((await again()).heard).toEqual([])
  })
})

describe('what cannot travel', () => {
  test('is not sent, and the error says what to do', async () => {
    const { client, open } = createPlainRig()
    await open()
    for (const bad of [new Uint8Array(2), new ArrayBuffer(1), new Blob(['x']), undefined, 1n])
      await expect(client.send('a', bad)).rejects.toMatchObject({ code: 'unencodable', outcome: 'not-sent' })
    await expect(client.send('a', new Uint8Array(2))).rejects.toThrow(/JSON has no bytes\. Use/)
  })

  test.each(['wrap', 'withId', 'idOf'])('a throwing %s rejects that message alone', async (name) => {
    const mappings = {
      ...acked,
      [name](): never {
        throw new Error('mine')
      },
    }
    const { client, open, errors } = createPlainRig(mappings)
    const link = await open()
    await expect(client.send('a', 1)).rejects.toMatchObject({ code: 'mapping-failed', outcome: 'not-sent' })
    expect([errors, link.heard, client.status]).toEqual([[], [], 'open'])
  })
})
