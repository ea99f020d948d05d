import { afterEach, expect, test } from 'vitest'
import { closeAll, createHttpClient, openStream, openTcp, openWebSocket, startProxy, startTarget } from './harness.ts'

afterEach(closeAll)

test('requests and answers pass unchanged over one kept-alive connection', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  expect(await client.get('/a?b=c')).toEqual({ status: 200, body: 'GET /a?b=c ', error: null })
  expect(await client.post('/p', 'hello')).toEqual({ status: 200, body: 'POST /p hello', error: null })
  expect(await client.post('/p', 'hello', { 'transfer-encoding': 'chunked' })).toMatchObject({ body: 'POST /p hello' })
  expect((await client.get('/chunked?100001')).body.length).toBe(100_001)
  expect(await client.get('/close?7')).toEqual({ status: 200, body: 'xxxxxxx', error: null })
  expect(proxy.counters.clients.total).toBe(1)
  expect(proxy.counters.targets.total).toBe(1)
  expect(proxy.counters.requests).toEqual({ http: 3, post: 2 })
  expect(await client.send('HEAD', '/h')).toEqual({ status: 200, body: '', error: null })
})

test('a body too long to be looked at streams through', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const body = 'y'.repeat(3_000_000)
  const client = createHttpClient(proxy)
  const long = await client.post('/p', body)
  expect(long.body.length).toBe(body.length + 'POST /p '.length)
  const chunked = await client.post('/p', body, { 'transfer-encoding': 'chunked' })
  expect(chunked.body.length).toBe(body.length + 'POST /p '.length)
})

test('a client that expects 100-continue gets it from the target', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openTcp(proxy)
  client.socket.write('POST /c HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n')
  await client.until('100 Continue')
  client.socket.write('ok')
  expect(await client.until('POST /c ok')).toContain('200 OK')
})

test('pipelined requests are answered in order', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openTcp(proxy)
  client.socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n')
  const text = await client.until('GET /2 ')
  expect(text.indexOf('GET /1 ')).toBeGreaterThan(0)
  expect(proxy.counters.requests).toEqual({ http: 2 })
})

test('events of a stream arrive as they are sent, and its end is seen on both sides', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const stream = await openStream(proxy)
  target.streams[0]?.write('data: 1\n\n')
  expect(await stream.until(9)).toBe('data: 1\n\n')
  expect(proxy.connections).toEqual([{ id: 1, kind: 'stream', path: '/stream' }])
  stream.abort()
  await target.streams[0]?.closed
  await proxy.until({ type: 'closed', side: 'target' })

  const second = await openStream(proxy)
  target.streams[1]?.end()
  await second.closed
  expect(proxy.events.filter(({ type }) => type === 'finished')).toHaveLength(1)
})

test('fetch streams through and can be aborted', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const abort = new AbortController()
  const headers = { accept: 'text/event-stream' }
  const response = await fetch(`${proxy.url}/stream`, { method: 'POST', body: 'hello', headers, signal: abort.signal })
  const reader = response.body?.getReader()
  target.streams[0]?.write('data: 1\n\n')
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n')
  expect(await proxy.until({ type: 'request' })).toMatchObject({ kind: 'stream', method: 'POST' })
  abort.abort()
  await target.streams[0]?.closed
  await proxy.until({ type: 'ended', side: 'client' })
})

test('a client that gives up a hanging request is news for the target at once', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openTcp(proxy)
  client.socket.write('GET /hang HTTP/1.1\r\nhost: x\r\n\r\n')
  await target.seen(1)
  client.socket.destroy()
  await proxy.until({ type: 'closed', side: 'target' })
  await expect.poll(() => target.connections()).toBe(0)
})

test('WebSocket messages of every size pass both ways, and closing is clean', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openWebSocket(proxy, '/ws')
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 500_000]
  for (const size of sizes) client.send('z'.repeat(size))
  const echoes = await client.received(sizes.length)
  expect(echoes.map((echo) => echo.length)).toEqual(sizes)
  await proxy.until({ type: 'frame', direction: 'down', length: 500_000, opcode: 1, fate: 'passed' })
  client.socket.close(4_000)
  expect(await client.closed).toBe(4_000)
  await proxy.until({ type: 'closed', side: 'client', by: 'end' })
  await proxy.until({ type: 'closed', side: 'target', by: 'end' })
  expect(proxy.connections).toEqual([])
  expect(proxy.events.map(({ type }) => type).slice(0, 4)).toEqual(['connection', 'request', 'response', 'upgrade'])
})

test('a reader that does not read holds back the writer', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = await openTcp(proxy)
  client.socket.pause()
  client.socket.write('GET /chunked?60000000 HTTP/1.1\r\nhost: x\r\n\r\n')
  await proxy.until({ type: 'response' })
  await target.seen(1)
  // Far more than fits into the buffers on the way: the proxy must have stopped reading, or it would be finished.
  let before = -1
  while (proxy.counters.bytes.down !== before) {
    before = proxy.counters.bytes.down
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  expect(before).toBeLessThan(30_000_000)
  expect(proxy.events.some(({ type }) => type === 'finished')).toBe(false)
  client.socket.resume()
  await proxy.until({ type: 'finished' })
})

test('what is not HTTP passes through untouched, half-close included', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const odd = await openTcp(proxy)
  odd.socket.end('\x16\x03\x01 not a request')
  expect(await odd.until('400 Bad Request')).toContain('400')
  expect(await odd.ended).toBe('end')

  const half = await openTcp(proxy)
  half.socket.end('GET /x HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(await half.until('GET /x ')).toContain('200 OK')
  await half.ended
})

test('a target that is not there looks like a reset, and it may come later', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.retarget(1)
  const client = createHttpClient(proxy)
  expect(await client.get('/x')).toMatchObject({ status: null, error: 'ECONNRESET' })
  proxy.retarget({ port: target.port })
  expect(await client.get('/x')).toMatchObject({ status: 200 })
})
