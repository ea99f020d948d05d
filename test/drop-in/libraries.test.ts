// Libraries that know nothing of Holdfast, over a class of ours and a server of ours, while the network breaks.
import { afterEach, describe, expect, test } from 'vitest'
import { eventSource, longPolling, webSocket, type Transport } from '@holdfast/client'
import { acceptSockets, type ServerSocket } from '@holdfast/server'
import { WebSocket as NodeWebSocket } from 'ws'
import { numbers } from '../promises/bench.ts'
import { createWorld, until, type World } from '../support/world.ts'
import { dropIn } from './far-side.ts'
import { createGraphqlUser } from './graphql-user.ts'
import { createGraphqlServer, graphqlProtocols } from './graphql.ts'
import { createYServer, createYUser } from './yjs.ts'

const CUTS = 10
/** Cuts come faster than a link can prove itself. */
const backoff = (): number => 10
const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

const transports: { readonly [name: string]: () => readonly Transport[] } = {
  webSocket: () => [webSocket({ WebSocket: NodeWebSocket as unknown as typeof WebSocket })],
  eventSource: () => [eventSource()],
  longPolling: () => [longPolling()],
}

/** A world whose server gives sockets to `accept`, and the URL that libraries are told. */
async function enter(
  accept: (socket: ServerSocket) => void,
  protocols?: string[],
): Promise<{ world: World; url: string }> {
  const world = await createWorld({
    setUp: (server) => void acceptSockets(server, protocols ? { protocols } : {}, accept),
  })
  endings.push(world.close)
  return { world, url: world.proxy.url.replace('http', 'ws') + '/library?as=usual' }
}

/** Cuts every connection as soon as something more has happened since the last cut. */
async function cutOften(
  world: World,
  happened: () => number,
  between: (cut: number) => void = () => {},
): Promise<void> {
  for (let cut = 1; cut <= CUTS; cut++) {
    const before = happened()
    await until(() => happened() > before + 20, `traffic before cut ${cut}`)
    between(cut)
    world.proxy.cut({ how: cut % 2 ? 'reset' : 'end' })
  }
  const before = happened()
  await until(() => happened() > before + 20, 'traffic after the last cut')
}

describe.each(Object.keys(transports))('over %s', (name) => {
  test(`graphql-ws sees every number once and in order through ${CUTS} cuts, and no end of its connection`, async () => {
    const graphql = createGraphqlServer()
    const { world, url } = await enter(graphql.accept, graphqlProtocols)
    const user = createGraphqlUser(url, dropIn({ transports: transports[name]!(), backoff }), { retryAttempts: 0 })
    endings.push(user.close)
    const notes: Promise<void>[] = []
    await cutOften(
      world,
      () => user.counted.length,
      () => {
        for (let i = 0; i < 10; i++) notes.push(user.note(notes.length))
      },
    )
    await Promise.all(notes)
    expect(user.counted).toEqual(numbers(user.counted.length))
    expect(graphql.noted).toEqual(numbers(CUTS * 10))
    expect(user.answers).toEqual(numbers(CUTS * 10, 1))
    expect(user.seen).toEqual({ connected: 1, closed: [] })
    expect(user.failure).toBeNull()
    await user.close()
    await until(() => graphql.open === 0, 'the server to hear of the end')
  })

  test(`two documents of y-websocket become one through ${CUTS} cuts, and neither sees an end of its connection`, async () => {
    const shared = createYServer()
    const { world, url } = await enter(shared.accept)
    const users = ['a', 'b'].map((user) => {
      const made = createYUser(url, dropIn({ transports: transports[name]!(), backoff }))
      endings.push(made.close)
      return { ...made, name: user }
    })
    const all = shared.doc.getArray<string>('items')
    let typed = 0
    const timer = setInterval(() => {
      for (const { items, name: user } of users) items.push([user + typed])
      typed++
    }, 2)
    endings.push(() => clearInterval(timer))
    await cutOften(world, () => all.length)
    clearInterval(timer)
    const isWhole = (items: { length: number }): boolean => items.length === typed * 2
    await until(() => [all, ...users.map(({ items }) => items)].every(isWhole), 'all that was typed, everywhere')
    for (const { items, seen, name: user } of users) {
      expect(items.toArray()).toEqual(all.toArray())
      expect(items.toArray().filter((item) => item.startsWith(user))).toEqual(numbers(typed).map((n) => user + n))
      expect(seen).toEqual({ connected: 1, closed: [] })
    }
  })
})

describe('a session that is lost is a close with 1006', () => {
  test('to graphql-ws, which connects anew by itself', async () => {
    const graphql = createGraphqlServer()
    const { world, url } = await enter(graphql.accept, graphqlProtocols)
    // Its own rules say what is worth another connection.
    const user = createGraphqlUser(url, dropIn({ backoff }), { retryWait: () => Promise.resolve() })
    endings.push(user.close)
    await until(() => user.counted.length > 10, 'traffic')
    await world.restart()
    await until(() => user.counted.lastIndexOf(0) > 0 && user.counted.at(-1)! > 10, 'traffic on another connection')
    expect(user.seen).toEqual({ connected: 2, closed: [1006] })
    const anew = user.counted.lastIndexOf(0)
    const before = user.counted.slice(0, anew)
    const after = user.counted.slice(anew)
    expect([before, after]).toEqual([numbers(before.length), numbers(after.length)])
    await user.note(7)
    expect(graphql.noted).toEqual([7])
    expect(user.failure).toBeNull()
  })

  test('to y-websocket, which connects anew by itself, and brings what was typed meanwhile', async () => {
    const shared = createYServer()
    const { world, url } = await enter(shared.accept)
    const users = [createYUser(url, dropIn({ backoff })), createYUser(url, dropIn({ backoff }))] as const
    for (const { close } of users) endings.push(close)
    const all = shared.doc.getArray<string>('items')
    users[0].items.push(['before'])
    await until(() => users[1].items.length === 1, 'what was typed before')
    const restarted = world.restart()
    for (const [i, { items }] of users.entries()) items.push([`meanwhile ${i}`])
    await restarted
    await until(() => [all, ...users.map(({ items }) => items)].every(({ length }) => length === 3), 'all of it')
    for (const { items, seen } of users) {
      expect(items.toArray()).toEqual(all.toArray())
      expect(seen).toEqual({ connected: 2, closed: [1006] })
    }
  })
})
