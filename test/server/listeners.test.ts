import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createServer, memoryLog, RejectError } from '@holdfast/server'
import type { AttachOptions, ServerOptions } from '@holdfast/server'
import { WebSocket, WebSocketServer } from 'ws'
import { createClock } from './support/clock.ts'
import { eventsIn, helloOf } from './support/peer.ts'
import { openSite, openSocket, openStream, post, protocolsOf } from './support/wire.ts'
import type { Site } from './support/wire.ts'

const sites: Site[] = []

async function site(options: ServerOptions = {}, attach: AttachOptions = {}): Promise<Site> {
  const made = await openSite(options, attach)
  sites.push(made)
  made.server.onMessage('echo', (data) => data)
  return made
}

afterEach(async () => {
  for (const made of sites.splice(0)) {
    await made.close()
    if (made.errors.length || made.server.stats().links)
      throw new Error('left behind: ' + made.errors.map(String).join())
  }
})

/** Says hello over polls; returns what the answer says. */
async function openPolls(
  url: string,
  hello: object = {},
): Promise<{ token: string; at: number; poll(n: number): ReturnType<typeof post>; frames: unknown[] }> {
  const incarnation = (hello as { incarnation?: number }).incarnation ?? 1
  const { frames } = await post(url, [['hello', { ...helloOf(hello), via: 'poll' }]])
  const [head, welcome] = frames
  if (head?.[0] !== 'at' || welcome?.[0] !== 'welcome') throw new Error(JSON.stringify(frames))
  const token = welcome[1].session
  return { token, at: head[1], frames, poll: (n) => post(url, [['poll', token, incarnation, n]]) }
}

describe('WebSocket (§5.1)', () => {
  test('the hello rides in the handshake, and only the plain protocol is echoed', async () => {
    const { url } = await site()
    const socket = openSocket(url, { subscriptions: [['a', null]] })
    await socket.next('welcome')
    expect(socket.socket.protocol).toBe('holdfast.1')
    socket.say(['send', 1, 'echo', { ünï: '💥\u2028' }])
    expect(await socket.next('ack')).toEqual(['ack', 1, [[1, { ünï: '💥\u2028' }]]])
    expect(socket.socket.extensions).toBe('')
  })

  test('a hello too long for the handshake is the first message', async () => {
    const { url } = await site()
    const socket = openSocket(url, ['holdfast.1'])
    await new Promise((resolve) => socket.socket.once('open', resolve))
    socket.say(['ping', 1])
    await socket.next('pong')
    const subscriptions = Array.from(
      { length: 200 },
      (_, i) => [`a rather long topic name, number ${i}`, null] as const,
    )
    socket.say(['hello', helloOf({ subscriptions })])
    await socket.next('welcome')
    expect((await socket.next('subscribed'))[1]).toBe('~session')
  })

  test.each([
    ['not base64url of a hello', ['holdfast.1', 'h.bm90IGpzb24'], 4202],
    ['another version', protocolsOf({ ...helloOf(), version: 2 }), 4002],
    ['longer than a header may be', ['holdfast.1', 'h.' + 'A'.repeat(4_200)], 4202],
  ])('a handshake that carries what is %s is closed with a code', async (_, protocols, code) => {
    const { url } = await site()
    const socket = openSocket(url, protocols)
    expect(await socket.next('bye')).toEqual(['bye', code, expect.any(String)])
    expect(await socket.closed).toBe(code)
  })

  test('binary messages and messages above the limit end the link, not the server', async () => {
    const { url } = await site({ limits: { message: 10_000, received: 20_000 } })
    const binary = openSocket(url)
    await binary.next('welcome')
    binary.socket.send(Buffer.from('[]'))
    expect(await binary.closed).toBe(4202)
    const big = openSocket(url)
    await big.next('welcome')
    big.socket.send('x'.repeat(30_000))
    expect(await big.closed).toBe(1009)
    const biggish = openSocket(url)
    await biggish.next('welcome')
    biggish.say(['send', 1, 'echo', 'x'.repeat(15_000)])
    expect(await biggish.closed).toBe(4203)
  })

  test('an upgrade without our protocol, or from a foreign origin, is refused', async () => {
    const { url, server } = await site()
    for (const [protocols, origin, status] of [
      [['chat'], undefined, '400'],
      [protocolsOf(helloOf()), 'https://evil.example', '403'],
      [protocolsOf(helloOf()), 'null', '403'],
    ] as const) {
      const socket = new WebSocket(url.replace('http', 'ws'), [...protocols], origin === undefined ? {} : { origin })
      const error = await new Promise<Error>((resolve) => socket.on('error', resolve))
      expect(error.message).toContain(status)
    }
    expect(server.stats().refused).toEqual({ 400: 1, 403: 2 })
  })

  test('a peer that never answers the close is let go of after a second', async () => {
    const clock = createClock()
    const made = await openSite({ clock })
    const socket = connect(Number(new URL(made.url).port), '127.0.0.1')
    const protocols = protocolsOf(helloOf()).join(', ')
    socket.write(
      'GET /realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\nSec-WebSocket-Protocol: ${protocols}\r\n\r\n`,
    )
    await expect.poll(() => made.server.stats().links).toBe(1)
    let state = 'closing'
    const closed = made.server.close().then(() => (state = 'closed'))
    await clock.advance(900)
    expect(state).toBe('closing')
    await clock.advance(200)
    await closed
    expect(clock.armed).toBe(0)
    socket.destroy()
    await made.close()
  })

  test('a half-open old link does not hold up the new one, and its socket is let go', async () => {
    const { url, server } = await site()
    const old = openSocket(url)
    const [, { session }] = await old.next('welcome')
    old.socket.pause()
    const fresh = openSocket(url, { session, incarnation: 2 })
    expect((await fresh.next('welcome'))[1].resumed).toBe(true)
    old.socket.resume()
    expect(await old.closed).toBe(4400)
    expect(server.stats()).toMatchObject({ links: 1, takeovers: 1 })
  })
})

