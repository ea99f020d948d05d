// @vitest-environment jsdom
import { connect, type ClientOptions } from '@holdfast/client'
import {
  provideHoldfast,
  useClient,
  useConnection,
  useLatest,
  useMessages,
  useSend,
  useSnapshot,
  useStatus,
  useSubscription,
  type ClientRef,
} from '@holdfast/vue'
import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, effectScope, h, nextTick, ref, shallowRef, type VNodeChild } from 'vue'
import { createAdapterRig, forget, nothing, type AdapterRig } from '../support/adapter-rig.ts'

let rig: AdapterRig

beforeEach(() => {
  rig = createAdapterRig()
})
enableAutoUnmount(afterEach)
afterEach(forget)

/** A component of this setup, which returns what renders it. */
const component = (setup: () => () => VNodeChild) => defineComponent({ setup })
const does = (what: () => void) => component(() => (what(), () => null))
/** A component that provides the rig's connection, with this below it. */
const within = (body: ReturnType<typeof component>, url = () => rig.url, key = () => '') =>
  component(() => {
    provideHoldfast(url, () => ({ ...rig.options, key: key() }))
    return () => h(body)
  })

/** Acts, lets the server answer, and Vue render. */
async function acting(go: () => void = () => {}): Promise<void> {
  go()
  await rig.answer()
  await nextTick()
}

const withToken = (n: number): ClientOptions => ({ ...rig.options, auth: () => 'token' + n })

it.each([
  ['a ref', () => ref(withToken(1))],
  ['a shallow ref', () => shallowRef(withToken(1))],
])('asks the `auth` that the options of now have for each credential (%s)', async (_, make) => {
  const options = make()
  mount(does(() => void useConnection(rig.url, options)))
  await acting()
  options.value = withToken(2)
  options.value = withToken(3)
  await acting(() => rig.links[0]!.dropped(4100))
  await rig.clock.advance(1000)
  expect(rig.links.map(({ hello }) => hello?.credential)).toEqual(['token1', 'token3'])
})

