// @vitest-environment jsdom
import { connect, type Client, type HoldfastError } from '@holdfast/client'
import {
  HoldfastProvider,
  useClient,
  useConnection,
  useLatest,
  useMessages,
  useSend,
  useSnapshot,
  useStatus,
  useSubscription,
} from '@holdfast/react'
import { render } from '@testing-library/react'
import * as React from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAdapterRig, forget, nothing, type AdapterRig } from '../support/adapter-rig.ts'
import { Boundary, acting, cleanup, h } from './kit.ts'

const { StrictMode, Suspense, createElement, useEffect, useLayoutEffect } = React
let rig: AdapterRig

beforeEach(() => {
  rig = createAdapterRig()
})
afterEach(() => {
  cleanup()
  forget()
})

/** Below a provider of the rig's connection. */
const within = (children: React.ReactNode, url = rig.url, key = ''): React.ReactNode =>
  createElement(HoldfastProvider, { url, options: { ...rig.options, key } }, children)
const strictly = (children: React.ReactNode): React.ReactNode => createElement(StrictMode, null, children)

/** A component that only does this. */
const does = (what: () => void): React.ReactNode =>
  h(() => {
    what()
    return null
  })

describe('one connection', () => {
  it('serves five components that name its URL, mounted twice by StrictMode, and then is gone', async () => {
    const Uses = (): React.ReactNode => {
      const client = useConnection(rig.url, rig.options)
      return createElement(HoldfastProvider, { client }, h(Shows))
    }
    const Shows = (): React.ReactNode => {
      useSubscription('news', () => {})
      useMessages('news')
      return useStatus() + ' '
    }
    const view = render(strictly(Array.from({ length: 5 }, (_, key) => createElement(Uses, { key }))))
    expect(view.container.textContent).toBe('connecting '.repeat(5))
    await acting(rig)
    expect([view.container.textContent, rig.links.length, rig.leases]).toEqual(['open '.repeat(5), 1, 5])
    view.unmount()
    expect(await rig.leftovers()).toEqual(nothing)
  })

  it('is not begun by a render that comes to nothing', async () => {
    const never = new Promise(() => {})
    const Waits = (): React.ReactNode => {
      throw never
    }
    const Uses = (): React.ReactNode => {
      useConnection(rig.url, rig.options)
      return h(Waits)
    }
    const view = render(strictly(createElement(Suspense, { fallback: 'wait' }, h(Uses))))
    await acting(rig)
    view.unmount()
    expect([view.container.textContent, rig.links.length, rig.leases]).toEqual(['', 0, 0])
  })

  it('survives that what is below it is suspended', async () => {
    let wait: Promise<void> | null = null
    const seen: unknown[] = []
    const Body = (): React.ReactNode => {
      useSubscription('news', (data) => seen.push(data))
      if (wait) throw wait
      return useStatus()
    }
    const page = (): React.ReactNode => createElement(Suspense, { fallback: 'wait' }, within(h(Body)))
    const view = render(page())
    await acting(rig)
    let go = (): void => {}
    wait = new Promise((resolve) => (go = resolve))
    view.rerender(page())
    expect(view.container.textContent).toContain('wait')
    await acting(rig, () => rig.publish('news', 1))
    wait = null
    await acting(rig, go)
    expect([view.container.textContent, seen, rig.links.length, rig.leases]).toEqual(['open', [1], 1, 1])
  })

  it('outlives a change of routes', async () => {
    const Route = ({ topic }: { topic: string }): React.ReactNode => {
      const client = useConnection(rig.url, rig.options)
      useEffect(() => client.subscribe(topic).unsubscribe, [client, topic])
      return null
    }
    const view = render(createElement(Route, { key: 'a', topic: 'a' }))
    await acting(rig)
    view.rerender(createElement(Route, { key: 'b', topic: 'b' }))
    await acting(rig)
    await rig.clock.advance(5000)
    expect([rig.links.length, rig.links[0]!.closed, rig.leases]).toEqual([1, false, 1])
  })

  it('is adopted by a module that was loaded anew', async () => {
    const view = render(within(null))
    await acting(rig)
    vi.resetModules()
    const twin = await import('@holdfast/react')
    expect(twin.useStatus).not.toBe(useStatus)
    const Shows = (): React.ReactNode => twin.useStatus()
    view.rerender(createElement(twin.HoldfastProvider, { url: rig.url, options: rig.options }, h(Shows)))
    await rig.clock.advance(5000)
    expect([view.container.textContent, rig.links.length, rig.leases]).toEqual(['open', 1, 1])
  })

  it.each([
    ['URL', '?room=2', ''],
    ['key', '', 'ann'],
  ])('is another one for another %s, and subscriptions move there', async (_, query, key) => {
    const Shows = (): React.ReactNode => [useStatus(), useLatest('news')].join(' ')
    const view = render(within(h(Shows)))
    await acting(rig, () => rig.publish('news', 1))
    await acting(rig, () => rig.publish('news', 2))
    expect(view.container.textContent).toBe('open 2')
    view.rerender(within(h(Shows), rig.url + query, key))
    expect(view.container.textContent).toBe('connecting ')
    await acting(rig)
    await acting(rig, () => rig.publish('news', 3))
    expect(view.container.textContent).toBe('open 3')
    await rig.clock.advance(1000)
    expect(rig.links.map(({ closed }) => closed)).toEqual([true, false])
  })

  it('of your own is used and left alone', async () => {
    const client = connect<{ news: number }>(rig.url, rig.options)
    const Shows = (): React.ReactNode => useStatus()
    const view = render(createElement(HoldfastProvider, { client }, h(Shows)))
    await acting(rig)
    expect(view.container.textContent).toBe('open')
    view.unmount()
    expect([client.status, rig.heard]).toEqual(['open', []])
  })
})

