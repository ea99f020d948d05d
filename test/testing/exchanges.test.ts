import { afterEach, expect, test } from 'vitest'
import { closeAll, createHttpClient, openStream, openTcp, openWebSocket, startProxy, startTarget } from './harness.ts'

afterEach(closeAll)

test('the next POST fails before the target sees it, and the connection lives on', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  proxy.rule({ fault: 'fail', kind: 'post', nth: 1 })
  expect(await client.get('/x')).toMatchObject({ status: 200 })
  expect(await client.post('/x', 'lost')).toMatchObject({ status: 502 })
  expect(await client.post('/x', 'again')).toMatchObject({ status: 200, body: 'POST /x again' })
  expect(target.requests.map(({ body }) => body)).toEqual(['', 'again'])
  expect(proxy.counters.clients.total).toBe(1)
  expect(proxy.rules).toEqual([])
})

test('the second and third request fail, the fourth does not', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  proxy.rule({ fault: 'fail', nth: 2, times: 2, status: 503, headers: { 'retry-after': '1' }, body: 'no' })
  const outcomes = []
  for (let i = 0; i < 4; i++) outcomes.push(await client.get('/x'))
  expect(outcomes.map(({ status }) => status)).toEqual([200, 503, 503, 200])
  expect(outcomes[1]?.body).toBe('no')
})

test('a response can be lost after the target handled the request', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  proxy.rule({ fault: 'fail', lost: 'response', times: 1 })
  expect(await client.post('/x', 'handled')).toMatchObject({ status: 502 })
  expect(target.requests).toMatchObject([{ body: 'handled' }])
  expect(await client.post('/x', 'next')).toMatchObject({ status: 200 })
  proxy.rule({ fault: 'fail', lost: 'response', kind: 'stream' })
  expect(await client.get('/stream')).toMatchObject({ status: 502 })
  await target.streams[0]?.closed
})

test('classify tells polls from posts by their body', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target, {
    classify: ({ method, body }) => (method === 'POST' && body?.includes('poll') ? 'poll' : undefined),
  })
  const client = createHttpClient(proxy)
  proxy.rule({ fault: 'fail', kind: 'poll' })
  expect(await client.post('/x', '{"poll":1}', { 'transfer-encoding': 'chunked' })).toMatchObject({ status: 502 })
  expect(await client.post('/x', '{"send":1}')).toMatchObject({ status: 200 })
  expect(proxy.counters.requests).toEqual({ poll: 1, post: 1 })
})

test('rules aim by path and by any condition', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  proxy.rule({ fault: 'fail', path: '/a' })
  proxy.rule({ fault: 'fail', path: /^\/b/g, status: 500 })
  proxy.rule({ fault: 'fail', when: ({ headers }) => headers['x-bad'] === '1', status: 418 })
  expect(await client.get('/a')).toMatchObject({ status: 502 })
  expect(await client.get('/b1')).toMatchObject({ status: 500 })
  expect(await client.get('/b2')).toMatchObject({ status: 500 })
  expect(await client.get('/c', { 'x-bad': '1' })).toMatchObject({ status: 418 })
  expect(await client.get('/c')).toMatchObject({ status: 200 })
})

