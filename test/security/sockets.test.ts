// WebSockets that say what no WebSocket may say: closed with a code that says why; the session and everybody else go on.
import { onTestFinished, describe, expect, test } from 'vitest'
import { openSite, openSocket, protocolsOf, type Site } from '../server/support/wire.ts'
import { helloOf } from '../server/support/peer.ts'
import { buffersInUse } from '../server/support/heap.ts'
import { until } from '../support/world.ts'
import { packets } from './corpus.ts'
import { answerOf, closeCodeIn, dial, frame, statusOf, upgradeTo } from './raw.ts'

async function openHere(options = {}): Promise<Site> {
  const site = await openSite(options)
  onTestFinished(() => site.close())
  return site
}

const TEXT = 1
const [BINARY, CLOSE, PING] = [2, 8, 9]
const many = (count: number, frames: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => frames))

describe('frames', () => {
  test.each([
    ['that are not masked', frame(TEXT, '[]', { masked: false }), 1002],
    ['with reserved bits', frame(TEXT, '[]', { bits: 12 }), 1002],
    ['of an opcode that is none', frame(3, '[]'), 1002],
    ['that go on with nothing', frame(0, '[]'), 1002],
    ['of control, in pieces', frame(PING, 'x', { bits: 0 }), 1002],
    ['of control, too long', frame(PING, 'x'.repeat(126)), 1002],
    ['of close with half a code', frame(CLOSE, 'x'), 1002],
    ['of close with a code that nobody may send', frame(CLOSE, Buffer.from([0x03, 0xed])), 1002],
    ['that claim 2^63 bytes', frame(TEXT, 'x', { claims: 2n ** 63n }), 1009],
    ['that claim a byte more than is taken in', frame(TEXT, 'x', { claims: 2n ** 20n + 65_537n }), 1009],
    [
      'of which each is small, without end',
      Buffer.concat([frame(TEXT, '[', { bits: 0 }), many(20_000, frame(0, ' ', { bits: 0 }))]),
      1008,
    ],
    ['of text that is no UTF-8', frame(TEXT, Buffer.from([0x5b, 0xff, 0x5d])), 1007],
    ['of text with an overlong line end', frame(TEXT, Buffer.from([0x22, 0xc0, 0x8a, 0x22])), 1007],
    ['of text with half a surrogate pair', frame(TEXT, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), 1007],
    ['of bytes where text is spoken', frame(BINARY, '[["ping",1]]'), 4202],
    ['of text that is no packet', frame(TEXT, 'hello'), 4202],
  ])('%s', async (_name, sent, code) => {
    const site = await openHere()
    const other = openSocket(site.url)
    await other.next('welcome')
    const socket = dial(site.url, upgradeTo(protocolsOf(helloOf())))
    await until(() => site.server.stats().links === 2, 'the link')
    const answer = answerOf(socket)
    socket.write(sent)
    expect(closeCodeIn(await answer)).toBe(code)
    expect(site.errors).toEqual([])
    // Its session is kept, and nobody else has noticed.
    await until(() => site.server.stats().links === 1, 'the end of the link')
    expect(site.server.stats().sessions).toBe(2)
    other.say(['ping', 7])
    expect(await other.next('pong')).toEqual(['pong', 7])
  })

  test('pings from one who reads nothing fill no memory: beyond a bound none is answered', async () => {
    const site = await openHere({ limits: { buffered: 65_536 } })
    const socket = dial(site.url, upgradeTo(protocolsOf(helloOf())))
    socket.pause()
    await until(() => site.server.stats().links === 1, 'the link')
    const before = buffersInUse()
    const burst = many(1_000, frame(PING, 'x'.repeat(125)))
    // All of them are read: a connection that was stopped instead would take no more.
    for (let n = 0; n < 400; n++) await new Promise((resolve) => socket.write(burst, resolve))
    await until(() => buffersInUse() - before < 8 * 2 ** 20, 'all but what is in the network to be given back', 20_000)
    expect(site.server.stats().links).toBe(1)
    socket.destroy()
    await until(() => site.server.stats().links === 0, 'the end of the link')
  })
})

