// What the user holds: promises that end, listeners that are isolated, credentials.
import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../packages/client/src/errors.ts'
import { createRig } from '../support/client-rig.ts'
import { settled } from '../support/virtual-clock.ts'

describe('ready', () => {
  it('resolves at the next open, at once while open', async () => {
    const rig = createRig()
    const ready = rig.client.ready()
    await rig.welcome()
    await expect(ready).resolves.toBeUndefined()
    await expect(rig.client.ready()).resolves.toBeUndefined()
  })

  it('rejects with the cause when the connection closes, or is closed', async () => {
    const rig = createRig()
    const ready = rig.client.ready()
    rig.link.opened()
    rig.link.down(['bye', 4001, 'forbidden'])
    const expected = { code: 'connection-closed', cause: { code: 4001, reason: 'forbidden' } }
    await expect(ready).rejects.toMatchObject(expected)
    await expect(rig.client.ready()).rejects.toMatchObject(expected)
  })

  it('rejects with its signal, and with its handle', async () => {
    const rig = createRig()
    const stop = new AbortController()
    const aborted = rig.client.ready({ signal: stop.signal })
    const closed = rig.client.ready()
    stop.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    await expect(rig.client.ready({ signal: stop.signal })).rejects.toThrow('enough')
    void rig.client.close()
    await expect(closed).rejects.toMatchObject({ code: 'closed' })
    await expect(rig.client.ready()).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('a closed handle', () => {
  it('says so to every call', async () => {
    const rig = createRig()
    await rig.client.close()
    const { client } = rig
    const calls = [
      () => client.connect(),
      () => client.disconnect(),
      () => client.reconnect(),
      () => client.subscribe('chat'),
      () => client.on('open', () => {}),
      () => client.watch(() => {}),
    ]
    for (const call of calls) expect(call).toThrow(expect.objectContaining({ code: 'closed' }))
    await expect(client.reauthenticate()).rejects.toMatchObject({ code: 'closed' })
    await client.close()
  })

  it('is closed by disposal', async () => {
    const rig = createRig()
    rig.client[Symbol.dispose]()
    expect(rig.client.status).toBe('closed')
    const other = createRig()
    await other.client[Symbol.asyncDispose]()
    expect(other.open).toBe(0)
  })

  it('is closed once: a flush under way gives way', async () => {
    const rig = createRig()
    rig.client.send('chat', 1).catch(() => {})
    const flushing = rig.client.close({ flush: true })
    await rig.client.close()
    await flushing
    expect(rig.client.status).toBe('closed')
  })
})

describe('listeners', () => {
  it('are undone one by one, even when given twice', async () => {
    const rig = createRig()
    let told = 0
    const listener = (): void => void told++
    const undo = rig.client.on('open', listener)
    rig.client.on('open', listener)
    undo()
    undo()
    await rig.welcome()
    expect(told).toBe(1)
  })

  it('hear of the outbox once a tick', async () => {
    const rig = createRig()
    await rig.welcome()
    const seen: unknown[] = []
    rig.client.on('outbox', ({ pending }) => seen.push(pending))
    for (let i = 0; i < 3; i++) rig.client.send('chat', i).catch(() => {})
    await settled()
    rig.link.down(['ack', 3, []])
    await settled()
    expect(seen).toEqual([3, 0])
  })

  it('of errors hear why a connection ended; close tells the cause', async () => {
    const rig = createRig()
    const seen: unknown[] = []
    rig.client.on('error', ({ code }) => seen.push(code))
    rig.client.on('close', ({ cause }) => seen.push(cause?.code))
    rig.link.opened()
    rig.link.down(['bye', 4002, 'version'])
    expect(seen).toEqual(['connection-closed', 4002])
    expect(rig.logged).toEqual([])
  })
})

describe('disconnecting', () => {
  it('keeps the outbox, the subscriptions and the session', async () => {
    const rig = createRig()
    rig.client.subscribe('chat')
    await rig.welcome()
    rig.link.down(['subscribed', 'chat', ['e', 4, 4]], ['caught-up', 'chat', 4])
    const sent = rig.client.send('chat', 1)
    await settled()
    rig.client.disconnect()
    expect([rig.client.status, rig.open, rig.listening]).toEqual(['idle', 0, 0])
    await rig.clock.advance(60_000)
    rig.client.connect()
    expect(rig.link.hello).toMatchObject({ session: 'token', subscriptions: [['chat', ['e', 4, 4]]] })
    await rig.welcome({ resumed: true, serial: 1 })
    rig.link.down(['ack', 1, []])
    await expect(sent).resolves.toMatchObject({ serial: 1 })
  })
})

describe('credentials', () => {
  it('a fixed one is in every hello', async () => {
    const rig = createRig({ auth: { token: 't' } })
    await settled()
    expect(rig.link.hello?.credential).toEqual({ token: 't' })
    await rig.welcome()
    rig.client.reconnect()
    await settled()
    expect(rig.link.hello?.credential).toEqual({ token: 't' })
  })

  it('a function is asked for each attempt; nothing is dialled before it has answered', async () => {
    let asked = 0
    let answer = (_token: string): void => {}
    const rig = createRig({ auth: () => new Promise((resolve) => (asked++, (answer = resolve))) })
    await settled()
    expect([asked, rig.links.length]).toEqual([1, 0])
    answer('t1')
    await settled()
    expect(rig.link.hello?.credential).toBe('t1')
    await rig.welcome()
    rig.link.dropped()
    await rig.clock.advance(1000)
    answer('t2')
    await settled()
    expect([asked, rig.link.hello?.credential]).toEqual([2, 't2'])
  })

  it("an answer that comes too late is nobody's", async () => {
    const answers: ((token: string) => void)[] = []
    const rig = createRig({ auth: () => new Promise((resolve) => answers.push(resolve)) })
    await rig.clock.advance(11_000)
    expect(answers).toHaveLength(2)
    answers[0]!('late')
    await settled()
    expect(rig.links).toHaveLength(0)
    answers[1]!('t2')
    await settled()
    expect(rig.links.map(({ hello }) => hello?.credential)).toEqual(['t2'])
  })

  it('a function that throws is asked again later, unless it says that it is refused', async () => {
    let failure: unknown = new Error('no network')
    const rig = createRig({
      auth: () => {
        throw failure
      },
    })
    await settled()
    expect(rig.client.snapshot).toMatchObject({ status: 'connecting', attempt: 1 })
    expect(rig.logged).toMatchObject([{ code: 'auth-failed', cause: failure }])
    failure = new HoldfastError('auth-refused', 'signed out')
    await rig.clock.advance(1000)
    expect(rig.client.snapshot).toMatchObject({ status: 'closed', cause: { code: 4100 } })
    expect(rig.links).toHaveLength(0)
  })

  it.each([4100, 4101])('%s asks for a fresh one, and comes back with the session', async (code) => {
    let asked = 0
    const rig = createRig({ auth: () => 't' + ++asked })
    await settled()
    await rig.welcome()
    rig.link.down(['bye', code, 'expired'])
    await rig.clock.advance(1)
    expect(rig.link.hello).toMatchObject({ credential: 't2', session: 'token' })
  })

  it("the server's wish for a fresh one is met on the live link", async () => {
    let asked = 0
    const rig = createRig({ auth: () => 't' + ++asked })
    await settled()
    await rig.welcome()
    rig.link.down(['renew', 5000])
    await settled()
    expect(rig.link.sent).toEqual([['auth', 't2']])
    expect(rig.links).toHaveLength(1)
  })

  it('reauthenticate() resolves when the server has accepted, there or in a later welcome', async () => {
    const rig = createRig({ auth: () => 't' })
    await settled()
    await rig.welcome()
    const first = rig.client.reauthenticate()
    await settled()
    rig.link.down(['authenticated'])
    await expect(first).resolves.toBeUndefined()
    const second = rig.client.reauthenticate()
    await settled()
    rig.link.dropped()
    await rig.clock.advance(1000)
    await rig.welcome({ resumed: true })
    await expect(second).resolves.toBeUndefined()
  })

  it('reauthenticate() ends with the connection, and with the handle', async () => {
    const rig = createRig({ auth: () => 't' })
    await settled()
    await rig.welcome()
    const refused = rig.client.reauthenticate()
    await settled()
    rig.link.down(['bye', 4001, 'forbidden'])
    await expect(refused).rejects.toMatchObject({ code: 'connection-closed' })
    rig.client.connect()
    await settled()
    await rig.welcome()
    const closed = rig.client.reauthenticate()
    await settled()
    void rig.client.close()
    await expect(closed).rejects.toMatchObject({ code: 'closed' })
  })

  it('one that cannot travel ends it with a cause, rather than in silence', async () => {
    const rig = createRig({ auth: () => 1n })
    await settled()
    expect(rig.client.snapshot).toMatchObject({ status: 'closed', cause: { code: 0 } })
  })
})