describe('the client', () => {
  it('can be used by every effect of the first mount', async () => {
    const told: unknown[] = []
    const Child = (): React.ReactNode => {
      const client = useClient()
      const send = useSend()
      useLayoutEffect(() => client.on('open', ({ transport }) => told.push(transport)), [client])
      useEffect(() => void send('hello', 1).then(({ serial }) => told.push(serial)), [send])
      return null
    }
    render(within(h(Child)))
    await acting(rig)
    expect(told).toEqual(['webSocket', 1])
  })

  it('has every member of a handle, and stays the same object', async () => {
    const seen = new Set<Client>()
    const view = render(within(does(() => seen.add(useClient()))))
    await acting(rig)
    view.rerender(within(does(() => seen.add(useClient()))))
    const [client] = seen
    expect(seen.size).toBe(1)
    expect(Reflect.ownKeys(client!).toSorted(byName)).toEqual(
      Reflect.ownKeys(connect(rig.url, rig.options)).toSorted(byName),
    )
    expect(client!.url).toBe(rig.url)
  })

  it('says that it is closed once it is', () => {
    let client: Client | null = null
    const view = render(within(does(() => (client = useClient()))))
    view.unmount()
    expect(() => client!.subscribe('news')).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(client!.status).toBe('closed')
  })
})
const byName = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1)

describe('snapshots', () => {
  it('are the same object until something changes, and are told', async () => {
    const seen: unknown[] = []
    const Shows = (): React.ReactNode => {
      const snapshot = useSnapshot()
      useEffect(() => void seen.push(snapshot.status), [snapshot])
      return snapshot.pending
    }
    const view = render(within(h(Shows)))
    await acting(rig)
    view.rerender(within(h(Shows)))
    expect(seen).toEqual(['idle', 'connecting', 'open'])
    await acting(rig, () => rig.links[0]!.dropped())
    expect(seen.at(-1)).toBe('reconnecting')
  })
})