test.each([
  ['a negative number', { fault: 'delay', latency: -1 }, 'delay: latency must be a number of at least 0, got -1'],
  ['a turn before the first', { fault: 'fail', nth: 0 }, 'fail: nth must be a number of at least 1, got 0'],
  ['a status that is none', { fault: 'fail', status: 99 }, 'fail: status must be between 200 and 599, got 99'],
  ['no such fault', { fault: 'zzz' }, /^there is no fault "zzz"; there are delay, throttle, /],
  ['no such fault, by inheritance', { fault: 'toString' }, /^there is no fault "toString"/],
  ['no fault at all', {}, /^there is no fault/],
  ['a missing latency', { fault: 'delay' }, 'delay: latency is missing'],
  ['a missing rate', { fault: 'throttle' }, 'throttle: bytesPerSecond is missing'],
  ['a missing delay', { fault: 'stall' }, 'stall: ms is missing'],
  ['a missing delay of frames', { fault: 'delay-frame' }, 'delay-frame: ms is missing'],
  ['a missing place', { fault: 'truncate' }, 'truncate: at is missing'],
  ['a missing place in a frame', { fault: 'truncate-frame' }, 'truncate-frame: at is missing'],
  ['a number in words', { fault: 'stall', ms: '5' }, 'stall: ms must be a number of at least 0, got "5"'],
  ['a place that is none', { fault: 'truncate-frame', at: 'head' }, /at must be a number of at least 0 or 'half'/],
  ['a direction that is none', { fault: 'mute', direction: 'left' }, /direction must be 'up' or 'down' or 'both'/],
  ['an ending of another fault', { fault: 'truncate', at: 1, how: 'closed' }, /how must be 'end' or 'reset'/],
])('a rule that cannot mean anything is refused: %s', async (_, rule, message) => {
  const proxy = await startProxy(await startTarget())
  expect(() => proxy.rule(rule as never)).toThrow(expect.objectContaining({ code: 'bad-rule' }))
  expect(() => proxy.rule(rule as never)).toThrow(message)
  expect(proxy.rules).toEqual([])
})

test('what is left undefined in a rule is as if it were not there', async () => {
  const proxy = await startProxy(await startTarget())
  proxy.rule({ fault: 'truncate', at: 'half', nth: undefined, how: undefined } as never)
  expect(proxy.rules).toHaveLength(1)
})

test.each([403, 502, 200])('an upgrade is refused with %i and html', async (status) => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const undo = proxy.rule({ fault: 'fail', kind: 'webSocket', status })
  expect((await openWebSocket(proxy)).refused).toBe(`Unexpected server response: ${status}`)
  expect(target.sockets).toHaveLength(0)
  expect(await createHttpClient(proxy).get('/x')).toMatchObject({ status: 200 })
  undo()
  expect((await openWebSocket(proxy)).refused).toBeNull()
})

test('an upgrade can be lost on its way back', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'fail', kind: 'webSocket', lost: 'response' })
  expect((await openWebSocket(proxy)).refused).toBe('Unexpected server response: 502')
  await proxy.until({ type: 'closed', side: 'target' })
  expect(target.sockets).toHaveLength(1)
})

test('a hung request is never answered, goes on when the rule is undone, and may be given up', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const undo = proxy.rule({ fault: 'hang', kind: 'webSocket' })
  const patient = openWebSocket(proxy)
  await proxy.until({ type: 'fault', fault: 'hang' })
  const hasty = await openTcp(proxy)
  hasty.socket.write('GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\r\n')
  await proxy.until({ type: 'fault', fault: 'hang', count: 2 })
  hasty.socket.destroy()
  await proxy.until({ type: 'closed', connection: 2, side: 'client' })
  expect(proxy.counters.targets.total).toBe(0)
  undo()
  expect((await patient).refused).toBeNull()
})

test('a response breaks off before, in or after its head and body', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  const cutAt = async (at: number | 'nothing' | 'head' | 'half' | 'end', path: string) => {
    proxy.rule({ fault: 'truncate', at, nth: 1 })
    const { status, body, error } = await client.get(path)
    return [status, body.length, error]
  }
  expect(await cutAt('nothing', '/n')).toEqual([null, 0, 'ECONNRESET'])
  expect(await cutAt('head', '/h')).toEqual([200, 0, 'ECONNRESET'])
  expect(await cutAt(3, '/3')).toEqual([200, 3, 'ECONNRESET'])
  expect(await cutAt('half', '/half4567')).toEqual([200, 7, 'ECONNRESET'])
  expect(await cutAt('half', '/chunked?1000')).toEqual([200, 500, 'ECONNRESET'])
  expect(await cutAt('end', '/end')).toEqual([200, 'GET /end '.length, null])
  await proxy.until({ type: 'closed', side: 'client', count: 6 })
  await expect.poll(() => target.connections()).toBe(0)
  expect(await client.get('/x')).toMatchObject({ status: 200, error: null })
})

