import { afterEach, expect, test } from 'vitest'
import { closeAll, openWebSocket, startProxy, startTarget } from './harness.ts'

afterEach(closeAll)

test('mute lets the upgrade pass and then nothing, control frames included', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const undo = proxy.rule({ fault: 'mute' })
  const client = await openWebSocket(proxy)
  expect(client.refused).toBeNull()
  client.send('unheard')
  client.socket.ping()
  target.sockets[0]?.send('unheard')
  await proxy.until({ type: 'frame', fate: 'dropped', count: 3 })
  undo()
  client.send('heard')
  expect(await client.received(1)).toEqual(['heard'])
})

test('mute in one direction', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'mute', direction: 'down' })
  const client = await openWebSocket(proxy)
  client.send('goes up')
  await proxy.until({ type: 'frame', direction: 'up', fate: 'passed' })
  await proxy.until({ type: 'frame', direction: 'down', fate: 'dropped' })
  expect(client.messages).toEqual([])
})

test('the n-th message of a direction is dropped', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  proxy.rule({ fault: 'drop-frame', direction: 'up', nth: 2 })
  proxy.rule({ fault: 'drop-frame', direction: 'down', nth: 2 })
  for (const text of ['1', '2', '3', '4']) client.send(text)
  expect(await client.received(2)).toEqual(['1', '4'])
  expect(proxy.counters).toMatchObject({ frames: { up: 4, down: 3 }, faults: { 'drop-frame': 2 } })
})

test('a message is delivered twice', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  proxy.rule({ fault: 'duplicate-frame', direction: 'down', nth: 2 })
  const long = 'l'.repeat(200_000)
  for (const text of ['1', long, '3']) client.send(text)
  expect(await client.received(4)).toEqual(['1', long, long, '3'])
})

test('a late message holds back those behind it', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  proxy.rule({ fault: 'delay-frame', direction: 'down', ms: 40, nth: 2 })
  const startedAt = performance.now()
  for (const text of ['1', '2', '3']) client.send(text)
  expect(await client.received(3)).toEqual(['1', '2', '3'])
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39)
})

test('a message breaks off in the middle of its frame, and both ends lose the connection', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  proxy.rule({ fault: 'truncate-frame', direction: 'up', at: 'half', nth: 2 })
  client.send('whole')
  expect(await client.received(1)).toEqual(['whole'])
  const bytes = proxy.counters.bytes.up
  client.send('b'.repeat(100_000))
  expect(await client.closed).toBe(1006)
  expect(await proxy.until({ type: 'frame', fate: 'truncated' })).toMatchObject({ length: 100_000, direction: 'up' })
  expect(proxy.counters.bytes.up - bytes).toBe(50_000)
  await expect.poll(() => target.connections()).toBe(0)
  expect(client.messages).toEqual(['whole'])
})

test('a frame shorter than where it should break off passes, and is the last one', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  proxy.rule({ fault: 'truncate-frame', direction: 'down', at: 1000, nth: 1 })
  client.send('short')
  expect(await client.closed).toBe(1006)
  expect(client.messages).toEqual(['short'])
})
