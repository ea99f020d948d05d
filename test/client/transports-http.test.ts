// The two HTTP transports against a server that misbehaves on purpose: what each answer leads to.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Cause } from '../../packages/client/src/transport.ts'
import { eventSource } from '../../packages/client/src/transports/event-source.ts'
import { longPolling } from '../../packages/client/src/transports/long-polling.ts'
import { FetchEventSource } from './transport-harnesses.ts'
import { createScriptedServer, ending, HELLO, openRecorded, until, WELCOME } from './transport-kit.ts'
import type { Exchange, Recorded, ScriptedServer } from './transport-kit.ts'

const welcome = JSON.stringify([WELCOME])
const hostile = Array.from({ length: 5 })
const bye = (code: number, ...more: unknown[]): string => JSON.stringify([['bye', code, 'because', ...more]])
const volatile = (data: unknown): string => JSON.stringify(['volatile', 'chat', data])

let server: ScriptedServer
beforeEach(async () => {
  server = await createScriptedServer()
})
afterEach(() => server.close())

/** An open event stream that has been welcomed, and the response it is written to. */
async function openStream(react?: Parameters<typeof openRecorded>[2]): Promise<Recorded & { hello: Exchange }> {
  const recorded = openRecorded(eventSource(), server.url, react)
  const hello = await server.next('hello')
  hello.stream().write(`data: ${welcome}\n\n`)
  await recorded.next()
  await recorded.next()
  return { ...recorded, hello }
}
/** A link of polls that has been welcomed, and its first poll. */
async function openPolls(): Promise<Recorded & { poll: Exchange }> {
  const recorded = openRecorded(longPolling(), server.url)
  const hello = await server.next('hello')
  hello.reply(200, JSON.stringify([['at', 1], WELCOME]))
  return { ...recorded, poll: await server.next('poll') }
}
/** Lets the pause before the next try pass; time limits of requests are longer. */
async function pass(recorded: Recorded): Promise<void> {
  await until(() => recorded.clock.delays[0]! < 10_000)
  recorded.clock.advance(recorded.clock.delays[0]!)
}