test('a POST reaches the target twice, and its sender hears one answer', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  proxy.rule({ fault: 'duplicate', kind: 'post', after: 10, times: 1 })
  expect(await client.post('/x', 'twice')).toMatchObject({ body: 'POST /x twice' })
  await proxy.until({ type: 'fault', fault: 'duplicate', detail: 'the second copy was answered with 200' })
  expect(await client.post('/x', 'once')).toMatchObject({ body: 'POST /x once' })
  expect(target.requests.map(({ body }) => body)).toEqual(['twice', 'twice', 'once'])
})

test('the second copy arrives even if its link was cut meanwhile', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'duplicate', after: 400, nth: 1 })
  await createHttpClient(proxy).post('/x', 'twice')
  expect(target.requests).toHaveLength(1)
  proxy.cut()
  await proxy.until({ type: 'closed', side: 'client' })
  await target.seen(2)
  expect(target.requests.map(({ body }) => body)).toEqual(['twice', 'twice'])
})

test('a response comes twice, the second time in place of another one', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  proxy.rule({ fault: 'duplicate-response', kind: 'post', nth: 1 })
  expect(await client.post('/x', '1')).toMatchObject({ body: 'POST /x 1' })
  expect(await client.get('/y')).toMatchObject({ body: 'GET /y ' })
  expect(await createHttpClient(proxy).post('/x', '2')).toMatchObject({ status: 200, body: 'POST /x 1', error: null })
  expect(await client.post('/x', '3')).toMatchObject({ body: 'POST /x 3' })
  expect(target.requests.map(({ body }) => body)).toEqual(['1', '', '3'])
  expect(proxy.events.flatMap((event) => (event.type === 'fault' ? [event.detail] : []))).toEqual([
    'kept',
    'given again',
  ])
})

test('a response of unknown length comes twice, too, but not once the rule is undone', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  const undo = proxy.rule({ fault: 'duplicate-response' })
  const first = await client.get('/chunked?1000')
  expect(await client.get('/x')).toEqual(first)
  expect(await client.get('/chunked?10')).toMatchObject({ body: 'x'.repeat(10) })
  undo()
  expect(await client.get('/x')).toMatchObject({ body: 'GET /x ' })
})

test('an upgrade can be late', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'stall', kind: 'webSocket', ms: 30 })
  const startedAt = performance.now()
  expect((await openWebSocket(proxy)).refused).toBeNull()
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29)
})

test('a response is withheld for a while', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  proxy.rule({ fault: 'stall', ms: 40, times: 1 })
  const startedAt = performance.now()
  await client.get('/x')
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39)
})

test('a buffering proxy withholds a stream until it has enough', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const undo = proxy.rule({ fault: 'buffer', kind: 'stream', head: 'pass', bytes: 1_000 })
  const stream = await openStream(proxy)
  target.streams[0]?.write('a'.repeat(500))
  const client = createHttpClient(proxy)
  await client.get('/meanwhile')
  expect(stream.text()).toBe('')
  target.streams[0]?.write('b'.repeat(500))
  expect(await stream.until(1_000)).toHaveLength(1_000)
  target.streams[0]?.write('c')
  undo()
  expect(await stream.until(1_001)).toHaveLength(1_001)
  target.streams[0]?.write('d')
  expect(await stream.until(1_002)).toHaveLength(1_002)
})

test('a buffering proxy may withhold the head too, and gives up everything at the end', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'buffer' })
  const opening = openStream(proxy)
  await proxy.until({ type: 'fault', fault: 'buffer' })
  target.streams[0]?.write('data: x\n\n')
  expect(proxy.counters.bytes.down).toBe(0)
  target.streams[0]?.end()
  const stream = await opening
  await stream.closed
  expect(stream.text()).toBe('data: x\n\n')
})

test('failures of the proxy wait for the latency like everything else', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  proxy.rule({ fault: 'delay', latency: 20, handshake: false })
  proxy.rule({ fault: 'fail' })
  const startedAt = performance.now()
  expect(await createHttpClient(proxy).get('/x')).toMatchObject({ status: 502 })
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39)
})
