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
