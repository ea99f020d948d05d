// One connection per endpoint, leased by handles.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connect } from '../../packages/client/src/registry.ts'
import type { ClientOptions } from '../../packages/client/src/options.ts'
import { scriptedTransport } from '../support/scripted-transport.ts'
import { createParts } from '../support/client-rig.ts'
import { settled } from '../support/virtual-clock.ts'

const symbol = Symbol.for('holdfast.registry.1')
const registered = () => (globalThis as { [symbol]?: Map<string, unknown> })[symbol]

let unique = 0
/** An endpoint that no other test has. */
const endpoint = (): string => `https://example.test/registry/${unique++}`

afterEach(() => {
  registered()?.clear()
  vi.unstubAllGlobals()
})

describe('connect', () => {
  it('gives one link to everybody who means the same endpoint', () => {
    const { links, options } = createParts()
    const urls = [
      'https://Example.test:443/rt',
      'wss://example.test/rt',
      'https://example.test/a/../rt#part',
      new URL('https://example.test/rt'),
    ]
    const handles = urls.map((url) => connect(url, options))
    expect(links).toHaveLength(1)
    expect(new Set(handles.map(({ url }) => url))).toEqual(new Set(['https://example.test/rt']))
    expect(handles[0]!.snapshot).toBe(handles[3]!.snapshot)
  })

  it('takes relative URLs as the page does, and plain ws as http', () => {
    vi.stubGlobal('location', { href: 'http://example.test:8080/app/page?x=1' })
    const { links, options } = createParts()
    const handles = ['/rt', '../rt', 'ws://example.test:8080/rt'].map((url) => connect(url, options))
    expect(handles.map(({ url }) => url)).toEqual(Array.from({ length: 3 }, () => 'http://example.test:8080/rt'))
    expect(links).toHaveLength(1)
  })

  it('tells the query and the key apart', () => {
    const { links, options } = createParts()
    const url = endpoint()
    connect(url, options)
    connect(url + '?room=1', options)
    connect(url, { ...options, key: 'ann' })
    connect(url, { ...options, key: 'ann' })
    expect(links).toHaveLength(3)
  })

  it('refuses what is no endpoint', () => {
    const { options } = createParts()
    for (const url of ['/relative', 'ftp://example.test', 'data:text/plain,x', 'https://'])
      expect(() => connect(url, options)).toThrow(expect.objectContaining({ code: 'bad-url' }))
    expect(registered()?.size ?? 0).toBe(0)
  })

  it('names the option that conflicts', () => {
    const { options } = createParts()
    const url = endpoint()
    connect(url, { ...options, linger: 5, timeouts: { open: 1 }, auth: { user: 'ann' } })
    const conflicts: [string, Partial<ClientOptions>][] = [
      ['linger', { linger: 6 }],
      ['timeouts', { timeouts: { open: 2 } }],
      ['auth', { auth: { user: 'bob' } }],
      ['transports', { transports: [scriptedTransport('longPolling')] }],
      ['maxAttempts', { maxAttempts: 3 }],
    ]
    for (const [name, change] of conflicts)
      expect(() => connect(url, { transports: options.transports, ...change })).toThrow(
        expect.objectContaining({ code: 'conflicting-options', message: expect.stringContaining(`"${name}"`) }),
      )
    connect(url, {
      transports: options.transports,
      linger: 5,
      auth: { user: 'ann' },
      ...({ minUptime: undefined } as object),
    })
  })

  it('takes what cannot be compared for the same', async () => {
    const { options, links } = createParts()
    const url = endpoint()
    const logger = { error() {}, self: {} }
    logger.self = logger
    connect(url, { ...options, logger, auth: () => 'one' })
    connect(url, { ...options, logger, auth: () => 'other' })
    await settled()
    expect(links).toHaveLength(1)
  })

  it('keeps the registry on the global object, so that a module loaded twice finds it', async () => {
    const { options, links } = createParts()
    const url = endpoint()
    connect(url, options)
    expect(registered()?.size).toBe(1)
    vi.resetModules()
    const twin = await import('../../packages/client/src/registry.ts')
    expect(twin.connect).not.toBe(connect)
    twin.connect(url, options)
    expect(links).toHaveLength(1)
  })

  it('touches no network before it is told to, where so asked', () => {
    const { options, links } = createParts()
    const url = endpoint()
    const handle = connect(url, { ...options, autoConnect: false })
    expect([links.length, handle.status]).toEqual([0, 'idle'])
    handle.connect()
    expect(links).toHaveLength(1)
  })
})