describe('the request that opens a link', () => {
  const both = [
    { name: 'eventSource', transport: eventSource() },
    { name: 'longPolling', transport: longPolling() },
    {
      name: 'eventSource, native',
      transport: eventSource({ native: true, EventSource: FetchEventSource as unknown as typeof EventSource }),
    },
  ]
  const answers: { status: number; body: string; headers?: Record<string, string>; cause: Partial<Cause> }[] = [
    { status: 401, body: 'who?', cause: { code: 4100, status: 401 } },
    { status: 403, body: '', cause: { code: 4001, status: 403 } },
    { status: 403, body: '<h1>Blocked by the firewall', cause: { code: 1006, status: 403 } },
    { status: 404, body: 'nothing here', cause: { code: 1006, status: 404 } },
    { status: 409, body: '', cause: { code: 1006, status: 409 } },
    { status: 502, body: '<h1>Bad gateway', cause: { code: 1006, status: 502 } },
    {
      status: 503,
      body: 'busy',
      headers: { 'retry-after': '7' },
      cause: { code: 4200, status: 503, retryAfter: 7000 },
    },
    { status: 429, body: '', headers: { 'retry-after': '9999999' }, cause: { code: 4200, retryAfter: 600_000 } },
    { status: 503, body: '', headers: { 'retry-after': 'soon' }, cause: { code: 4200, retryAfter: undefined } },
    { status: 503, body: '', headers: { 'retry-after': '-5' }, cause: { code: 4200, retryAfter: undefined } },
    {
      status: 200,
      body: '<h1>Log in to the hotel',
      headers: { 'content-type': 'text/html' },
      cause: { code: 1006, status: 200 },
    },
  ]
  describe.each(both)('$name', ({ transport }) => {
    test.each(answers)(
      'answered $status $body $headers: dropped, not repeated',
      async ({ status, body, headers, cause }) => {
        const recorded = openRecorded(transport, server.url)
        const hello = await server.next('hello')
        hello.reply(status, body, headers)
        expect(await ending(recorded)).toMatchObject(cause)
        expect(recorded.log).toHaveLength(1)
        expect(recorded.clock.armed).toBe(0)
        await until(() => server.open === 0)
      },
    )

    test('a Retry-After with a date counts from now', async () => {
      const recorded = openRecorded(transport, server.url)
      const hello = await server.next('hello')
      hello.reply(503, '', { 'retry-after': new Date(Date.now() + 60_000).toUTCString() })
      const { retryAfter } = await ending(recorded)
      expect(retryAfter).toBeGreaterThan(50_000)
      expect(retryAfter).toBeLessThanOrEqual(60_000)
    })

    test('a bye is handed on first, whatever the status', async () => {
      const recorded = openRecorded(transport, server.url)
      const hello = await server.next('hello')
      hello.reply(409, bye(4302))
      expect(await recorded.next()).toEqual(['received', [['bye', 4302, 'because']]])
      expect(await ending(recorded)).toMatchObject({ status: 409 })
    })

    test('needs no CORS preflight and is not cached', async () => {
      const recorded = openRecorded(transport, server.url)
      const { request } = await server.next('hello')
      expect(request.method).toBe('POST')
      expect(request.headers).toMatchObject({ 'content-type': 'text/plain;charset=UTF-8', 'cache-control': 'no-cache' })
      expect(request.url).toBe('/realtime')
      recorded.link.close()
    })
  })

  test('has the headers and credentials that were asked for', async () => {
    const seen: RequestInit[] = []
    const never: typeof fetch = (_url, init) => new Promise(() => seen.push(init!))
    const headers = { authorization: 'Bearer x' }
    openRecorded(longPolling({ fetch: never, headers, withCredentials: true }), server.url).link.close()
    openRecorded(eventSource({ fetch: never, headers }), server.url).link.close()
    openRecorded(longPolling({ fetch: never }), server.url).link.close()
    expect(seen.map(({ credentials }) => credentials)).toEqual(['include', 'same-origin', 'same-origin'])
    expect(seen.map(({ headers }) => headers)).toEqual([headers, { accept: 'text/event-stream', ...headers }, {}])
  })

  test('is aborted by close() while its answer is outstanding', async () => {
    const recorded = openRecorded(eventSource(), server.url)
    const hello = await server.next('hello')
    recorded.link.close()
    await hello.closed
    expect(recorded.log).toEqual([])
  })

  test('native: a hello that is answered without a ticket is dropped', async () => {
    const recorded = openRecorded(both[2]!.transport, server.url)
    const hello = await server.next('hello')
    hello.reply(200, bye(4001))
    expect(await recorded.next()).toEqual(['received', [['bye', 4001, 'because']]])
    expect(await ending(recorded)).toMatchObject({ code: 1006 })
  })

  test('native: an environment without EventSource refuses at once', () => {
    expect(() => openRecorded(eventSource({ native: true }), server.url)).toThrow(/EventSource/)
  })
})

describe('an event stream', () => {
  test('comes whole through pieces that divide lines, characters and line ends', async () => {
    const recorded = await openStream()
    const packet = JSON.stringify([['event', 'chat', 1, 'Zoë 🦑']])
    const bytes = Buffer.from(
      `\r\n: comment\r\nid: 7\r\nretry: 1\r\ndata: ${packet}\r\n\r\ndata: ${packet}\r\rdata:${packet}\n\n`,
    )
    const { response } = recorded.hello
    for (const byte of bytes) await new Promise((resolve) => response.write(Buffer.of(byte), resolve))
    for (let i = 0; i < 3; i++) expect(await recorded.next()).toEqual(['received', [['event', 'chat', 1, 'Zoë 🦑']]])
    recorded.link.close()
  })

  test('may begin with a byte order mark', async () => {
    const recorded = openRecorded(eventSource(), server.url)
    const hello = await server.next('hello')
    hello.stream().write(`\uFEFFdata: ${welcome}\n\n`)
    await recorded.next()
    expect(await recorded.next()).toEqual(['received', [WELCOME]])
    recorded.link.close()
  })

  test('that ends, or is cut in the middle of an event, is dropped and tells no half event', async () => {
    for (const end of ['end', 'cut'] as const) {
      const recorded = await openStream()
      recorded.hello.response.write('data: [["event","chat",1,"ha', () =>
        end === 'end' ? recorded.hello.response.end() : recorded.hello.cut(),
      )
      expect(await ending(recorded)).toMatchObject({ code: 1006 })
      expect(recorded.log).toHaveLength(3)
    }
  })

  test('with an event that never ends is dropped before it fills the memory', async () => {
    const recorded = await openStream()
    const { response } = recorded.hello
    response.on('error', () => {})
    const flood = (): void => void (response.destroyed || response.write('data: ' + 'x'.repeat(65_536), flood))
    flood()
    expect(await ending(recorded)).toMatchObject({ code: 1002, reason: 'event too large' })
    await until(() => server.open === 0)
  })

  test.each(['application/json', 'text/plain', ''])('of type "%s" is none', async (type) => {
    const recorded = openRecorded(eventSource(), server.url)
    const hello = await server.next('hello')
    hello.response.writeHead(200, type ? { 'content-type': type } : {})
    // It goes on for ever: nobody waits for its end.
    hello.response.write(`data: ${welcome}\n\n`)
    expect(await ending(recorded)).toMatchObject({ code: 1006, status: 200 })
    await hello.closed
  })

  test('answered 204 is dropped', async () => {
    const recorded = openRecorded(eventSource(), server.url)
    const hello = await server.next('hello')
    hello.response.writeHead(204).end()
    expect(await ending(recorded)).toMatchObject({ code: 1006, status: 204 })
  })

  test('is not kept open by answers to POSTs: they are not handed on', async () => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const post = await server.next('post')
    post.reply(200, '[["pong",1]]')
    await until(() => recorded.link.buffered === 0)
    expect(recorded.log).toHaveLength(2)
    recorded.link.close()
  })
})