describe('a reader that stops reading costs bounded memory, and gets everything when it reads on', () => {
  const COUNT = 1_500
  const pad = 'x'.repeat(20_000)
  const offsets = Array.from({ length: COUNT }, (_, i) => i + 1)

  /** Publishes 30 MB; beyond the bound of 1 MB only the system's own socket buffers may take any of it. */
  async function flood({ server }: Site): Promise<void> {
    for (let i = 1; i <= COUNT; i++) {
      await server.publish('a', [i, pad])
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(server.stats().bytesDown).toBeLessThan(15_000_000)
  }
  const options = (): ServerOptions => ({ log: memoryLog({ maxBytes: 100e6 }), limits: { buffered: 1_000_000 } })

  test('WebSocket', async () => {
    const made = await site(options())
    const socket = openSocket(made.url, { subscriptions: [['a', null]] })
    await socket.next('caught-up')
    await socket.next('caught-up')
    socket.socket.pause()
    await flood(made)
    socket.socket.resume()
    for (const offset of offsets) expect((await socket.next('event'))[2]).toBe(offset)
  })

  test('event stream', async () => {
    const made = await site(options())
    const body = JSON.stringify([['hello', { ...helloOf({ subscriptions: [['a', null]] }), via: 'sse' }]])
    const response = await new Promise<IncomingMessage>((resolve) =>
      httpRequest(made.url, { method: 'POST' }, resolve).end(body),
    )
    response.setEncoding('utf8').pause()
    await expect.poll(() => made.server.stats().links).toBe(1)
    await flood(made)
    const seen: number[] = []
    let rest = ''
    const complete = new Promise<void>((resolve) =>
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()!
        for (const line of lines)
          if (line.startsWith('data: ')) seen.push(...eventsIn(JSON.parse(line.slice(6))).map(([offset]) => offset))
        if (seen.length >= COUNT) resolve()
      }),
    )
    response.resume()
    await complete
    expect(seen).toEqual(offsets)
    response.destroy()
    await expect.poll(() => made.server.stats().links).toBe(0)
  })

  test('long-polling', async () => {
    const made = await site(options())
    const { at, poll } = await openPolls(made.url, { subscriptions: [['a', null]] })
    await flood(made)
    const seen: number[] = []
    for (let n = at; seen.length < COUNT;) {
      const { frames } = await poll(n)
      seen.push(...eventsIn(frames).map(([offset]) => offset))
      n = (frames[0] as ['at', number])[1]
    }
    expect(seen).toEqual(offsets)
  })
})