describe('closing a handle', () => {
  it('harms nobody else', async () => {
    const { options, links } = createParts()
    const url = endpoint()
    const [first, second] = [connect(url, options), connect(url, options)]
    const seen: unknown[] = []
    first.subscribe('chat', (data) => seen.push(['first', data]))
    second.subscribe('chat', (data) => seen.push(['second', data]))
    first.on('message', () => seen.push('first'))
    links[0]!.welcome()
    await first.close()
    await first.close()
    links[0]!.down(['subscribed', 'chat', ['e', 0, 0]], ['caught-up', 'chat', 0], ['event', 'chat', 1, 'x', 1])
    expect(seen).toEqual([['second', 'x']])
    expect([first.status, second.status]).toEqual(['closed', 'open'])
  })

  it('the last of them lingers, then ends it all', async () => {
    const { clock, options, links, listeners } = createParts()
    const handle = connect(endpoint(), options)
    links[0]!.welcome()
    await handle.close()
    await clock.advance(999)
    expect(links[0]!.closed).toBe(false)
    await clock.advance(1)
    expect([links[0]!.closed, clock.armed, listeners.size, registered()?.size]).toEqual([true, 0, 0, 0])
  })

  it('and connecting while it lingers keeps the link', async () => {
    const { clock, options, links } = createParts()
    const url = endpoint()
    const handle = connect(url, options)
    links[0]!.welcome()
    await handle.close()
    await clock.advance(500)
    const again = connect(url, options)
    await clock.advance(5000)
    expect([links.length, again.status]).toEqual([1, 'open'])
    await again.close()
    await clock.advance(1000)
    expect(links[0]!.closed).toBe(true)
    connect(url, options)
    expect(links).toHaveLength(2)
  })

  it('connecting after it closed for a cause begins anew', async () => {
    const { options, links } = createParts()
    const url = endpoint()
    const first = connect(url, options)
    links[0]!.opened()
    links[0]!.down(['bye', 4001, 'forbidden'])
    await settled()
    expect(first.status).toBe('closed')
    const second = connect(url, options)
    expect([links.length, second.status, first.status]).toEqual([2, 'connecting', 'connecting'])
  })

  it('leaves what another handle has pending', async () => {
    const { clock, options, links } = createParts()
    const url = endpoint()
    const [first, second] = [connect(url, options), connect(url, options)]
    links[0]!.welcome()
    const sent = second.send('chat', 1)
    await first.close()
    await clock.advance(2000)
    links[0]!.down(['ack', 1, []])
    await expect(sent).resolves.toMatchObject({ serial: 1 })
  })
})

describe('whoever comes while it lingers', () => {
  /** A connection of ann's that nobody holds any more, and who comes then. */
  async function after(auth: unknown, next: () => unknown, send?: string) {
    const { clock, options, links } = createParts()
    const url = endpoint()
    const first = connect(url, { ...options, auth })
    await settled()
    links[0]!.welcome()
    const sent = send && first.send('chat', send).then(() => 'acknowledged')
    await settled()
    await first.close()
    const handle = connect(url, { ...options, auth: next() })
    await settled()
    return { clock, links, handle, sent }
  }
  const credentials = (links: readonly { hello: unknown }[]) =>
    links.map(({ hello }) => (hello as { credential?: unknown }).credential)
  /** An object of the app's that changes hands. */
  const store = { user: 'ann' }
  const stored = () => store

  it.each<[string, unknown, () => unknown]>([
    ['another function with the same credential', () => ({ user: 'ann' }), () => () => ({ user: 'ann' })],
    ['the same credential', { user: 'ann' }, () => ({ user: 'ann' })],
    ['the same function, whatever it promises', ...((auth) => [auth, () => auth] as const)(async () => ({}))],
  ])('goes on with the link: %s', async (_case, auth, next) => {
    const { links, handle } = await after(auth, next)
    expect([links.length, handle.status]).toEqual([1, 'open'])
  })

  it.each<[string, unknown, () => unknown, unknown]>([
    ['another credential', 'ann', () => 'bob', 'bob'],
    ['a function that gives another one', () => 'ann', () => () => 'bob', 'bob'],
    ['the same function, which gives another one', stored, () => ((store.user = 'bob'), stored), { user: 'bob' }],
    ['another function that promises one', async () => 'ann', () => async () => 'bob', 'bob'],
    ['a promise in the place of a value', () => 'ann', () => async () => 'bob', 'bob'],
    ['none', () => 'ann', () => undefined, undefined],
    ['one in the place of none', undefined, () => () => 'bob', 'bob'],
  ])('is nobody that left: %s', async (_case, auth, next, credential) => {
    store.user = 'ann'
    const { links, handle, clock } = await after(auth, next)
    expect(credentials(links)[1]).toEqual(credential)
    expect([links.length, links[0]!.closed, links[1]!.hello]).toMatchObject([2, true, { session: null }])
    links[1]!.welcome({ session: 'other', id: 's2' })
    await clock.advance(5000)
    expect([links.length, links[1]!.closed, handle.status]).toEqual([2, false, 'open'])
  })

  it('leaves what the former one has sent to the former link, for as long as that lingers', async () => {
    const { links, handle, sent, clock } = await after(
      () => 'ann',
      () => () => 'bob',
      'of ann',
    )
    links[1]!.welcome({ session: 'other', id: 's2' })
    const own = handle.send('chat', 'of bob')
    await settled()
    const texts = links.map((link) => link.sent.filter(([type]) => type === 'send').map((frame) => frame[3]))
    expect(texts).toEqual([['of ann'], ['of bob']])
    await clock.advance(999)
    links[0]!.down(['ack', 1, []])
    await expect(sent).resolves.toBe('acknowledged')
    await clock.advance(1)
    expect(links.map(({ closed }) => closed)).toEqual([true, false])
    links[1]!.down(['ack', 1, []])
    await expect(own).resolves.toMatchObject({ serial: 1 })
  })

  it('has what went wrong with its function for itself', async () => {
    const fails = () => {
      throw new Error('no token yet')
    }
    const { links, handle } = await after(
      () => 'ann',
      () => fails,
    )
    expect([links.length, links[0]!.closed, handle.snapshot.cause?.reason]).toEqual([1, true, 'Error: no token yet'])
  })

  it('has its rejections handled', async () => {
    const { links, handle } = await after(
      () => 'ann',
      () => () => Promise.reject(new Error('signed out')),
    )
    expect([links.length, links[0]!.closed, handle.snapshot.cause?.reason]).toEqual([1, true, 'Error: signed out'])
  })

  it('lets StrictMode, or an effect undone at once, dial once', async () => {
    const { links, options } = createParts()
    const url = endpoint()
    const effect = () => connect(url, { ...options, auth: async () => 'ann' })
    void effect().close()
    const handle = effect()
    await settled()
    links[0]!.welcome()
    expect([links.length, handle.status]).toEqual([1, 'open'])
  })
})