describe('the uplink', () => {
  test('sends what came during a POST with the next one, and never two at once', async () => {
    const { link } = await openStream()
    link.send([volatile(1)])
    const first = await server.next('post')
    link.send([volatile(2)])
    link.send([volatile(3), volatile(4)])
    expect(link.buffered).toBe(4 * (volatile(1).length + 1))
    expect(server.open).toBe(2)
    first.reply(200)
    const second = await server.next('post')
    expect([first, second].map(({ frames }) => frames[0])).toEqual([
      ['post', 'token', 1, 1],
      ['post', 'token', 1, 2],
    ])
    expect(second.frames.slice(1).map((frame) => frame[2])).toEqual([2, 3, 4])
    second.reply(200)
    await until(() => link.buffered === 0)
    link.close()
  })

  test('merges up to the packet size that the server has told, and one frame in any case', async () => {
    const { link } = await openStream()
    const big = 'é'.repeat(50_000)
    link.send([volatile(0)])
    const first = await server.next('post')
    for (let i = 0; i < 4; i++) link.send([volatile(big)])
    link.send([volatile('é'.repeat(200_000))])
    first.reply(200)
    const sizes: number[] = []
    for (let i = 0; i < 3; i++) {
      const post = await server.next('post')
      sizes.push(Buffer.byteLength(post.body))
      post.reply(200)
    }
    expect(sizes.map((size) => Math.round(size / 100_000))).toEqual([2, 2, 4])
    expect(Math.max(...sizes.slice(0, 2))).toBeLessThanOrEqual(262_144)
    link.close()
  })

  test.each([
    { name: '502', fail: (post: Exchange) => post.reply(502, '<h1>Bad gateway') },
    { name: '500', fail: (post: Exchange) => post.reply(500, '') },
    { name: '429', fail: (post: Exchange) => post.reply(429, '') },
    { name: 'a cut', fail: (post: Exchange) => post.cut() },
    {
      name: 'half an answer',
      fail(post: Exchange) {
        post.response.writeHead(200, { 'content-length': '100' })
        post.response.write('[', () => post.cut())
      },
    },
  ])('repeats the same body after $name, and the link goes on', async ({ fail }) => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const first = await server.next('post')
    recorded.link.send([volatile(2)])
    fail(first)
    await pass(recorded)
    const again = await server.next('post')
    expect(again.body).toBe(first.body)
    again.reply(200)
    const second = await server.next('post')
    expect(second.frames).toEqual([
      ['post', 'token', 1, 2],
      ['volatile', 'chat', 2],
    ])
    second.reply(200)
    await until(() => recorded.link.buffered === 0)
    expect(recorded.log).toHaveLength(2)
    expect(recorded.clock.armed).toBe(0)
    recorded.link.close()
  })

  test('repeats a POST that is not answered within 15 s, and aborts it', async () => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const first = await server.next('post')
    recorded.clock.advance(14_999)
    expect(server.open).toBe(2)
    recorded.clock.advance(1)
    await first.closed
    await pass(recorded)
    expect((await server.next('post')).body).toBe(first.body)
    recorded.link.close()
  })

  test('waits as long as Retry-After asks, if that is short', async () => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const first = await server.next('post')
    first.reply(503, '', { 'retry-after': '3' })
    await first.closed
    await until(() => recorded.clock.delays[0] === 3000)
    recorded.clock.advance(2999)
    expect(server.open).toBe(1)
    recorded.clock.advance(1)
    await server.next('post')
    recorded.link.close()
  })

  test('gives the link up where Retry-After asks for long', async () => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const post = await server.next('post')
    post.reply(429, '', { 'retry-after': '60' })
    expect(await ending(recorded)).toMatchObject({ code: 4200, status: 429, retryAfter: 60_000 })
    await recorded.hello.closed
  })

  test('gives the link up after five failures in a row, with growing pauses between', async () => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const pauses: number[] = []
    for (const i of hostile.keys()) {
      const post = await server.next('post')
      post.reply(502, '')
      if (i === 4) break
      await until(() => recorded.clock.delays.some((delay) => delay < 15_000))
      pauses.push(recorded.clock.delays[0]!)
      recorded.clock.advance(pauses.at(-1)!)
    }
    expect(await ending(recorded)).toMatchObject({ code: 1006, status: 502 })
    for (const [i, pause] of pauses.entries()) expect(pause).toBeLessThanOrEqual(250 * 2 ** i)
    expect(recorded.clock.armed).toBe(0)
    await recorded.hello.closed
  })

  test.each([
    { status: 409, body: bye(4400), told: true },
    { status: 503, body: bye(4201, 100), told: true },
    { status: 400, body: 'what?', told: false },
    { status: 413, body: '', told: false },
  ])('gives the link up upon $status $body', async ({ status, body, told }) => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const post = await server.next('post')
    post.reply(status, body)
    expect(await ending(recorded)).toMatchObject({ status })
    expect(recorded.log.filter(([type]) => type === 'received')).toHaveLength(told ? 2 : 1)
    await recorded.hello.closed
  })

  test('lets its owner close the link upon a bye, and then tells nothing more', async () => {
    const recorded = await openStream({
      react: (happening, link) => happening[0] === 'received' && happening[1][0]?.[0] === 'bye' && link.close(),
    })
    recorded.link.send([volatile(1)])
    const post = await server.next('post')
    post.reply(409, bye(4400))
    await recorded.hello.closed
    expect(recorded.log.at(-1)).toEqual(['received', [['bye', 4400, 'because']]])
  })

  test('stops with its link: what was queued is not sent, and late answers are nothing', async () => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const post = await server.next('post')
    recorded.link.send([volatile(2)])
    recorded.link.close()
    post.reply(200)
    await post.closed
    await recorded.hello.closed
    await until(() => server.open === 0)
    expect(recorded.clock.armed).toBe(0)
    expect(recorded.log).toHaveLength(2)
  })

  test('stops during the pause before another try', async () => {
    const recorded = await openStream()
    recorded.link.send([volatile(1)])
    const post = await server.next('post')
    post.reply(502)
    await until(() => recorded.clock.delays.some((delay) => delay < 15_000))
    recorded.link.close()
    expect(recorded.clock.armed).toBe(0)
  })

  test('sends a last packet once, in a way that outlives the page', async () => {
    const sent: RequestInit[] = []
    const never: typeof fetch = (_url, init) => new Promise(() => sent.push(init!))
    const { link } = openRecorded(longPolling({ fetch: never }), server.url, { hello: { ...HELLO, session: 'kept' } })
    link.close([volatile('bye')])
    link.close([volatile('bye again')])
    link.close()
    expect(sent.slice(1)).toMatchObject([{ keepalive: true, body: `[["post","kept",1,1],${volatile('bye')}]` }])
    expect(sent[0]!.signal!.aborted).toBe(true)
  })

  test('a last frame that cannot be delivered is nobody’s trouble', async () => {
    const recorded = await openStream()
    await server.close()
    recorded.link.close([volatile('bye')])
    server = await createScriptedServer()
    expect(recorded.clock.armed).toBe(0)
  })
})

