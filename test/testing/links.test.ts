import { afterEach, expect, test } from 'vitest'
import { faultProxy } from '@holdfast/testing'
import { closeAll, createHttpClient, openStream, openTcp, openWebSocket, startProxy, startTarget } from './harness.ts'

afterEach(closeAll)

test('cut ends every connection on both sides, with FIN or RST', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const webSocket = await openWebSocket(proxy)
  const tcp = await openTcp(proxy)
  await proxy.until({ type: 'connection', count: 2 })
  expect(proxy.cut()).toBe(2)
  expect(await webSocket.closed).toBe(1_006)
  expect(await tcp.ended).toBe('end')
  await proxy.until({ type: 'closed', count: 3 })
  await expect.poll(() => target.connections()).toBe(0)

  const other = await openTcp(proxy)
  await proxy.until({ type: 'connection', count: 3 })
  expect(proxy.cut({ how: 'reset' })).toBe(1)
  expect(await other.ended).toBe('ECONNRESET')
})

test('cut strikes one kind only', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const webSocket = await openWebSocket(proxy)
  const stream = await openStream(proxy)
  expect(proxy.cut({ kind: 'stream' })).toBe(1)
  await stream.closed
  webSocket.send('alive')
  expect(await webSocket.received(1)).toEqual(['alive'])
  expect(proxy.events.filter((event) => event.type === 'fault')).toMatchObject([{ fault: 'cut', kind: 'stream' }])
})

test('cut on the client side leaves the target believing in the link', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  proxy.cut({ side: 'client' })
  expect(await client.closed).toBe(1_006)
  expect(await target.connections()).toBe(1)
  expect(target.sockets[0]?.readyState).toBe(1)
  target.sockets[0]?.send('into nothing')
  target.sockets[0]?.terminate()
  await proxy.until({ type: 'closed', side: 'target' })
  expect(proxy.connections).toEqual([])
})

test('cut on the target side leaves the client believing in the link', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  proxy.cut({ side: 'target', how: 'reset' })
  await proxy.until({ type: 'closed', side: 'target', by: 'proxy' })
  client.send('into nothing')
  expect(client.socket.readyState).toBe(1)
  expect(proxy.counters.clients.open).toBe(1)
})

test('down refuses by reset until up', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  const live = await openWebSocket(proxy)
  proxy.down()
  await live.closed
  expect(await client.get('/x')).toMatchObject({ status: null })
  expect(proxy.events.filter(({ type }) => type === 'fault')).toMatchObject([{ fault: 'cut' }, { fault: 'refuse' }])
  await proxy.up()
  expect(await client.get('/x')).toMatchObject({ status: 200 })
  expect(target.requests).toHaveLength(1)
})

test('down can close the port itself, and take it again', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  proxy.down({ how: 'closed' })
  expect(await client.get('/x')).toMatchObject({ error: 'ECONNREFUSED' })
  proxy.calm()
  expect(await client.get('/x')).toMatchObject({ status: 200 })
})

test('a port that somebody else took meanwhile is an error of up, which may be tried again', async () => {
  const target = await startTarget()
  const proxy = await faultProxy({ target: target.port })
  const client = createHttpClient(proxy)
  proxy.down({ how: 'closed' })
  const squatter = await startProxy(target, { port: proxy.port })
  await expect(proxy.up()).rejects.toMatchObject({ code: 'cannot-listen' })
  await squatter.close()
  await proxy.up()
  expect(await client.get('/x')).toEqual({ status: 200, body: 'GET /x ', error: null })
  expect(proxy.events.filter(({ type }) => type === 'error')).toHaveLength(1)
  await proxy.close()
})

test('a number of connections can be refused', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'refuse', how: 'end', times: 2 })
  expect(await (await openTcp(proxy)).ended).toBe('end')
  expect(await (await openTcp(proxy)).ended).toBe('end')
  expect(await createHttpClient(proxy).get('/x')).toMatchObject({ status: 200 })
})