describe('one connection', () => {
  it('serves five components that name its URL, and then is gone', async () => {
    const Shows = component(() => {
      provideHoldfast(rig.url, rig.options)
      useSubscription('news', () => {})
      useMessages('news')
      const status = useStatus()
      return () => status.value + ';'
    })
    const view = mount(component(() => () => Array.from({ length: 5 }, (_, key) => h(Shows, { key }))))
    expect(view.text()).toBe('connecting;'.repeat(5))
    await acting()
    expect([view.text(), rig.links.length, rig.leases]).toEqual(['open;'.repeat(5), 1, 5])
    view.unmount()
    expect(await rig.leftovers()).toEqual(nothing)
  })

  it('outlives a change of routes', async () => {
    const routes = ['a', 'b'].map((topic) =>
      component(() => {
        const client = useConnection(rig.url, rig.options)
        client.value.subscribe(topic)
        return () => topic
      }),
    )
    const route = ref(0)
    const view = mount(component(() => () => h(routes[route.value]!)))
    await acting()
    await acting(() => (route.value = 1))
    await rig.clock.advance(5000)
    expect([view.text(), rig.links.length, rig.links[0]!.closed, rig.leases]).toEqual(['b', 1, false, 1])
  })

  it('is adopted by a module that was loaded anew, which finds what the other provides', async () => {
    vi.resetModules()
    const twin = await import('@holdfast/vue')
    expect(twin.useStatus).not.toBe(useStatus)
    const Shows = component(() => {
      const status = twin.useStatus()
      twin.useConnection(rig.url, rig.options)
      return () => status.value
    })
    const view = mount(within(Shows))
    await acting()
    expect([view.text(), rig.links.length, rig.leases]).toEqual(['open', 1, 2])
  })

  it.each([
    ['URL', '?room=2', ''],
    ['key', '', 'ann'],
  ])('is another one for another %s, and subscriptions move there', async (_, query, key) => {
    const Shows = component(() => {
      const [status, latest] = [useStatus(), useLatest('news')]
      return () => `${status.value} ${String(latest.value)}`
    })
    const moved = ref(false)
    const view = mount(
      within(
        Shows,
        () => rig.url + (moved.value ? query : ''),
        () => (moved.value ? key : ''),
      ),
    )
    await acting()
    await acting(() => rig.publish('news', 1))
    expect(view.text()).toBe('open 1')
    moved.value = true
    await nextTick()
    expect(view.text()).toBe('connecting undefined')
    await acting()
    await acting(() => rig.publish('news', 2))
    expect(view.text()).toBe('open 2')
    await rig.clock.advance(1000)
    expect([rig.links.map(({ closed }) => closed), rig.leases]).toEqual([[true, false], 1])
  })

  it('stays when the new URL is none', async () => {
    const url = ref(rig.url)
    const failed = vi.fn<(error: unknown) => void>()
    const view = mount(
      within(
        component(() => {
          const status = useStatus()
          return () => status.value
        }),
        () => url.value,
      ),
      { global: { config: { errorHandler: failed } } },
    )
    await acting()
    await acting(() => (url.value = 'ftp://example.test'))
    expect(failed.mock.calls[0]![0]).toMatchObject({ code: 'bad-url' })
    expect([view.text(), rig.leases]).toEqual(['open', 1])
  })

  it('of your own is used and left alone, and so is the next one in its ref', async () => {
    const first = connect<{ news: number }>(rig.url, rig.options)
    const second = connect<{ news: number }>(rig.url + '?room=2', rig.options)
    const client = shallowRef(first)
    const Shows = component(() => {
      const status = useStatus()
      return () => status.value
    })
    const view = mount(
      component(() => {
        provideHoldfast(client)
        return () => h(Shows)
      }),
    )
    client.value = second
    await acting()
    expect(view.text()).toBe('open')
    view.unmount()
    expect([first.status, second.status, rig.heard]).toEqual(['connecting', 'open', []])
    mount(does(() => void provideHoldfast(first)))
  })

  it('ends with any scope', async () => {
    const scope = effectScope()
    const client = scope.run(() => useConnection(rig.url, rig.options))!
    await acting()
    expect(client.value.status).toBe('open')
    scope.stop()
    expect(client.value.status).toBe('closed')
    expect(await rig.leftovers()).toEqual(nothing)
  })
})

describe('the client', () => {
  it('can be used in setup at once, there and below', async () => {
    const told: unknown[] = []
    mount(
      within(
        does(() => {
          useClient().value.on('open', ({ transport }) => told.push(transport))
          void useSend()('hello', 1).then(({ serial }) => told.push(serial))
        }),
      ),
    )
    await acting()
    expect(told).toEqual(['webSocket', 1])
  })

  it('says that it is closed once it is', () => {
    let client: ClientRef | null = null
    mount(within(does(() => (client = useClient())))).unmount()
    expect(() => client!.value.subscribe('news')).toThrow(expect.objectContaining({ code: 'closed' }))
  })
})

describe('snapshots', () => {
  it('are told when something changes', async () => {
    const seen: unknown[] = []
    const Shows = component(() => {
      const snapshot = useSnapshot()
      return () => {
        seen.push(snapshot.value.status)
        return null
      }
    })
    mount(within(Shows))
    await acting()
    await acting(() => rig.links[0]!.dropped())
    expect([seen[0], seen.at(-1)]).toEqual(['connecting', 'reconnecting'])
    expect(seen).toContain('open')
  })
})

