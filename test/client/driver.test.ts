// The driver over scripted links in virtual time: acts once, in order, and leaves nothing behind.
import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../packages/client/src/errors.ts'
import type { ClientOptions } from '../../packages/client/src/options.ts'
import { createRig } from '../support/client-rig.ts'
import { WELCOME, scriptedTransport, type ScriptedLink } from '../support/scripted-transport.ts'
import { settled } from '../support/virtual-clock.ts'

const two = (links: ScriptedLink[]) => ({
  transports: [scriptedTransport('webSocket', links), scriptedTransport('longPolling', links, {})],
})

describe('a client', () => {
  it('keeps one timer for its lifecycle and for what expires', async () => {
    const rig = createRig()
    expect(rig.clock.armed).toBe(1)
    await rig.welcome()
    for (let i = 0; i < 5; i++) void rig.client.send('chat', i, { ttl: 1000 + i }).catch(() => {})
    await settled()
    expect(rig.clock.armed).toBe(1)
    rig.link.dropped()
    await settled()
    expect(rig.clock.armed).toBe(1)
  })

  it('leaves nothing behind when closed: no timer, no listener, no link', async () => {
    for (const stage of ['opening', 'joining', 'open', 'probing', 'waiting'] as const) {
      const rig = createRig()
      if (stage === 'joining') rig.link.opened()
      if (['open', 'probing'].includes(stage)) await rig.welcome()
      if (stage === 'probing') rig.signal('visible')
      if (stage === 'waiting') rig.link.dropped()
      expect(rig.listening).toBe(1)
      await rig.client.close()
      await settled()
      expect([rig.clock.armed, rig.listening, rig.links.every((link) => link.closed || stage === 'waiting')]).toEqual([
        0,
        0,
        true,
      ])
      expect(rig.client.status).toBe('closed')
      await rig.clock.advance(3_600_000)
      expect(rig.links).toHaveLength(1)
    }
  })

  it('takes its leave when the user closes, so that the server keeps nothing', async () => {
    const rig = createRig()
    const link = await rig.welcome()
    await rig.client.close()
    expect(link.sent.at(-1)).toEqual(['bye'])
  })

  it('commits, acts, arms, then tells: a listener sees what is', async () => {
    const rig = createRig()
    const seen: unknown[] = []
    rig.client.on('status', (status) => seen.push([status, rig.client.status, rig.clock.armed, rig.open]))
    await rig.welcome()
    rig.link.dropped()
    await rig.clock.advance(1000)
    await rig.welcome({ resumed: true })
    expect(seen).toEqual([
      ['open', 'open', 1, 1],
      ['reconnecting', 'reconnecting', 1, 0],
      ['open', 'open', 1, 1],
    ])
  })

  it('tells the transport and whether it carried on', async () => {
    const rig = createRig()
    const seen: unknown[] = []
    rig.client.on('transport', (name) => seen.push(name))
    rig.client.on('open', (event) => seen.push(event))
    await rig.welcome()
    rig.link.dropped()
    await rig.clock.advance(1000)
    expect(rig.link.hello).toMatchObject({ session: 'token', incarnation: 2 })
    await rig.welcome({ resumed: true })
    expect(seen).toEqual([
      'webSocket',
      { resumed: false, transport: 'webSocket' },
      'webSocket',
      { resumed: true, transport: 'webSocket' },
    ])
  })

  it('survives a throwing listener, and tells of it', async () => {
    const rig = createRig()
    const seen: string[] = []
    const boom = new Error('boom')
    rig.client.on('status', () => {
      throw boom
    })
    rig.client.on('status', (status) => seen.push(status))
    rig.client.watch(() => {
      throw boom
    })
    await rig.welcome()
    expect(seen).toEqual(['open'])
    expect(rig.logged.map((error) => (error as Error).cause)).toEqual(expect.arrayContaining([boom]))
    expect(rig.client.status).toBe('open')
  })
})