describe('a link of polls', () => {
  const at = (n: number, ...frames: unknown[]): string => JSON.stringify([['at', n], ...frames])
  const event = (offset: number): unknown[] => ['event', 'chat', offset, null]

  test('confirms with each poll what the last answer brought', async () => {
    const recorded = await openPolls()
    expect(recorded.poll.frames).toEqual([['poll', 'token', 1, 1]])
    recorded.poll.reply(200, at(3, event(1), event(2)))
    const second = await server.next('poll')
    expect(second.frames).toEqual([['poll', 'token', 1, 3]])
    second.reply(200, at(3))
    expect((await server.next('poll')).frames).toEqual([['poll', 'token', 1, 3]])
    recorded.link.close()
  })

  test.each([
    { name: '502', fail: (poll: Exchange) => poll.reply(502, '<h1>Bad gateway') },
    { name: 'a cut', fail: (poll: Exchange) => poll.cut() },
    {
      name: 'half an answer',
      fail(poll: Exchange) {
        poll.response.writeHead(200, { 'content-length': '1000' })
        poll.response.write('[["at",2],["event","chat",1,', () => poll.cut())
      },
    },
  ])('polls again with the same body after $name, and the link goes on', async ({ fail }) => {
    const recorded = await openPolls()
    fail(recorded.poll)
    await pass(recorded)
    const again = await server.next('poll')
    expect(again.body).toBe(recorded.poll.body)
    again.reply(200, at(2, event(1)))
    await server.next('poll')
    expect(recorded.log.slice(2)).toEqual([['received', [event(1)]]])
    recorded.link.close()
  })

  test('hands on an answer that comes twice once', async () => {
    const recorded = await openPolls()
    recorded.poll.reply(200, at(2, event(1)))
    const second = await server.next('poll')
    second.reply(200, at(2, event(1)))
    const third = await server.next('poll')
    third.reply(200, at(3, event(2)))
    await server.next('poll')
    expect(recorded.log.slice(2)).toEqual([
      ['received', [event(1)]],
      ['received', []],
      ['received', [event(2)]],
    ])
    recorded.link.close()
  })

  test('waits 40 s for an answer that the server owes within 25 s, then polls again', async () => {
    const recorded = await openPolls()
    recorded.clock.advance(39_999)
    expect(server.open).toBe(1)
    recorded.clock.advance(1)
    await recorded.poll.closed
    await pass(recorded)
    await server.next('poll')
    recorded.link.close()
  })

  test('is dropped upon a bye with 409, which is handed on first', async () => {
    const recorded = await openPolls()
    recorded.poll.reply(409, bye(4400))
    expect(await ending(recorded)).toMatchObject({ status: 409 })
    expect(recorded.log.slice(2, 3)).toEqual([['received', [['bye', 4400, 'because']]]])
  })

  test('is dropped after five failures in a row', async () => {
    const recorded = await openPolls()
    recorded.poll.cut()
    for (let i = 0; i < 4; i++) {
      await pass(recorded)
      const poll = await server.next('poll')
      poll.cut()
    }
    expect(await ending(recorded)).toMatchObject({ code: 1006 })
    expect(recorded.clock.armed).toBe(0)
  })

  test('sends while a poll is open', async () => {
    const recorded = await openPolls()
    recorded.link.send([volatile(1)])
    const post = await server.next('post')
    expect(recorded.poll.response.writableEnded).toBe(false)
    post.reply(200)
    await until(() => recorded.link.buffered === 0)
    recorded.link.close()
    await recorded.poll.closed
  })

  test('resumes under the session of its hello', async () => {
    const recorded = openRecorded(longPolling(), server.url, { hello: { ...HELLO, session: 'kept', incarnation: 9 } })
    const hello = await server.next('hello')
    hello.reply(200, at(0))
    expect((await server.next('poll')).frames).toEqual([['poll', 'kept', 9, 0]])
    recorded.link.close()
  })
})