describe('messages', () => {
  it('of a burst all reach each handler in order, however few renders there are', async () => {
    const seen: number[][] = [[], [], [], [], []]
    let renders = 0
    const Page = component(() => {
      provideHoldfast(rig.url, rig.options)
      const kept = useMessages('news', { limit: 3 })
      for (const into of seen) useSubscription('news', (data) => into.push(data as number))
      return () => {
        renders++
        return kept.value.map(({ data, offset }) => [data, offset]).join()
      }
    })
    const view = mount(Page)
    await acting()
    renders = 0
    const numbers = Array.from({ length: 10_000 }, (_, n) => n)
    await acting(() => {
      for (let n = 0; n < 10_000; n += 500) rig.publish('news', ...numbers.slice(n, n + 500))
    })
    expect(seen).toEqual([numbers, numbers, numbers, numbers, numbers])
    expect(view.text()).toBe('9997,9998,9998,9999,9999,10000')
    expect(renders).toBeLessThan(10)
  })

  it('of another topic come after it has changed, and those of the one before are gone', async () => {
    const topic = ref<string | null>('a')
    const seen: unknown[] = []
    const Reads = component(() => {
      useSubscription(topic, (data) => seen.push(data))
      const [all, latest] = [useMessages(topic), useLatest(() => topic.value)]
      return () => `${all.value.length} ${String(latest.value)}`
    })
    const view = mount(within(Reads))
    await acting()
    await acting(() => rig.publish('a', 'a1'))
    expect(view.text()).toBe('1 a1')
    rig.publish('a', 'a2')
    topic.value = 'b'
    await acting()
    expect(view.text()).toBe('0 undefined')
    await acting(() => (rig.publish('a', 'a3'), rig.publish('b', 'b1')))
    expect([view.text(), seen]).toEqual(['1 b1', ['a1', 'a2', 'b1']])
    await acting(() => (topic.value = null))
    expect([view.text(), rig.sent('unsubscribe')]).toEqual([
      '0 undefined',
      [
        ['unsubscribe', 'a'],
        ['unsubscribe', 'b'],
      ],
    ])
  })

  it('are kept when the limit grows, and cut from the next one on when it shrinks', async () => {
    const limit = ref(2)
    const Keeps = component(() => {
      const all = useMessages('news', { limit })
      return () => all.value.map(({ data }) => data).join()
    })
    const view = mount(within(Keeps))
    await acting()
    await acting(() => rig.publish('news', 1, 2, 3))
    limit.value = 3
    await acting(() => rig.publish('news', 4))
    expect(view.text()).toBe('2,3,4')
    limit.value = 1
    await acting(() => rig.publish('news', 5))
    expect(view.text()).toBe('5')
  })

  it('that the log still has come first where asked for, and gaps are told', async () => {
    rig.publish('news', 1, 2)
    const told: unknown[] = []
    const Reads = component(() => {
      const all = useMessages('news', { since: ['e', 0, 0] })
      useSubscription('news', () => {}, { since: ['e', 0, 0], onGap: ({ from, to }) => told.push([from, to]) })
      return () => all.value.map(({ data, replayed }) => `${String(data)}${replayed}`).join()
    })
    const view = mount(within(Reads))
    await acting()
    expect(view.text()).toBe('1true,2true')
    await acting(() => rig.links[0]!.down(['event', 'news', 5, 5]))
    await acting(() => rig.links[0]!.down(['subscribed', 'news', ['e', 4, 0]], ['caught-up', 'news', 4]))
    expect(told).toEqual([[3, 4]])
  })
})

describe('misuse', () => {
  it.each([
    ['a composable without a provider', 'no-provider', () => does(useStatus)],
    ['a topic that is none', 'bad-topic', () => within(does(() => useSubscription('~x', () => {})))],
    ['a limit that is none', 'bad-option', () => within(does(() => void useMessages('news', { limit: 0 })))],
    [
      'a URL that is none',
      'bad-url',
      () =>
        within(
          does(() => {}),
          () => 'ftp://example.test',
        ),
    ],
    [
      'options that are not those of the connection',
      'conflicting-options',
      () => within(does(() => void useConnection(rig.url, { ...rig.options, linger: 1 }))),
    ],
  ])('%s is told at the call', (_, code, make) => {
    // Vue tells where it came from, too.
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(() => mount(make())).toThrow(expect.objectContaining({ name: 'HoldfastError', code }))
    vi.restoreAllMocks()
  })

  it('outside of setup is told, too', () => {
    expect(useClient).toThrow(expect.objectContaining({ code: 'no-provider' }))
  })
})