describe('messages', () => {
  it('of a burst all reach each handler in order, however few renders there are', async () => {
    const seen: number[][] = [[], [], [], [], []]
    let renders = 0
    const Reads = ({ into }: { into: number[] }): React.ReactNode => {
      useSubscription('news', (data) => into.push(data as number))
      return null
    }
    const Keeps = (): React.ReactNode => {
      renders++
      return String(useMessages('news', { limit: 3 }).map(({ data, offset }) => [data, offset]))
    }
    const readers = seen.map((into, key) => createElement(Reads, { into, key }))
    const view = render(strictly(within([...readers, createElement(Keeps, { key: 'keeps' })])))
    await acting(rig)
    renders = 0
    const numbers = Array.from({ length: 10_000 }, (_, n) => n)
    await acting(rig, () => {
      for (let n = 0; n < 10_000; n += 500) rig.publish('news', ...numbers.slice(n, n + 500))
    })
    expect(seen).toEqual([numbers, numbers, numbers, numbers, numbers])
    expect(view.container.textContent).toBe('9997,9998,9998,9999,9999,10000')
    expect(renders).toBeLessThan(10)
  })

  it('go to the newest function, without subscribing anew', async () => {
    const seen: unknown[] = []
    const Reads = ({ name }: { name: string }): React.ReactNode => {
      useSubscription('news', (data) => seen.push([name, data]))
      return null
    }
    const view = render(within(createElement(Reads, { name: 'old' })))
    await acting(rig, () => rig.publish('news', 0))
    view.rerender(within(createElement(Reads, { name: 'new' })))
    await acting(rig, () => rig.publish('news', 1))
    expect(seen).toEqual([['new', 1]])
    expect(rig.links[0]!.hello!.subscriptions.length + rig.sent('subscribe').length).toBe(1)
  })

  it('of another topic come after it has changed, and those of the one before are gone', async () => {
    const seen: unknown[] = []
    const Reads = ({ topic }: { topic: string | null }): React.ReactNode => {
      useSubscription(topic, (data) => seen.push(data))
      return [useMessages(topic).length, useLatest(topic)].join(' ')
    }
    const view = render(within(createElement(Reads, { topic: 'a' })))
    await acting(rig)
    await acting(rig, () => rig.publish('a', 'a1'))
    expect(view.container.textContent).toBe('1 a1')
    view.rerender(within(createElement(Reads, { topic: 'b' })))
    expect(view.container.textContent).toBe('0 ')
    await acting(rig)
    await acting(rig, () => (rig.publish('a', 'a2'), rig.publish('b', 'b1')))
    expect([view.container.textContent, seen]).toEqual(['1 b1', ['a1', 'b1']])
    view.rerender(within(createElement(Reads, { topic: null })))
    await acting(rig)
    expect([view.container.textContent, rig.sent('unsubscribe')]).toEqual([
      '0 ',
      [
        ['unsubscribe', 'a'],
        ['unsubscribe', 'b'],
      ],
    ])
  })

  it('are kept when the limit grows, and cut when it shrinks', async () => {
    const Keeps = ({ limit }: { limit: number }): React.ReactNode =>
      useMessages('news', { limit })
        .map(({ data }) => data)
        .join()
    const view = render(within(createElement(Keeps, { limit: 2 })))
    await acting(rig)
    await acting(rig, () => rig.publish('news', 1, 2, 3))
    view.rerender(within(createElement(Keeps, { limit: 3 })))
    expect(view.container.textContent).toBe('2,3')
    await acting(rig, () => rig.publish('news', 4))
    expect(view.container.textContent).toBe('2,3,4')
    view.rerender(within(createElement(Keeps, { limit: 1 })))
    expect(view.container.textContent).toBe('4')
  })

  it('that the log still has come first where asked for, and gaps are told to the newest function', async () => {
    rig.publish('news', 1, 2)
    const told: unknown[] = []
    const Reads = ({ name }: { name: string }): React.ReactNode => {
      useSubscription('news', () => {}, { since: ['e', 0, 0], onGap: ({ from, to }) => told.push([name, from, to]) })
      return useMessages('news', { since: ['e', 0, 0] })
        .map(({ data, replayed }) => `${String(data)}${replayed}`)
        .join()
    }
    const view = render(strictly(within(createElement(Reads, { name: 'old' }))))
    await acting(rig)
    expect(view.container.textContent).toBe('1true,2true')
    view.rerender(strictly(within(createElement(Reads, { name: 'new' }))))
    await acting(rig, () => rig.links[0]!.down(['event', 'news', 5, 5]))
    await acting(rig, () => rig.links[0]!.down(['subscribed', 'news', ['e', 4, 0]], ['caught-up', 'news', 4]))
    expect(told).toEqual([['new', 3, 4]])
  })

  // Older versions have no Activity.
  const { Activity } = React as Partial<Pick<typeof React, 'Activity'>>
  for (const Hides of Activity ? [Activity] : [])
    it('that came while the page was hidden are delivered when it is shown again', async () => {
      const seen: unknown[] = []
      const Reads = (): React.ReactNode => {
        useSubscription('news', (data, { replayed }) => seen.push([data, replayed]))
        return useMessages('news').length
      }
      const page = (mode: 'visible' | 'hidden'): React.ReactNode =>
        within(createElement(Hides, { mode, children: h(Reads) }))
      const view = render(page('visible'))
      await acting(rig)
      await acting(rig, () => rig.publish('news', 1))
      view.rerender(page('hidden'))
      await acting(rig, () => rig.publish('news', 2))
      expect(rig.heard).not.toContain('message')
      view.rerender(page('visible'))
      await acting(rig)
      await acting(rig, () => rig.publish('news', 3))
      expect(seen).toEqual([
        [1, false],
        [2, true],
        [3, false],
      ])
      expect([view.container.textContent, rig.links.length]).toEqual(['3', 1])
    })
})