describe('calls from within listeners', () => {
  it('close() or reconnect() as soon as it is open: no `open` is told of a link that is gone', async () => {
    for (const call of ['close', 'reconnect'] as const) {
      const rig = createRig()
      const told: unknown[] = []
      rig.client.on('open', (event) => told.push(event))
      rig.client.on('transport', (name) => told.push(name))
      const off = rig.client.on('status', (status) => {
        if (status !== 'open') return
        off()
        void rig.client[call]()
      })
      const first = await rig.welcome()
      expect([first.closed, told, rig.logged]).toEqual([true, [], []])
      if (call === 'close') continue
      await rig.welcome({ resumed: true })
      expect(told).toEqual(['webSocket', { resumed: true, transport: 'webSocket' }])
    }
  })

  it("close() in a message handler ends it there: the rest of the packet is nobody's", async () => {
    const rig = createRig()
    const seen: unknown[] = []
    rig.client.subscribe('chat', (data) => {
      seen.push(data)
      void rig.client.close()
    })
    await rig.welcome()
    rig.link.down(
      ['subscribed', 'chat', ['e', 0, 0]],
      ['caught-up', 'chat', 0],
      ['event', 'chat', 1, 'a', 1],
      ['event', 'chat', 2, 'b', 2],
    )
    await settled()
    expect(seen).toEqual(['a'])
    expect([rig.clock.armed, rig.listening, rig.open]).toEqual([0, 0, 0])
  })

  it('a send in the open handler goes once', async () => {
    const rig = createRig()
    rig.client.on('open', () => void rig.client.send('chat', 'hello').catch(() => {}))
    const link = await rig.welcome()
    expect(link.sent.filter(([type]) => type === 'send')).toEqual([['send', 1, 'chat', 'hello']])
  })

  it.each([
    ['throws', () => JSON.parse('no delay') as number],
    ['knows no number', () => NaN],
    ['goes back in time', () => -1],
  ])('a back-off function that %s is told of, and replaced by the usual one', async (_what, backoff) => {
    const rig = createRig({ backoff })
    rig.link.dropped()
    await settled()
    expect(rig.logged).toMatchObject([{ code: 'bad-option' }])
    expect(rig.client.status).toBe('connecting')
    await rig.clock.advance(1000)
    expect(rig.links).toHaveLength(2)
    await rig.welcome()
    expect(rig.client.status).toBe('open')
  })

  it('connect() when it closed for a cause begins anew', async () => {
    const rig = createRig()
    let again = true
    rig.client.on('close', () => {
      if (again) rig.client.connect()
      again = false
    })
    rig.link.opened()
    rig.link.down(['bye', 4001, 'forbidden'])
    await settled()
    expect(rig.links).toHaveLength(2)
    expect(rig.client.status).toBe('connecting')
  })

  it('disconnect() and connect() in one tick leave one new link', async () => {
    const rig = createRig()
    await rig.welcome()
    rig.client.disconnect()
    rig.client.connect()
    expect([rig.links.length, rig.open]).toEqual([2, 1])
    rig.client.reconnect()
    expect([rig.links.length, rig.open]).toEqual([3, 1])
  })
})

describe('an old link', () => {
  it('is never heard again: late, doubled and nested events change nothing', async () => {
    const rig = createRig()
    const old = await rig.welcome()
    rig.client.reconnect()
    await rig.welcome({ resumed: true })
    const view = rig.client.snapshot
    old.down(['bye', 4001, 'forbidden'])
    old.down(['welcome', { ...WELCOME, session: 'x' }])
    old.dropped(4001)
    old.dropped(1006)
    old.opened()
    old.events.received('not a packet')
    await settled()
    expect(rig.client.snapshot).toBe(view)
    expect(rig.links).toHaveLength(2)
  })

  it('speaks for no other: neither opens the new one nor keeps it alive', async () => {
    const rig = createRig()
    const old = await rig.welcome()
    rig.client.reconnect()
    old.opened()
    await rig.clock.advance(9000)
    // Had it been taken for open, the welcome would be overdue.
    expect(rig.links).toHaveLength(2)
    await rig.welcome({ resumed: true })
    for (let i = 0; i < 4; i++) {
      await rig.clock.advance(5100)
      old.down(['pong', 1])
    }
    expect(rig.links).toHaveLength(3)
  })

  it('is over with the frame that ended it: the rest of the packet is not taken', async () => {
    const rig = createRig()
    const seen: unknown[] = []
    rig.client.subscribe('chat', (data) => seen.push(data))
    const link = await rig.welcome()
    link.down(['subscribed', 'chat', ['e', 0, 0]], ['bye', 4300, 'drain'], ['event', 'chat', 1, 'late', 1])
    expect(seen).toEqual([])
  })

  it('that drops twice fails once', async () => {
    const rig = createRig()
    const link = await rig.welcome()
    await rig.clock.advance(6000)
    link.dropped()
    link.dropped()
    expect(rig.client.snapshot.attempt).toBe(1)
  })

  it('that is half-open is replaced within beat and grace, and says nothing more to anybody', async () => {
    const rig = createRig()
    const seen: unknown[] = []
    rig.client.subscribe('chat', (data) => seen.push(data))
    const old = await rig.welcome()
    old.down(['subscribed', 'chat', ['e', 0, 0]], ['caught-up', 'chat', 0])
    void rig.client.send('chat', 'up').catch(() => {})
    await rig.clock.advance(20_200)
    expect(rig.links).toHaveLength(2)
    expect(old.closed).toBe(true)
    await rig.welcome({ resumed: true })
    old.down(['event', 'chat', 1, 'stale', 1], ['ack', 1, []])
    await settled()
    expect([seen, rig.client.snapshot.pending]).toEqual([[], 1])
    expect(rig.link.sent).toContainEqual(['send', 1, 'chat', 'up'])
  })
})