describe('the handshake', () => {
  const hello = (offer: string): string[] => ['holdfast.1', offer]

  test.each([
    ['a subprotocol that is not ours', ['graphql-ws'], [], 400],
    ['none at all', [], [], 400],
    ['15,000 commas (CVE-2021-32640)', ['holdfast.1' + ','.repeat(15_000)], [], 400],
    ['15,000 spaces (CVE-2021-32640)', ['holdfast.1' + ' '.repeat(15_000) + 'x'], [], 400],
    ['the same subprotocol twice', ['holdfast.1', 'holdfast.1'], [], 400],
    [
      'extensions named like prototypes (GHSA-5v72-xg48-5rpm)',
      ['holdfast.1'],
      ['Sec-WebSocket-Extensions: constructor, __proto__; toString=1'],
      101,
    ],
    [
      'windows that are none',
      ['holdfast.1'],
      ['Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=999999999999'],
      101,
    ],
    ['another version', ['holdfast.1'], ['Sec-WebSocket-Version: 99'], 400],
    ['1,500 headers (CVE-2024-37890)', ['holdfast.1'], Array.from({ length: 1_500 }, (_, n) => `X${n}: 1`), 101],
    ['a foreign origin', ['holdfast.1'], ['Origin: https://evil.example'], 403],
    ['the origin of a sandbox or a file', ['holdfast.1'], ['Origin: null'], 403],
    ['an origin that only begins like ours', ['holdfast.1'], ['Origin: http://x.evil.example'], 403],
    ['an origin that names ours as its user', ['holdfast.1'], ['Origin: http://x@evil.example'], 403],
  ])('%s', async (_name, protocols, lines, status) => {
    const site = await openHere()
    const socket = dial(site.url, upgradeTo(protocols, lines))
    let came = ''
    socket.on('data', (data) => (came += data.toString('latin1')))
    await until(() => came.includes('\r\n\r\n'), 'an answer')
    socket.destroy()
    expect(statusOf(Buffer.from(came))).toBe(status)
    expect(site.errors).toEqual([])
    await until(() => site.server.stats().unauthenticated === 0, 'nothing to be left')
  })

  test.each([
    ['that is no base64url', 'h.!!!', 4202],
    ['that is no JSON', 'h.' + Buffer.from('{').toString('base64url'), 4202],
    ['with a second frame behind it', 'h.' + Buffer.from('{}],["bye"').toString('base64url'), 4202],
    [
      'above 4,096 characters',
      'h.' + Buffer.from(JSON.stringify(helloOf({ credential: 'x'.repeat(4_000) }))).toString('base64url'),
      4202,
    ],
    ['nested without end', 'h.' + Buffer.from('['.repeat(3_000)).toString('base64url'), 4202],
    [
      'with an incarnation beyond counting',
      'h.' + Buffer.from(JSON.stringify({ ...helloOf(), incarnation: 1e300 })).toString('base64url'),
      4202,
    ],
    [
      'of another version',
      'h.' + Buffer.from(JSON.stringify({ ...helloOf(), version: 2 ** 52 })).toString('base64url'),
      4002,
    ],
  ])('a hello %s', async (_name, offer, code) => {
    const site = await openHere()
    const socket = openSocket(site.url, hello(offer))
    expect(await socket.closed).toBe(code)
    expect(site.server.stats()).toMatchObject({ sessions: 0, unauthenticated: 0 })
  })

  test('secrets are never echoed: neither the hello nor what it carries stands in the answer', async () => {
    const site = await openHere()
    const socket = dial(site.url, upgradeTo(protocolsOf(helloOf({ credential: 'secret' }))))
    let came = ''
    socket.on('data', (data) => (came += data.toString('latin1')))
    await until(() => came.includes('\r\n\r\n'), 'an answer')
    socket.destroy()
    const head = came.slice(0, came.indexOf('\r\n\r\n'))
    expect(head).toMatch(/^Sec-WebSocket-Protocol: holdfast\.1$/m)
    expect(head).not.toMatch(/h\.|secret/)
  })
})

test('the corpus, over one WebSocket after another: 4202 or an answer, and the session outlives them all', async () => {
  const site = await openHere({ beat: 600_000 })
  let token = (await openSocket(site.url).next('welcome'))[1].session
  let incarnation = 1
  for (const { input, refused } of packets) {
    const socket = openSocket(site.url, { session: token, incarnation: ++incarnation })
    const [, welcome] = await socket.next('welcome')
    expect(welcome.resumed).toBe(true)
    token = welcome.session
    socket.socket.send(input)
    if (!refused) socket.say(['ping', 77])
    // Some settle what was not handled, or ask for more than is answered: those are closed as well.
    await Promise.race([socket.closed, socket.next('pong').catch(() => {})])
    expect(socket.socket.readyState === 1 || [4202, 4301].includes(await socket.closed)).toBe(true)
    socket.socket.terminate()
  }
  expect(site.errors).toEqual([])
  expect(site.server.stats().sessions).toBe(1)
}, 120_000)
