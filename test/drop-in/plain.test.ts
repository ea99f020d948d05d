// The same libraries over a class of ours and the servers that they have anyway: a cut ends the socket, and the library begins anew.
import { afterEach, describe, expect, test } from 'vitest'
import { faultProxy, type FaultProxy } from '@holdfast/testing'
import type { WebSocket as NodeWebSocket } from 'ws'
import { numbers } from '../promises/bench.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { until } from '../support/world.ts'
import { listenPlain, plainDropIn } from './far-side.ts'
import { createGraphqlUser } from './graphql-user.ts'
import { createGraphqlServer } from './graphql.ts'
import { createYServer, createYUser } from './yjs.ts'

const CUTS = 10
const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

async function enter(accept: (socket: NodeWebSocket) => void): Promise<{ proxy: FaultProxy; url: string }> {
  const server = await listenPlain(accept)
  endings.push(server.close)
  const proxy = await faultProxy({ target: server.port })
  endings.push(() => proxy.close())
  return { proxy, url: proxy.url.replace('http', 'ws') }
}

describe('over a server without Holdfast', () => {
  test(`graphql-ws connects anew after each of ${CUTS} cuts`, async () => {
    const graphql = createGraphqlServer()
    const { proxy, url } = await enter(graphql.accept)
    const user = createGraphqlUser(url, plainDropIn(), {
      retryAttempts: Infinity,
      retryWait: () => Promise.resolve(),
    })
    endings.push(user.close)
    for (let cut = 1; cut <= CUTS; cut++) {
      const before = user.counted.length
      await until(() => user.seen.connected === cut && user.counted.length > before + 10, `traffic before cut ${cut}`)
      proxy.cut({ how: cut % 2 ? 'reset' : 'end' })
      await until(() => user.seen.closed.length === cut, `the library to see cut ${cut}`)
    }
    const before = user.counted.length
    await until(
      () => user.seen.connected === CUTS + 1 && user.counted.length > before + 10,
      'traffic after the last cut',
    )
    const runs = user.counted.flatMap((n, i) => (n === 0 ? [i] : []))
    expect(runs).toHaveLength(CUTS + 1)
    // Within each connection nothing is lost or doubled.
    const from = (i: number): number[] => user.counted.slice(runs[i], runs[i + 1])
    for (const i of numbers(CUTS + 1)) expect(from(i)).toEqual(numbers(from(i).length))
    expect(user.failure).toBeNull()
    await user.close()
    await until(() => graphql.open === 0, 'the server to hear of the end')
  })

  test(`two documents of y-websocket become one through ${CUTS} cuts`, async () => {
    const shared = createYServer()
    const { proxy, url } = await enter(shared.accept)
    const users = [createYUser(url, plainDropIn()), createYUser(url, plainDropIn())] as const
    for (const { close } of users) endings.push(close)
    const all = shared.doc.getArray<string>('items')
    let typed = 0
    const timer = setInterval(() => {
      for (const { items } of users) items.push([`item ${typed++}`])
    }, 2)
    endings.push(() => clearInterval(timer))
    for (let cut = 1; cut <= CUTS; cut++) {
      await until(() => users.every(({ seen, provider }) => seen.connected === cut && provider.synced), `cut ${cut}`)
      const before = all.length
      await until(() => all.length > before + 10, `traffic before cut ${cut}`)
      proxy.cut({ how: cut % 2 ? 'reset' : 'end' })
      await until(() => users.every(({ seen }) => seen.closed.length === cut), `the library to see cut ${cut}`)
    }
    clearInterval(timer)
    await until(
      () => [all, ...users.map(({ items }) => items)].every(({ length }) => length === typed),
      'all that was typed, everywhere',
    )
    for (const { items, seen } of users) {
      expect(items.toArray()).toEqual(all.toArray())
      expect(seen).toEqual({ connected: CUTS + 1, closed: Array.from({ length: CUTS }, () => 1006) })
    }
    expect(new Set(all.toArray()).size).toBe(typed)
  })

  test('a socket has all of openTimeout to open in', async () => {
    const clock = createVirtualClock()
    class Mute {
      readonly protocol = ''
      readonly bufferedAmount = 0
      close(): void {}
    }
    const socket = new (plainDropIn({ clock }, { WebSocket: Mute }))('ws://127.0.0.1')
    const told: unknown[] = []
    socket.addEventListener('close', ({ code, reason }) => told.push([code, reason]))
    await clock.advance(29_999)
    expect([socket.readyState, told]).toEqual([0, []])
    await clock.advance(1)
    expect([socket.readyState, told]).toEqual([3, [[1006, 'not open in time']]])
    expect(clock.armed).toBe(0)
  })

  test('a link that has died without a word is found by pings, and the library begins anew', async () => {
    const graphql = createGraphqlServer()
    const { proxy, url } = await enter(graphql.accept)
    let pongs = 0
    const Class = plainDropIn(
      { heartbeat: { interval: 100, grace: 2_000 } },
      { ping: '{"type":"ping"}', isPong: (message) => message === '{"type":"pong"}' && !!++pongs },
    )
    const user = createGraphqlUser(url, Class, {
      retryAttempts: Infinity,
      retryWait: () => Promise.resolve(),
      // Nothing else may keep the link busy.
      lazy: false,
    })
    endings.push(user.close)
    user.stop()
    await until(() => pongs > 1, 'answers to pings')
    expect(user.seen).toEqual({ connected: 1, closed: [] })
    proxy.rule({ fault: 'black-hole', connections: 'existing' })
    await until(() => user.seen.connected > 1, 'another connection')
    expect(user.seen.closed[0]).toBe(1006)
  })
})