describe('event stream (§5.3)', () => {
  test('is announced as a stream that nothing buffers, and carries one line per packet', async () => {
    const { url, server } = await site()
    const stream = await openStream(url, { subscriptions: [['a', null]] })
    await stream.next('caught-up')
    const { headers, status } = stream.response
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('text/event-stream')
    expect(headers.get('cache-control')).toBe('no-cache, no-store, no-transform')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(stream.text().indexOf('\n\n')).toBeGreaterThan(2_000)
    await server.publish('a', 'line\r\n\r\ndata: [["bye",4000,"forged"]]\n\n')
    expect((await stream.next('event'))[3]).toContain('forged')
    const lines = stream.text().split('\n')
    expect(lines.every((line) => line === '' || line.startsWith(': ') || line.startsWith('data: [['))).toBe(true)
    expect(stream.frames.some(([type]) => type === 'bye')).toBe(false)
  })

  test('what is posted is handled once, however often it is posted', async () => {
    const { url, server } = await site()
    const handled: unknown[] = []
    server.onMessage('count', (data) => void handled.push(data))
    const stream = await openStream(url, {})
    const [, { session }] = await stream.next('welcome')
    await stream.next('caught-up')
    const body = [
      ['post', session, 1, 1],
      ['send', 1, 'count', 'a'],
      ['volatile', 'count', 'v'],
      ['subscribe', 'b'],
    ]
    for (let i = 0; i < 3; i++) expect(await post(url, body)).toMatchObject({ status: 200, frames: [] })
    expect(new Set(handled)).toEqual(new Set(['a', 'v']))
    expect(handled).toHaveLength(2)
    expect((await stream.next('subscribed'))[1]).toBe('~session')
    expect((await stream.next('subscribed'))[1]).toBe('b')
    expect(stream.frames.filter(([type]) => type === 'subscribed')).toEqual([])
  })

  test('a refused hello is told by status and bye', async () => {
    const { url } = await site({
      authenticate: ({ credential }) => {
        if (credential !== 'right') throw new RejectError('unauthenticated')
        return 'ann'
      },
    })
    const refused = await post(url, [['hello', { ...helloOf(), via: 'sse' }]])
    expect(refused).toMatchObject({ status: 401, frames: [['bye', 4100, expect.any(String)]] })
    const old = await post(url, [['hello', { ...helloOf(), version: 9, via: 'poll' }]])
    expect(old).toMatchObject({ status: 400, frames: [['bye', 4002, expect.any(String)]] })
  })

  test('a ticket opens one stream, once, and is no session', async () => {
    const { url } = await site({
      authenticate: ({ credential }) => {
        if (credential === 'wrong') throw new RejectError('unauthenticated')
        return null
      },
    })
    const hello = { ...helloOf({ subscriptions: [['a', null]] }), via: 'ticket' }
    const { frames } = await post(url, [['hello', hello]])
    const [[, ticket]] = frames as unknown as [['ticket', string]]
    const stream = await openStream(url, ticket)
    await stream.next('welcome')
    const again = await fetch(`${url}?ticket=${ticket}`)
    expect(again.status).toBe(409)
    expect((await fetch(`${url}?ticket=`)).status).toBe(409)
    const wrong = await post(url, [['hello', { ...hello, credential: 'wrong' }]])
    const refused = await openStream(url, (wrong.frames as unknown as [['ticket', string]])[0][1])
    expect(refused.response.status).toBe(200)
    expect(await refused.next('bye')).toEqual(['bye', 4100, expect.any(String)])
    await refused.ended
  })

  test('a repeated hello is refused and leaves the first one alone', async () => {
    const { url } = await site()
    const first = await openStream(url, {})
    const [, { session }] = await first.next('welcome')
    const stream = await openStream(url, { session, incarnation: 2 })
    await stream.next('welcome')
    const repeated = await post(url, [['hello', { ...helloOf({ session, incarnation: 2 }), via: 'sse' }]])
    expect(repeated).toMatchObject({ status: 409, frames: [['bye', 4302, expect.any(String)]] })
    await post(url, [
      ['post', session, 2, 1],
      ['ping', 5],
    ])
    expect(await stream.next('pong')).toEqual(['pong', 5])
  })

  test('a stream that is cut leaves its session, and posts for it are answered 409', async () => {
    const { url, server } = await site()
    const stream = await openStream(url, {})
    const [, { session }] = await stream.next('welcome')
    stream.abort()
    await expect.poll(() => server.stats().links).toBe(0)
    const answer = await post(url, [
      ['post', session, 1, 1],
      ['send', 1, 'echo', 1],
    ])
    expect(answer).toMatchObject({ status: 409, frames: [['bye', 4303, expect.any(String)]] })
    const back = await openStream(url, { session, incarnation: 2 })
    expect((await back.next('welcome'))[1]).toMatchObject({ resumed: true, serial: 0 })
    expect(
      await post(url, [
        ['post', session, 1, 2],
        ['send', 1, 'echo', 1],
      ]),
    ).toMatchObject({
      status: 409,
      frames: [['bye', 4400, expect.any(String)]],
    })
  })
})