describe('pauses that are over', () => {
  /** How many undos the link still has for its timers when it goes. */
  async function leftOn({ link, clock }: Recorded, act: () => Promise<void>): Promise<number> {
    let undone = 0
    const { after } = clock
    clock.after = (delay, fn) => {
      const undo = after(delay, fn)
      return () => {
        undone++
        undo()
      }
    }
    await act()
    undone = 0
    link.close()
    return undone
  }

  test('before the next try leave nothing with a link that lives on', async () => {
    const recorded = await openPolls()
    let { poll } = recorded
    const left = await leftOn(recorded, async () => {
      for (let n = 1; n <= 20; n++) {
        poll.reply(n % 4 ? 502 : 200)
        if (n % 4) await pass(recorded)
        poll = await server.next('poll')
      }
    })
    // The time limit of the poll that is under way.
    expect(left).toBe(1)
  })

  test('between polls leave nothing with a link that lives on', async () => {
    const recorded = openRecorded(longPolling({ interval: 1000 }), server.url)
    const hello = await server.next('hello')
    hello.reply(200, JSON.stringify([['at', 1], WELCOME]))
    const left = await leftOn(recorded, async () => {
      for (let n = 1; n <= 20; n++) {
        await pass(recorded)
        const poll = await server.next('poll')
        if (n < 20) poll.reply(200)
      }
    })
    expect(left).toBe(1)
  })
})