test('a black hole swallows both ways without closing; new connections are unaffected', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const old = await openWebSocket(proxy)
  const undo = proxy.rule({ fault: 'black-hole', connections: 'existing' })
  old.send('up')
  target.sockets[0]?.send('down')
  await proxy.until({ type: 'fault', fault: 'black-hole', direction: 'up', connection: 1 })
  await proxy.until({ type: 'fault', fault: 'black-hole', direction: 'down', connection: 1 })
  const fresh = await openWebSocket(proxy)
  fresh.send('works')
  expect(await fresh.received(1)).toEqual(['works'])
  expect(old.messages).toEqual([])

  // The client gives up: the target must not learn of it.
  old.socket.terminate()
  fresh.send('again')
  await fresh.received(2)
  expect(target.sockets[0]?.readyState).toBe(1)

  undo()
  await proxy.until({ type: 'closed', connection: 1, side: 'target' })
  expect(proxy.connections).toMatchObject([{ id: 2 }])
})

test('a black hole in one direction lets the other pass', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  proxy.rule({ fault: 'black-hole', direction: 'up' })
  client.send('lost')
  await proxy.until({ type: 'fault', fault: 'black-hole', direction: 'up' })
  target.sockets[0]?.send('heard')
  expect(await client.received(1)).toEqual(['heard'])
})

test('held bytes are released in order, to a link that both sides still have', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy)
  const undo = proxy.rule({ fault: 'hold' })
  for (const text of ['1', '2', '3']) client.send(text)
  await proxy.until({ type: 'frame', direction: 'up', count: 3 })
  expect(client.messages).toEqual([])
  undo()
  expect(await client.received(3)).toEqual(['1', '2', '3'])
})

test('what a link held is delivered even after its client has gone to another', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const old = await openWebSocket(proxy)
  const heard: string[] = []
  target.sockets[0]?.on('message', (data) => heard.push((data as Buffer).toString()))
  const release = proxy.rule({ fault: 'hold', connections: 'existing' })
  old.send('late 1')
  old.send('late 2')
  await proxy.until({ type: 'frame', count: 2 })
  old.socket.terminate()
  await old.closed
  const fresh = await openWebSocket(proxy)
  fresh.send('early')
  await fresh.received(1)
  expect(heard).toEqual([])
  release()
  await proxy.until({ type: 'closed', connection: 1, side: 'target' })
  expect(heard).toEqual(['late 1', 'late 2'])
})

test('hold from the start is a server that accepts and never answers, until it does', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const undo = proxy.rule({ fault: 'hold', connections: 'new' })
  const answer = createHttpClient(proxy).get('/x')
  await proxy.until({ type: 'fault', fault: 'hold', direction: 'up' })
  undo()
  expect(await answer).toMatchObject({ status: 200 })
})

test('latency delays each direction and the first bytes by a round trip more', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'delay', latency: 20 })
  const startedAt = performance.now()
  const client = await openWebSocket(proxy)
  const openedAt = performance.now()
  // Handshake of TCP 40, upgrade 40. The upper bound allows for a busy machine.
  expect(openedAt - startedAt).toBeGreaterThanOrEqual(79)
  expect(openedAt - startedAt).toBeLessThan(1_000)
  for (const text of ['1', '2', '3']) client.send(text)
  expect(await client.received(3)).toEqual(['1', '2', '3'])
  expect(performance.now() - openedAt).toBeGreaterThanOrEqual(39)
})

test('jitter keeps the order', async () => {
  const target = await startTarget()
  let draws = 0
  const proxy = await startProxy(target, { random: () => [0.9, 0.1, 0.5][draws++ % 3] ?? 0 })
  const client = await openWebSocket(proxy)
  proxy.rule({ fault: 'delay', latency: 1, jitter: 15 })
  const texts = Array.from({ length: 20 }, (_, i) => String(i))
  for (const text of texts) client.send(text)
  expect(await client.received(20)).toEqual(texts)
})

test('throttling narrows the link', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  await client.get('/warm')
  const undo = proxy.rule({ fault: 'throttle', bytesPerSecond: 100_000, direction: 'down' })
  const startedAt = performance.now()
  await client.get('/chunked?10000')
  expect(performance.now() - startedAt).toBeGreaterThan(80)
  undo()
  expect((await client.get('/chunked?1000000')).body.length).toBe(1_000_000)
})

test('weather can be aimed at one kind', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'black-hole', kind: 'webSocket' })
  const socket = openWebSocket(proxy)
  await proxy.until({ type: 'fault', fault: 'black-hole', kind: 'webSocket' })
  expect(await createHttpClient(proxy).get('/x')).toMatchObject({ status: 200 })
  proxy.calm()
  expect((await socket).refused).not.toBeNull()
})