describe('long-polling (§5.4)', () => {
  test('hello is answered at once, a poll when there is something to say', async () => {
    const { url, server } = await site()
    const { token, at, poll } = await openPolls(url, { subscriptions: [['a', null]] })
    const open = poll(at)
    expect(
      (
        await post(url, [
          ['post', token, 1, 1],
          ['send', 1, 'echo', 'hi'],
        ])
      ).frames,
    ).toEqual([])
    expect((await open).frames).toEqual([
      ['at', at + 1],
      ['ack', 1, [[1, 'hi']]],
    ])
    const next = poll(at + 1)
    await server.publish('a', 'x')
    expect(eventsIn((await next).frames)).toEqual([[1, 'x']])
  })

  test('what was written but not confirmed comes again, with what came meanwhile', async () => {
    const { url, server } = await site()
    const { at, poll } = await openPolls(url, { subscriptions: [['a', null]] })
    await server.publish('a', 1)
    const first = await poll(at)
    await server.publish('a', 2)
    const again = await poll(at)
    expect(eventsIn(first.frames)).toEqual([[1, 1]])
    expect(eventsIn(again.frames)).toEqual([
      [1, 1],
      [2, 2],
    ])
    const [[, confirmed]] = again.frames as unknown as [['at', number]]
    const open = poll(confirmed)
    await server.publish('a', 3)
    expect(eventsIn((await open).frames)).toEqual([[3, 3]])
  })

  test('a poll that is cut loses nothing and ends nothing', async () => {
    const { url, server } = await site()
    const { token, at, poll } = await openPolls(url, { subscriptions: [['a', null]] })
    const controller = new AbortController()
    const cut = fetch(url, {
      method: 'POST',
      body: JSON.stringify([['poll', token, 1, at]]),
      signal: controller.signal,
    })
    await expect.poll(() => server.stats().bytesUp).toBeGreaterThan(0)
    controller.abort()
    await expect(cut).rejects.toThrow('aborted')
    await server.publish('a', 'x')
    expect(eventsIn((await poll(at)).frames)).toEqual([[1, 'x']])
  })

  test('the newest poll wins; the older one learns nothing new', async () => {
    const { url, server } = await site()
    const { at, poll } = await openPolls(url, { subscriptions: [['a', null]] })
    const older = poll(at)
    await expect.poll(() => server.stats().bytesUp).toBeGreaterThan(0)
    const newer = poll(at)
    expect((await older).frames).toEqual([['at', at]])
    await server.publish('a', 'x')
    expect(eventsIn((await newer).frames)).toEqual([[1, 'x']])
  })

  test('a poll with nothing to say ends in time', async () => {
    const { url } = await site({ pollTimeout: 20 })
    const { at, poll } = await openPolls(url)
    expect((await poll(at)).frames).toEqual([['at', at]])
  })

  test('a response keeps to the packet limit; the rest comes with the next poll', async () => {
    const { url, server } = await site({ limits: { packet: 5_000 } })
    const { at, poll } = await openPolls(url, { subscriptions: [['a', null]] })
    for (let i = 1; i <= 20; i++) await server.publish('a', 'x'.repeat(1_000))
    const seen: number[] = []
    for (let n = at; seen.length < 20;) {
      const { frames } = await poll(n)
      expect(JSON.stringify(frames).length).toBeLessThanOrEqual(5_000)
      seen.push(...eventsIn(frames).map(([offset]) => offset))
      n = (frames[0] as ['at', number])[1]
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  test('a session moves between transports; the poll it leaves is told so', async () => {
    const { url, server } = await site()
    const { token, at, poll } = await openPolls(url)
    const open = poll(at)
    await expect.poll(() => server.stats().bytesUp).toBeGreaterThan(0)
    const socket = openSocket(url, { session: token, incarnation: 2 })
    expect((await socket.next('welcome'))[1].resumed).toBe(true)
    expect(await open).toMatchObject({ status: 409, frames: [['bye', 4400, 'taken over']] })
    expect(await poll(at)).toMatchObject({ status: 409, frames: [['bye', 4400, expect.any(String)]] })
    const stream = await openStream(url, { session: token, incarnation: 3 })
    expect((await stream.next('welcome'))[1].resumed).toBe(true)
    expect(await socket.closed).toBe(4400)
  })

  test('a poll of a link that was closed meanwhile is told why', async () => {
    const { url, server } = await site()
    const { at, poll } = await openPolls(url)
    server.disconnect(server.sessions()[0]!.id, { reason: 'banned' })
    expect(await poll(at)).toMatchObject({ status: 409, frames: [['bye', 4000, 'banned']] })
  })

  test('a poll of another kind of link, or of nobody, is refused', async () => {
    const { url } = await site()
    const socket = openSocket(url)
    const [, { session }] = await socket.next('welcome')
    expect((await post(url, [['poll', session, 1, 0]])).status).toBe(400)
    expect((await post(url, [['poll', 'nobody', 1, 0]])).frames).toEqual([['bye', 4303, expect.any(String)]])
  })
})

describe('requests that are not ours to answer', () => {
  test('every other path stays with the application, and ours is never answered twice', async () => {
    const asked: string[] = []
    const server = createServer()
    const http = createHttpServer((request, response) => {
      asked.push(request.url!)
      response.end('before')
    })
    const detach = server.attach(http, { path: '/rt' })
    http.on('request', (request, response) => {
      asked.push(request.url!)
      if (!response.writableEnded) response.end('after')
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    expect(await (await fetch(base + '/rt/else')).text()).toBe('before')
    expect((await post(base + '/rt?x=1', [['hello', { ...helloOf(), via: 'poll' }]])).status).toBe(200)
    expect(asked).toEqual(['/rt/else', '/rt/else'])
    detach()
    expect(await (await fetch(base + '/rt')).text()).toBe('before')
    await server.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
    expect(http.listenerCount('upgrade')).toBe(0)
  })

  test('a server attached twice keeps its paths apart, and a stray upgrade is still refused', async () => {
    const { url, http, server } = await site()
    const detach = server.attach(http, { path: '/second' })
    const second = url.replace('/realtime', '/second')
    await openSocket(second).next('welcome')
    await openSocket(url).next('welcome')
    const stray = new WebSocket(url.replace('http', 'ws').replace('/realtime', '/third'))
    expect((await new Promise<Error>((resolve) => stray.on('error', resolve))).message).toContain('404')
    detach()
    expect(await (await fetch(second)).text()).toBe('app')
  })

  test('upgrades of other paths stay with whoever listens, and are refused where nobody does', async () => {
    const { url, http } = await site()
    const base = url.replace('http', 'ws').replace('/realtime', '/else')
    const lonely = new WebSocket(base)
    expect((await new Promise<Error>((resolve) => lonely.on('error', resolve))).message).toContain('404')
    const others = new WebSocketServer({ noServer: true })
    http.on('upgrade', (request, socket, head) =>
      others.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('theirs')),
    )
    const theirs = new WebSocket(base)
    expect(String(await new Promise((resolve) => theirs.on('message', resolve)))).toBe('theirs')
    theirs.terminate()
    await openSocket(url).next('welcome')
  })

  test('a foreign origin is refused, an allowed one gets its CORS headers, one of the same host needs none', async () => {
    const { url } = await site({}, { allowedOrigins: ['https://app.example'] })
    const hello = [['hello', { ...helloOf(), via: 'poll' }]]
    const foreign = await post(url, hello, { origin: 'https://evil.example' })
    expect(foreign).toMatchObject({ status: 403, frames: [['bye', 4001, expect.any(String)]] })
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
    const allowed = await post(url, hello, { origin: 'https://app.example' })
    expect(allowed.status).toBe(200)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(allowed.headers.get('vary')).toBe('Origin')
    expect(allowed.headers.get('cache-control')).toBe('no-store')
    expect((await post(url, hello, { origin: new URL(url).origin })).status).toBe(200)
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example' } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
  })

  test('origins can be allowed by a function, or all', async () => {
    const byFunction = await site({}, { allowedOrigins: (origin) => origin.endsWith('.example') })
    const all = await site({}, { allowedOrigins: '*' })
    const hello = [['hello', { ...helloOf(), via: 'poll' }]]
    expect((await post(byFunction.url, hello, { origin: 'https://a.example' })).status).toBe(200)
    expect((await post(byFunction.url, hello, { origin: 'https://a.test' })).status).toBe(403)
    expect((await post(all.url, hello, { origin: 'https://a.test' })).status).toBe(200)
  })

  test.each([
    ['not JSON', '[[', 400],
    ['no frames', '[]', 400],
    ['an unknown head', '[["ping",1]]', 400],
    ['too much', ' '.repeat(5_000), 413],
  ])('a body that is %s gets a bye', async (_, body, status) => {
    const { url } = await site({ limits: { message: 1_000, received: 4_000 } })
    const answer = await post(url, body)
    expect(answer.status).toBe(status)
    expect(answer.frames[0]?.[0]).toBe('bye')
  })

  test('other methods and broken text are refused', async () => {
    const { url } = await site()
    expect((await fetch(url)).status).toBe(405)
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405)
    const response = await fetch(url, { method: 'POST', body: new Uint8Array([0x5b, 0xff, 0x5d]) })
    expect(response.status).toBe(400)
  })

  test('a body that never ends is not waited for', async () => {
    const { url } = await site({ bodyTimeout: 20 })
    const { port } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('POST /realtime HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[')
    const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())))
    expect(answer).toContain('408')
    socket.destroy()
  })

  test('a hello inside a post closes the link, and the answer says why', async () => {
    const { url } = await site()
    const { token } = await openPolls(url)
    const answer = await post(url, [
      ['post', token, 1, 1],
      ['hello', helloOf()],
    ])
    expect(answer).toMatchObject({ status: 409, frames: [['bye', 4202, expect.any(String)]] })
  })
})