describe('heartbeats', () => {
  it('each beat is answered, and gives the round trip', async () => {
    const rig = createRig()
    const link = await rig.welcome()
    for (let n = 1; n <= 3; n++) {
      await rig.clock.advance(14_000)
      link.down(['beat', 1, 0, []])
      await settled()
      expect(link.sent.at(-1)).toEqual(['ping', n])
      await rig.clock.advance(40)
      link.down(['pong', n])
    }
    expect(rig.client.snapshot.roundTrip).toBe(40)
    expect(rig.links).toHaveLength(1)
  })

  it('a sleep grants a probe; a link that lives is kept', async () => {
    const rig = createRig()
    const link = await rig.welcome()
    await rig.clock.sleep(3_600_000)
    expect(link.sent.at(-1)).toEqual(['ping', 1])
    link.down(['pong', 1])
    await rig.clock.advance(10_000)
    expect([rig.links.length, rig.client.status]).toEqual([1, 'open'])
  })

  it('a dead link is replaced within 3 s of a wake-up', async () => {
    const rig = createRig()
    await rig.welcome()
    rig.signal('resumed')
    rig.signal('visible')
    await rig.clock.advance(2600)
    expect(rig.links).toHaveLength(2)
  })

  it('of the server are clamped', async () => {
    const rig = createRig()
    await rig.welcome({ beat: 0, grace: 0 })
    await rig.clock.advance(90)
    expect(rig.link.sent).toEqual([])
    const slow = createRig()
    await slow.welcome({ beat: Number.MAX_SAFE_INTEGER })
    await slow.clock.advance(600_001)
    expect(slow.link.sent).toContainEqual(['ping', 1])
  })
})

describe('faults of the server', () => {
  it.each([
    ['a malformed packet', (link: ScriptedLink) => link.events.received('{')],
    ['bytes', (link: ScriptedLink) => link.events.received(new ArrayBuffer(2))],
    ['an ack of what was never sent', (link: ScriptedLink) => link.down(['ack', 7, []])],
    ['a nack of what was never sent', (link: ScriptedLink) => link.down(['nack', 7])],
    ['a beat of what was never sent', (link: ScriptedLink) => link.down(['beat', 1, 7, []])],
  ])('%s costs the link, not the session', async (_what, misbehave) => {
    const rig = createRig()
    const link = await rig.welcome()
    misbehave(link)
    expect(rig.client.snapshot.cause?.code).toBe(4202)
    expect(link.closed).toBe(true)
    await rig.clock.advance(1000)
    expect(rig.link.hello).toMatchObject({ session: 'token', incarnation: 2 })
  })

  it('a takeover is final for that session: it asks for a new one', async () => {
    const rig = createRig()
    await rig.welcome()
    rig.link.down(['bye', 4400, 'taken over'])
    await rig.clock.advance(1000)
    expect(rig.link.hello).toMatchObject({ session: null })
  })
})

