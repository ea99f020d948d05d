import { afterEach, expect, test } from 'vitest'
import { TestingError, faultProxy } from '@holdfast/testing'
import { closeAll, createHttpClient, openStream, openTcp, openWebSocket, startProxy, startTarget } from './harness.ts'

afterEach(closeAll)

// The same noise on each run, so that a failure can be looked at.
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test('hostile bytes break nothing but their own connection', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const random = createRandom(1)
  const starts = [
    'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    'GET / HTTP/1.1\r\n__proto__: x\r\nconstructor: y\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n' +
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    'CONNECT x:1 HTTP/1.1\r\n\r\n',
    `GET /${'a'.repeat(70_000)}`,
    '\0\0\0\0',
    '\r\n\r\n\r\n',
  ]
  for (let i = 0; i < 150; i++) {
    const bytes = Buffer.from(starts[i % starts.length] ?? '', 'latin1')
    const flips = i < starts.length ? 0 : Math.floor(random() * 4)
    for (let flip = 0; flip < flips; flip++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    const client = await openTcp(proxy)
    const cut = Math.floor(random() * bytes.length)
    client.socket.write(bytes.subarray(0, cut))
    client.socket.write(bytes.subarray(cut))
    if (i % 3 === 0) client.socket.end()
    else if (i % 3 === 1) client.socket.destroySoon()
    else client.socket.resetAndDestroy()
  }
  expect(await createHttpClient(proxy).get('/alive')).toMatchObject({ status: 200 })
})

test('close ends everything in whatever state it is, and leaves no socket', async () => {
  const target = await startTarget()
  const proxy = await faultProxy({ target: target.port })
  const client = createHttpClient(proxy)
  await client.get('/idle')
  await openStream(proxy)
  const old = await openWebSocket(proxy)
  proxy.rule({ fault: 'hold', connections: 'existing' })
  old.send('held')
  const half = await openTcp(proxy)
  half.socket.write('POST /half HTTP/1.1\r\ncontent-length: 10\r\n\r\n123')
  proxy.rule({ fault: 'hang', kind: 'webSocket' })
  proxy.rule({ fault: 'stall', ms: 60_000 })
  proxy.rule({ fault: 'delay', latency: 60_000, path: '/late' })
  proxy.rule({ fault: 'duplicate', after: 60_000, path: '/late' })
  const hung = openWebSocket(proxy)
  const stalled = openStream(proxy).catch(() => null)
  const late = createHttpClient(proxy).get('/late')
  await proxy.until({ type: 'response', path: '/stream', count: 2 })
  await proxy.until({ type: 'request', path: '/late' })
  const waiting = proxy.until({ type: 'error' })
  await Promise.all([proxy.close(), expect(waiting).rejects.toMatchObject({ code: 'closed' })])
  expect((await hung).refused).not.toBeNull()
  expect(await late).toMatchObject({ status: null })
  await old.closed
  await half.closed
  void stalled
  expect(proxy.counters).toMatchObject({ clients: { open: 0 }, targets: { open: 0 } })
  await expect.poll(() => target.connections()).toBe(0)
  await expect(proxy.until({ type: 'connection', connection: 99 })).rejects.toMatchObject({ code: 'closed' })
  expect(await client.get('/x')).toMatchObject({ error: 'ECONNREFUSED' })
  proxy.calm()
  await proxy.close()
  expect(proxy.events.filter(({ type }) => type === 'error')).toEqual([])
})

test('no handle and no timer is left in the process once the proxy is closed', async () => {
  // Turn by turn, not by `expect.poll`: its own timer would be found.
  const nothingLeft = async (): Promise<void> => {
    while (process.getActiveResourcesInfo().some((name) => /^TCP|^Timeout/.test(name)))
      await new Promise((resolve) => setImmediate(resolve))
  }
  await nothingLeft()
  const target = await startTarget()
  const proxy = await startProxy(target)
  for (let i = 0; i < 20; i++) {
    const client = await openWebSocket(proxy)
    client.send('x')
    await client.received(1)
    if (i % 2 === 0) proxy.cut({ how: 'reset' })
    else client.socket.terminate()
    await client.closed
  }
  await expect.poll(() => proxy.connections).toEqual([])
  await closeAll()
  await nothingLeft()
})

test('until tells what it missed', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  await createHttpClient(proxy).get('/seen')
  const late = await proxy.until({ type: 'upgrade' }, { timeout: 10 }).catch((error: unknown) => error)
  expect(late).toBeInstanceOf(TestingError)
  expect(late).toMatchObject({ code: 'timed-out', message: expect.stringMatching(/"upgrade".*not seen.*\/seen/s) })
})

test('until counts what was, or only what comes', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target)
  const client = createHttpClient(proxy)
  await client.get('/1')
  const mark = proxy.mark()
  const second = proxy.until({ type: 'request' }, { since: mark })
  const third = proxy.until((event) => event.type === 'request' && event.path === '/3')
  await client.get('/2')
  await client.get('/3')
  expect(await second).toMatchObject({ path: '/2' })
  expect(await third).toMatchObject({ path: '/3' })
  expect(await proxy.until({ type: 'request', count: 3 })).toMatchObject({ path: '/3' })
})

test('events are bounded by type, counters go on', async () => {
  const target = await startTarget()
  const proxy = await startProxy(target, { keptEvents: 10 })
  const heard: string[] = []
  const off = proxy.on(({ type }) => heard.push(type))
  const client = await openWebSocket(proxy)
  for (let i = 0; i < 100; i++) client.send(String(i))
  await client.received(100)
  const frames = proxy.events.filter(({ type }) => type === 'frame')
  expect(frames).toHaveLength(10)
  expect(proxy.events[0]).toMatchObject({ type: 'connection', index: 1 })
  expect(proxy.counters.frames).toEqual({ up: 100, down: 100 })
  expect(heard.filter((type) => type === 'frame')).toHaveLength(200)
  off()
})

test('a classify that throws costs one connection, a condition that throws does not match; both are recorded', async () => {
  const target = await startTarget()
  const proxy = await faultProxy({
    target: target.port,
    classify: ({ path }) => {
      if (path === '/bad') throw new Error('mistake in classify')
      return undefined
    },
  })
  expect(await createHttpClient(proxy).get('/bad')).toMatchObject({ status: null })
  const undo = proxy.rule({
    fault: 'delay',
    latency: 1,
    when: () => {
      throw new Error('mistake in when')
    },
  })
  expect(await createHttpClient(proxy).get('/x')).toMatchObject({ status: 200 })
  undo()
  expect(await createHttpClient(proxy).get('/x')).toMatchObject({ status: 200 })
  const errors = proxy.events.flatMap((event) => (event.type === 'error' ? [event.message] : []))
  expect(errors[0]).toContain('mistake in classify')
  expect(errors[1]).toContain('mistake in when')
  await proxy.close()
})