it('asks the `auth` of the newest render for each credential', async () => {
  const at = (n: number): React.ReactNode =>
    createElement(HoldfastProvider, { url: rig.url, options: { ...rig.options, auth: () => 'token' + n } })
  const view = render(strictly(at(1)))
  await acting(rig)
  view.rerender(strictly(at(2)))
  view.rerender(strictly(at(3)))
  await acting(rig, () => rig.links[0]!.dropped(4100))
  await rig.clock.advance(1000)
  expect(rig.links.map(({ hello }) => hello?.credential)).toEqual(['token1', 'token3'])
})

describe('misuse', () => {
  // React tells of every error, caught or not; the older one by way of the page.
  const quiet = (event: Event): void => event.preventDefault()
  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    addEventListener('error', quiet)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    removeEventListener('error', quiet)
  })

  const Watches = (): React.ReactNode => useStatus()

  it.each([
    ['a hook without a provider', 'no-provider', () => does(useStatus)],
    ['a client that is used while rendering', 'not-mounted', () => within(does(() => void useClient().send('a', 1)))],
    ['a topic that is none', 'bad-topic', () => within(does(() => useSubscription('~x', () => {})))],
    ['a limit that is none', 'bad-option', () => within(does(() => void useMessages('news', { limit: 0 })))],
    ['a URL that is none', 'bad-url', () => within(h(Watches), 'ftp://example.test')],
    [
      'options that are not those of the connection',
      'conflicting-options',
      () => [
        within(null),
        createElement(HoldfastProvider, { url: rig.url, options: { ...rig.options, linger: 1 } }, h(Watches)),
      ],
    ],
  ])('%s is told to the nearest error boundary, and nothing else is', async (_, code, make) => {
    for (const strictness of [strictly, (all: React.ReactNode) => all]) {
      const caught = vi.fn<(error: unknown) => void>()
      const view = render(strictness(createElement(Boundary, { caught }, make())))
      const codes = caught.mock.calls.map(([error]) => (error as HoldfastError).code)
      expect(new Set(codes)).toEqual(new Set([code]))
      view.unmount()
      expect(await rig.leftovers()).toEqual(nothing)
    }
  })
})
