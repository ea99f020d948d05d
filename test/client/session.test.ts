// What the client says in its hellos, and how it takes what a server may and may not say.
import { describe, expect, it } from 'vitest'
import { createRig } from '../support/client-rig.ts'
import { settled } from '../support/virtual-clock.ts'

describe('hello', () => {
  it('grows its incarnation with every link, tried or opened', async () => {
    const rig = createRig()
    await rig.clock.advance(120_000)
    const hellos = rig.links.map(({ hello }) => hello!)
    expect(hellos[0]).toMatchObject({ version: 1, session: null, settled: 0 })
    expect(hellos.map(({ incarnation }) => incarnation)).toEqual(hellos.map((_, i) => i + 1))
    expect(hellos.length).toBeGreaterThan(3)
  })

  it('tells what is settled, so that the server can forget results', async () => {
    const rig = createRig()
    await rig.welcome()
    void rig.client.send('chat', 1)
    void rig.client.send('chat', 2)
    await settled()
    rig.link.down(['ack', 2, []])
    rig.client.reconnect()
    expect(rig.link.hello).toMatchObject({ session: 'token', incarnation: 2, settled: 2 })
  })

  it('too long for a header goes as the first message', async () => {
    const rig = createRig()
    for (let i = 0; i < 100; i++) rig.client.subscribe('topic/' + 'x'.repeat(100) + i)
    rig.client.reconnect()
    expect(rig.link.opening.wire.protocols).toHaveLength(1)
    expect(rig.link.hello?.subscriptions).toHaveLength(100)
  })
})

describe('a session', () => {
  it('is carried on in the name of its last welcome', async () => {
    const rig = createRig()
    await rig.welcome({ session: 'one' })
    rig.client.reconnect()
    await rig.welcome({ session: 'two', resumed: true })
    rig.client.reconnect()
    expect(rig.link.hello?.session).toBe('two')
  })

  it.each([4400, 4401, 4402])('is given up after %s', async (code) => {
    const rig = createRig()
    await rig.welcome()
    rig.link.down(['bye', code, 'start over'])
    await rig.clock.advance(1000)
    expect(rig.link.hello).toMatchObject({ session: null, incarnation: 2, settled: 0 })
  })

  it('that carries on what was never sent is a fault', async () => {
    const rig = createRig()
    await rig.welcome()
    rig.client.reconnect()
    rig.link.welcome({ resumed: true, serial: 9 })
    expect(rig.client.snapshot.cause?.code).toBe(4202)
  })

  it('learns of a lost tail from the beats, and sends it again', async () => {
    const rig = createRig()
    await rig.welcome()
    void rig.client.send('chat', 1)
    await settled()
    for (let n = 0; n < 2; n++) rig.link.down(['beat', 1, 0, []])
    await settled()
    expect(rig.link.sent.filter(([type]) => type === 'send')).toHaveLength(2)
  })

  it('sends again from a hole', async () => {
    const rig = createRig()
    await rig.welcome()
    for (let i = 1; i <= 3; i++) void rig.client.send('chat', i)
    await settled()
    rig.link.down(['nack', 1])
    await settled()
    const serials = rig.link.sent.filter(([type]) => type === 'send').map(([, serial]) => serial)
    expect(serials).toEqual([1, 2, 3, 2, 3])
  })

  it('obeys the hint of a bye, within bounds', async () => {
    const rig = createRig()
    await rig.welcome()
    rig.link.down(['bye', 4200, 'busy', Number.MAX_SAFE_INTEGER])
    expect(rig.client.snapshot.retryAt! - rig.clock.now()).toBeLessThanOrEqual(750_000)
    expect(rig.client.snapshot.cause).toMatchObject({ code: 4200, reason: 'busy' })
  })

  it('moves within the time of a drain', async () => {
    const rig = createRig()
    const old = await rig.welcome()
    old.down(['drain', 4000])
    await rig.clock.advance(1999)
    expect(rig.links).toHaveLength(1)
    await rig.clock.advance(1)
    expect([rig.links.length, rig.link.hello?.session, old.closed]).toEqual([2, 'token', true])
  })
})
