// HTTP requests as nobody honest sends them: each is answered, none costs anybody else anything, none brings a header or a line of its own.
import { onTestFinished, describe, expect, test } from 'vitest'
import { createStreamParser } from '../../packages/client/src/transports/sse-parser.ts'
import { createServer, type ServerOptions } from '@holdfast/server'
import { settled } from '../server/support/clock.ts'
import { createRandom } from '../server/support/random.ts'
import { helloOf } from '../server/support/peer.ts'
import { openSite, openStream, post, type Site } from '../server/support/wire.ts'
import { binary, packets } from './corpus.ts'
import { mutateBytes, mutateText, pick } from './mutate.ts'
import { answerOf, dial, statusOf } from './raw.ts'

async function openHere(options: ServerOptions = {}): Promise<Site> {
  const site = await openSite(options)
  onTestFinished(() => site.close())
  return site
}
/** A hello by POST. */
const greet = (via: 'sse' | 'poll' | 'ticket', hello: object = {}): unknown[] => [
  ['hello', { ...helloOf(), via, ...hello }],
]

const say = (...lines: string[]): string => [...lines, 'Connection: close', '', ''].join('\r\n')
const hello = JSON.stringify(greet('poll'))

describe('requests', () => {
  test.each([
    ['of other methods', say('TRACE /realtime HTTP/1.1', 'Host: x'), 405],
    ['that delete', say('DELETE /realtime HTTP/1.1', 'Host: x'), 405],
    ['that get nothing', say('GET /realtime HTTP/1.1', 'Host: x'), 405],
    ['with a ticket named like a prototype', say('GET /realtime?ticket=__proto__ HTTP/1.1', 'Host: x'), 409],
    ['with a ticket of line ends', say('GET /realtime?ticket=%0d%0adata:%20x HTTP/1.1', 'Host: x'), 409],
    ['with a broken query', say('GET /realtime?ticket=%ff%zz HTTP/1.1', 'Host: x'), 409],
    ['to a path that only looks like ours', say('GET //realtime HTTP/1.1', 'Host: x'), 200],
    ['to a path behind ours', say('GET /realtime/../realtime HTTP/1.1', 'Host: x'), 200],
    [
      'of two lengths at once',
      say('POST /realtime HTTP/1.1', 'Host: x', 'Content-Length: 2', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
      400,
    ],
    [
      'of two different lengths',
      say('POST /realtime HTTP/1.1', 'Host: x', 'Content-Length: 2', 'Content-Length: 3') + '[]',
      400,
    ],
    ['of a length that is none', say('POST /realtime HTTP/1.1', 'Host: x', 'Content-Length: -1'), 400],
    ['of a length beyond all bounds', say('POST /realtime HTTP/1.1', 'Host: x', 'Content-Length: 999999999999'), 413],
    [
      'of chunks that are none',
      say('POST /realtime HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked') + 'zz\r\n',
      400,
    ],
    [
      'that are packed twice',
      say('POST /realtime HTTP/1.1', 'Host: x', 'Content-Encoding: gzip, gzip', 'Content-Length: 2') + '[]',
      400,
    ],
    [
      'in a codec named like a prototype',
      say(
        'POST /realtime HTTP/1.1',
        'Host: x',
        'Content-Type: application/vnd.holdfast.constructor',
        'Content-Length: 2',
      ) + '[]',
      415,
    ],
    [
      'in a codec with a name without end',
      say(
        'POST /realtime HTTP/1.1',
        'Host: x',
        'Content-Type: application/vnd.holdfast.' + 'a'.repeat(8_000),
        'Content-Length: 2',
      ) + '[]',
      415,
    ],
    [
      'from a foreign origin',
      say('POST /realtime HTTP/1.1', 'Host: x', 'Origin: https://evil.example', `Content-Length: ${hello.length}`) +
        hello,
      403,
    ],
    [
      'from a foreign origin, for a ticket',
      say('GET /realtime?ticket=x HTTP/1.1', 'Host: x', 'Origin: https://evil.example'),
      403,
    ],
    [
      'from no origin that there is',
      say('POST /realtime HTTP/1.1', 'Host: x', 'Origin: null', `Content-Length: ${hello.length}`) + hello,
      403,
    ],
    [
      'from our origin, with a port that is another',
      say('POST /realtime HTTP/1.1', 'Host: x', 'Origin: http://x:81', `Content-Length: ${hello.length}`) + hello,
      403,
    ],
    [
      'that ask beforehand from a foreign origin',
      say('OPTIONS /realtime HTTP/1.1', 'Host: x', 'Origin: https://evil.example'),
      403,
    ],
    [
      'with text that is no UTF-8',
      Buffer.concat([
        Buffer.from(say('POST /realtime HTTP/1.1', 'Host: x', 'Content-Length: 3')),
        Buffer.from([0x5b, 0xff, 0x5d]),
      ]),
      400,
    ],
  ])('%s', async (_name, request, status) => {
    const site = await openHere()
    const answer = await answerOf(dial(site.url, request))
    expect(statusOf(answer)).toBe(status)
    expect(answer.toString()).not.toContain('evil.example')
    expect(site.errors).toEqual([])
    expect(site.server.stats()).toMatchObject({ sessions: 0, unauthenticated: 0 })
    expect((await post(site.url, greet('poll'))).status).toBe(200)
  })

  test('the corpus, as JSON and as MessagePack, then mutations of it: each is answered 200, 400, 409 or 415', async () => {
    const site = await openHere({ limits: { sessions: 100 } })
    const random = createRandom(2_001)
    const small = packets.filter(({ input }) => input.length < 4_096)
    const bodies = [
      ...packets.map(({ input }) => input),
      ...binary.map(({ input }) => input),
      ...Array.from({ length: 200 }, () => mutateText(pick(random, small).input, random)),
      ...Array.from({ length: 100 }, () => mutateBytes(pick(random, binary).input, random)),
    ]
    const statuses = new Map<number, number>()
    for (const body of bodies) {
      const abort = new AbortController()
      const { status } = await fetch(site.url, { method: 'POST', body, signal: abort.signal })
      abort.abort()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect([...statuses.keys()].filter((status) => ![200, 400, 409, 415].includes(status))).toEqual([])
    expect(site.errors).toEqual([])
    expect((await post(site.url, greet('poll'))).status).toBe(200)
  }, 120_000)
})

describe('what was heard on the wire', () => {
  const authenticate = ({ credential }: { credential: unknown }) => credential as string

  test('a hello that is said again gets 4302 and nothing else; the session and its link are untouched', async () => {
    const site = await openHere()
    const first = await post(site.url, greet('poll'))
    const [, welcome] = first.frames.find((frame) => frame[0] === 'welcome')!
    const again = greet('poll', { session: welcome.session, incarnation: 2 })
    expect((await post(site.url, again)).status).toBe(200)
    for (let n = 0; n < 3; n++) {
      const { status, frames } = await post(site.url, again)
      expect([status, frames[0]?.slice(0, 2)]).toEqual([409, ['bye', 4302]])
    }
    expect(site.server.stats()).toMatchObject({ sessions: 1, links: 1, takeovers: 1 })
  })

  test('a token under another identity, or none, gets 4401; with a wrong secret it is no token', async () => {
    const site = await openHere({ authenticate })
    const first = await post(site.url, greet('poll', { credential: 'ann' }))
    const [, { session }] = first.frames.find((frame) => frame[0] === 'welcome')!
    for (const credential of ['eve', null, undefined, 'ann ', ['ann']]) {
      const { status, frames } = await post(site.url, greet('poll', { session, incarnation: 9, credential }))
      expect([status, frames[0]?.slice(0, 2)]).toEqual([403, ['bye', 4401]])
    }
    for (const forged of [
      session.slice(0, -1),
      session.slice(0, -1) + (session.endsWith('A') ? 'B' : 'A'),
      session + 'A',
      session.slice(0, 12),
    ]) {
      const { frames } = await post(site.url, greet('poll', { session: forged, incarnation: 9, credential: 'ann' }))
      const [, welcome] = frames.find((frame) => frame[0] === 'welcome')!
      expect([welcome.resumed, welcome.session === session]).toEqual([false, false])
    }
    const poll = await post(site.url, [['poll', session.slice(0, -1), 1, 0]])
    expect(poll.status).toBe(409)
  })

  test('a ticket works once, and for its codec and hello alone', async () => {
    const site = await openHere()
    const { frames } = await post(site.url, greet('ticket'))
    const [, ticket] = frames.find((frame) => frame[0] === 'ticket')!
    const stream = await openStream(site.url, ticket)
    await stream.next('welcome')
    expect((await fetch(`${site.url}?ticket=${ticket}`)).status).toBe(409)
    stream.abort()
  })

  test('tokens are made of 128 random bits or more: of 5,000 no two have a half in common', async () => {
    const server = createServer()
    const secrets: string[] = []
    for (let n = 0; n < 5_000; n++) {
      const end = server.accept({
        transport: 'webSocket',
        buffered: 0,
        send: (frames) =>
          secrets.push(...[...frames.join().matchAll(/"session":"[^".]+\.([^"]+)"/g)].map(([, secret]) => secret!)),
        close: () => {},
      })
      end.receive(JSON.stringify([['hello', helloOf()]]))
    }
    await settled()
    await server.close()
    expect(secrets).toHaveLength(5_000)
    // 6 bits each.
    expect(secrets.filter((secret) => !/^[\w-]{22,}$/.test(secret))).toEqual([])
    for (const half of [(secret: string) => secret.slice(0, 11), (secret: string) => secret.slice(-11)])
      expect(new Set(secrets.map(half)).size).toBe(5_000)
  })
})

describe('event streams', () => {
  const nasty = [
    'x\r\n\r\ndata: forged\r\n\r\n',
    '\u2028data: forged\u2029',
    '\0',
    '\r',
    'id: 9\nretry: 1\nevent: forged',
    '</script>',
    '\ufeff',
    '\ud800',
    '[["bye",4001,""]]',
    '__proto__',
  ]

  test('whatever is published, in values and in keys, a stream is comments and one data line per packet, and gives it back', async () => {
    const site = await openHere()
    const stream = await openStream(site.url, { subscriptions: [['a', null]] })
    await stream.next('caught-up')
    const random = createRandom(2_002)
    const published: unknown[] = []
    for (let n = 0; n < 300; n++) {
      const text = n < nasty.length ? nasty[n]! : pick(random, nasty) + pick(random, nasty)
      const data = n % 2 ? { [text]: [text] } : text
      published.push(JSON.parse(JSON.stringify(data)))
      await site.server.publish('a', data)
    }
    const heard: unknown[] = []
    while (heard.length < published.length) heard.push((await stream.next('event'))[3])
    stream.abort()
    await stream.ended
    expect(heard).toEqual(published)
    const lines = stream.text().split('\n')
    expect(lines.filter((line) => line && !/^(: *$|data: \[\["[^]*\]$)/.test(line))).toEqual([])
    expect(/[\r\0]/.test(stream.text())).toBe(false)
    const events: string[] = []
    createStreamParser(({ type, id, data }) => events.push(type + id + data[0]))(stream.text())
    expect(new Set(events)).toEqual(new Set(['[']))
  })

  test('reasons, codes and names of the application cannot forge a line either', async () => {
    const site = await openHere({
      authorize: ({ topic }) => topic === 'a',
      authenticate: () => ({ id: nasty.join('') }),
    })
    const stream = await openStream(site.url, { subscriptions: [['secret', null]] })
    await stream.next('denied')
    await site.server.sendTo({ identity: nasty.join('') }, 'note', nasty)
    expect((await stream.next('event'))[3]).toEqual(['note', JSON.parse(JSON.stringify(nasty))])
    const [session] = site.server.sessions()
    site.server.disconnect(session!.id, { code: 4000, reason: nasty[0]! })
    await stream.ended
    const lines = stream.text().split('\n')
    expect(lines.filter((line) => line && !/^(: *$|data: \[\["[^]*\]$)/.test(line))).toEqual([])
    expect(/[\r\0]/.test(stream.text())).toBe(false)
  })

  test('topics with line ends cannot be published to, subscribed to, or sent to', async () => {
    const site = await openHere()
    for (const topic of ['a\r\ndata: x', 'a\n', 'a\u2028', 'a\0', ''])
      await expect(site.server.publish(topic, 1)).rejects.toThrow(/topic/i)
  })
})