describe('several transports', () => {
  it('a mute one is left for the next, and looked for again', async () => {
    const rig = createRig(two)
    rig.link.opened()
    await rig.clock.advance(8000)
    expect(rig.link.transport).toBe('longPolling')
    const poll = await rig.welcome()
    for (let i = 0; i < 3; i++) {
      await rig.clock.advance(10_000)
      poll.down(['beat', 1, 0, []])
    }
    await rig.clock.advance(1)
    const socket = rig.link
    expect([socket.transport, socket.hello]).toEqual(['webSocket', null])
    socket.opened()
    expect(poll.closed).toBe(false)
    socket.down(['pong', 0])
    expect([poll.closed, socket.sent[0]]).toMatchObject([true, ['hello', { session: 'token', incarnation: 3 }]])
    socket.down(['welcome', { ...WELCOME, resumed: true }])
    expect(rig.client.snapshot).toMatchObject({ status: 'open', transport: 'webSocket', resumed: true })
    expect(rig.links).toHaveLength(3)
  })

  it('a try that fails or hangs costs nothing', async () => {
    const rig = createRig(two)
    rig.link.dropped()
    const poll = await rig.welcome()
    for (let i = 0; i < 12; i++) {
      await rig.clock.advance(10_000)
      poll.down(['beat', 1, 0, []])
    }
    const tries = rig.links.slice(2)
    expect(tries.length).toBeGreaterThanOrEqual(2)
    expect(tries.length).toBeLessThanOrEqual(4)
    await rig.clock.advance(10_000)
    expect(rig.open).toBe(1)
    expect([poll.closed, rig.client.snapshot.transport]).toEqual([false, 'longPolling'])
  })

  it('that cannot be opened here end it with a cause', async () => {
    const rig = createRig({ transports: [scriptedTransport('webSocket', [], { refuses: () => true })] })
    await settled()
    expect(rig.client.snapshot).toMatchObject({ status: 'closed', cause: { code: 0 } })
    expect(rig.logged).toHaveLength(1)
  })

  it('that throw are passed over once each, however often the same tick asks', async () => {
    const rig = createRig((links) => ({
      transports: [
        scriptedTransport('webSocket', [], { refuses: () => true }),
        scriptedTransport('eventSource', links),
        scriptedTransport('longPolling', []),
      ],
    }))
    rig.client.reconnect()
    await settled()
    await rig.welcome()
    expect(rig.client.snapshot).toMatchObject({ status: 'open', transport: 'eventSource' })
  })
})

describe('whoever has just made a client', () => {
  it.each([
    ['no transport can be opened', { transports: [scriptedTransport('webSocket', [], { refuses: () => true })] }],
    [
      'auth refuses at once',
      {
        auth: () => {
          throw new HoldfastError('auth-refused', 'no')
        },
      },
    ],
  ])('hears that it is closed: %s', async (_, options: Partial<ClientOptions>) => {
    const { client, logged } = createRig(options)
    const heard: unknown[] = []
    client.on('error', ({ code }) => heard.push(code))
    client.on('close', ({ cause }) => heard.push(cause?.code))
    client.on('status', (status) => heard.push(status))
    client.watch(({ status }) => heard.push('watched ' + status))
    await settled()
    const code = options.auth ? 4100 : 0
    expect(heard).toEqual(['closed', 'connection-closed', code, 'watched closed'])
    expect(logged).toEqual([])
  })
})

describe('the snapshot', () => {
  it('is the same object until something changes, and frozen', async () => {
    const rig = createRig()
    const before = rig.client.snapshot
    expect(rig.client.snapshot).toBe(before)
    await rig.welcome()
    const after = rig.client.snapshot
    expect(after).not.toBe(before)
    rig.link.down(['beat', 1, 0, []])
    expect(rig.client.snapshot).toBe(after)
    expect(Object.isFrozen(after)).toBe(true)
  })

  it('is told once a tick', async () => {
    const rig = createRig()
    await rig.welcome()
    const seen: number[] = []
    const undo = rig.client.watch(({ pending }) => seen.push(pending))
    for (let i = 0; i < 5; i++) void rig.client.send('chat', i).catch(() => {})
    await settled()
    expect(seen).toEqual([5])
    undo()
    rig.link.down(['ack', 5, []])
    await settled()
    expect(seen).toEqual([5])
  })

  it('a watcher may watch anew from within', async () => {
    const rig = createRig()
    let told = 0
    let undo = (): void => {}
    const watch = (): void => {
      undo = rig.client.watch(() => {
        if (++told > 50) return
        undo()
        watch()
      })
    }
    watch()
    await rig.welcome()
    expect(told).toBe(1)
  })

  it('tells when the next attempt is due, by the clock of the client, which is that of `performance.now()`', async () => {
    const { realClock } = await import('../../packages/client/src/clock.ts')
    expect(Math.abs(realClock.now() - performance.now())).toBeLessThan(60_000)
    const rig = createRig()
    await rig.welcome()
    rig.link.dropped()
    expect(rig.client.snapshot.retryAt).toBe(rig.clock.now() + 150)
  })
})
