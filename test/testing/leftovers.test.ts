// What the proxy keeps of traffic that has passed: counted among all objects of this thread after a collection.
import { connect, Socket } from 'node:net'
import { queryObjects } from 'node:v8'
import { afterEach, expect, test } from 'vitest'
import { closeAll, createHttpClient, openWebSocket, startProxy, startTarget } from './harness.ts'

afterEach(closeAll)

/** How many more there are of something once `act` is over. What is not reachable is collected before each count. */
async function growth(of: Function, act: () => Promise<void>): Promise<number> {
  const before = queryObjects(of, { format: 'count' })
  await act()
  return queryObjects(of, { format: 'count' }) - before
}

test('frames that have passed are not kept', async () => {
  const proxy = await startProxy(await startTarget(), { keptEvents: 1 })
  const { send, received } = await openWebSocket(proxy)
  const exchange = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) send(`frame ${i}`)
    ;(await received(count)).length = 0
  }
  await exchange(10)
  expect(await growth(Buffer, () => exchange(500))).toBeLessThan(50)
})

test('requests that a kept-alive connection has carried leave nothing behind', async () => {
  const proxy = await startProxy(await startTarget(), { keptEvents: 1 })
  const { post } = createHttpClient(proxy)
  const exchange = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await post('/echo', 'x')
  }
  await exchange(10)
  expect(await growth(Promise, () => exchange(100))).toBeLessThan(50)
  expect(proxy.counters.clients.total).toBe(1)
})

test('clients that gave up on a hung request are not kept by the rule that hung it', async () => {
  const proxy = await startProxy(await startTarget(), { keptEvents: 1 })
  proxy.rule({ fault: 'hang' })
  const hangUp = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const since = proxy.mark()
      const socket = connect(proxy.port, proxy.host).on('error', () => {})
      socket.write('GET / HTTP/1.1\r\n\r\n')
      await proxy.until({ type: 'fault', fault: 'hang' }, { since })
      socket.destroy()
      await proxy.until({ type: 'closed', side: 'client' }, { since })
    }
  }
  await hangUp(10)
  expect(await growth(Promise, () => hangUp(100))).toBeLessThan(50)
})

test('connections that are gone are forgotten, however they went and whatever rules stand', async () => {
  const proxy = await startProxy(await startTarget(), { keptEvents: 1 })
  proxy.rule({ fault: 'buffer' })
  proxy.rule({ fault: 'hold', path: '/held' })
  proxy.rule({ fault: 'delay', latency: 1 })
  const comeAndGo = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const since = proxy.mark()
      const socket = connect(proxy.port, proxy.host).on('error', () => {})
      socket.write(`GET ${i % 2 ? '/held' : '/stream'} HTTP/1.1\r\n\r\n`)
      const { connection } = (await proxy.until({ type: i % 2 ? 'request' : 'response' }, { since })) as {
        connection: number
      }
      proxy.cut({ connection, how: i % 3 ? 'reset' : 'end' })
      socket.destroy()
      await expect.poll(() => proxy.connections, { interval: 1 }).toEqual([])
    }
  }
  await comeAndGo(10)
  expect(await growth(Socket, () => comeAndGo(60))).toBeLessThan(20)
})
