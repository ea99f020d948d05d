import { UP_FRAMES, json } from '@holdfast/protocol'
import type { Codec, DownFrame, Hello, Packet, UpFrame } from '@holdfast/protocol'
import { describe, expect, test } from 'vitest'
import type { Host, Session, Wire } from '../../packages/client/src/dialect.ts'
import { createWire } from '../../packages/client/src/dialects/holdfast-wire.ts'
import { holdfast } from '../../packages/client/src/dialects/holdfast.ts'
import { HELLO, WELCOME, createManualClock } from './transport-kit.ts'

const wireOf = (hello: Hello | null): Wire => createWire(json, hello)
const helloWith = (more: Partial<Hello>): Hello => ({ ...HELLO, ...more })
const decodeHeader = (offered: string): unknown =>
  JSON.parse(Buffer.from(offered.slice(2), 'base64url').toString('utf8'))
const atOf = (n: number, ...frames: DownFrame[]): string => JSON.stringify([['at', n], ...frames])

/** A session whose host only takes its frames. */
function sessionOf(codec: Codec = json): { session: Session; pushed: Packet[] } {
  const pushed: Packet[] = []
  const settings = { clock: createManualClock() }
  const host = { settings, outbox: {}, topics: {}, push: (frame: Packet) => pushed.push(frame) } as unknown as Host
  return { session: holdfast({ codec }).session(host), pushed }
}

/** As a server sees a packet: the frames, if they are well formed. */
const framesUp = (packet: unknown): unknown => json.decode<UpFrame>(packet, UP_FRAMES)

describe('the hello of a WebSocket', () => {
  test('rides in the subprotocol, as base64url of UTF-8 without padding', () => {
    for (let length = 0; length < 300; length++) {
      const hello = helloWith({ credential: '>?é🦑\ud800'.repeat(length % 5) + 'x'.repeat(length) })
      const { protocols, first } = wireOf(hello)
      expect(first).toBeNull()
      expect(protocols[0]).toBe('holdfast.1')
      expect(protocols[1]).toMatch(/^h\.[\w-]+$/)
      expect(decodeHeader(protocols[1]!)).toEqual(hello)
    }
  })

  test('goes as the first message exactly when the subprotocol would be above 4,096 characters', () => {
    const hellos = Array.from({ length: 200 }, (_, i) => helloWith({ credential: 'x'.repeat(2900 + i) }))
    const offers = hellos.map((said) => {
      const { protocols, first } = wireOf(said)
      return { said, protocols, first, full: 2 + Buffer.from(JSON.stringify(said)).toString('base64url').length }
    })
    const riding = offers.filter(({ first }) => first === null)
    const walking = offers.filter(({ first }) => first !== null)
    expect(riding.every(({ full, protocols }) => full <= 4096 && protocols[1]!.length === full)).toBe(true)
    expect(Math.max(...riding.map(({ full }) => full))).toBeGreaterThan(4090)
    expect(walking.every(({ full, protocols }) => full > 4096 && protocols.length === 1)).toBe(true)
    expect(walking.map(({ first }) => framesUp(first))).toEqual(walking.map(({ said }) => [['hello', said]]))
  })

  test('waits where the link is to be tried first: a ping goes before it', () => {
    const { protocols, first } = wireOf(null)
    expect(protocols).toEqual(['holdfast.1'])
    expect(framesUp(first)).toEqual([['ping', 0]])
  })

  test('says on HTTP how it comes', () => {
    const wire = wireOf(HELLO)
    for (const via of ['sse', 'poll', 'ticket'] as const)
      expect(framesUp(wire.hello(via)?.body)).toEqual([['hello', { ...HELLO, via }]])
  })
})

describe('heads of POSTs and polls', () => {
  test('carry the session of the welcome, and numbers that count per link', () => {
    const wire = wireOf(HELLO)
    wire.decode(JSON.stringify([WELCOME]))
    expect(wire.request('post', ['["ping",1]']).body).toBe('[["post","token",1,1],["ping",1]]')
    expect(wire.request('post', []).body).toBe('[["post","token",1,2]]')
    expect(wire.request('poll', []).body).toBe('[["poll","token",1,0]]')
    expect(wireOf(helloWith({ session: 'kept', incarnation: 4 })).request('post', []).body).toBe(
      '[["post","kept",4,1]]',
    )
  })

  test('confirm the highest response that was decoded', () => {
    const wire = wireOf(helloWith({ session: 's' }))
    const confirmed = (): unknown => JSON.parse(String(wire.request('poll', []).body))[0][3]
    expect(confirmed()).toBe(0)
    wire.decode(atOf(5, ['pong', 1]))
    expect(confirmed()).toBe(5)
    wire.decode(atOf(3, ['pong', 1]))
    expect(confirmed()).toBe(5)
  })
})

describe('decoding', () => {
  test('takes the `at` off, and gives a response that comes again no second time', () => {
    const wire = wireOf(HELLO)
    expect(wire.decode(atOf(0, WELCOME))).toEqual([WELCOME])
    expect(wire.decode(atOf(2, ['pong', 1], ['pong', 2]))).toEqual([
      ['pong', 1],
      ['pong', 2],
    ])
    expect(wire.decode(atOf(2, ['pong', 1], ['pong', 2]))).toEqual([])
    expect(wire.decode(atOf(3, ['pong', 3]))).toEqual([['pong', 3]])
    expect(wire.decode('[["pong",3]]')).toEqual([['pong', 3]])
  })

  test('says what is wrong with anything else, and remembers nothing of it', () => {
    const wire = wireOf(HELLO)
    for (const packet of [
      '',
      '{}',
      'null',
      '[1]',
      '[["hello",{}]]',
      '[["at",9],["nonsense"]]',
      '[["at",-1]]',
      null,
      7,
      new ArrayBuffer(2),
    ])
      expect(wire.decode(packet)).toHaveProperty('malformed')
    expect(wire.request('poll', []).body).toContain(',0]')
  })

  test('lowers the packet limit to what the server tells, and never raises it', () => {
    const wire = wireOf(HELLO)
    const limitAfter = (packet: number): number => {
      const [, welcome] = WELCOME as Extract<DownFrame, readonly ['welcome', unknown]>
      wire.decode(JSON.stringify([['welcome', { ...welcome, limits: { ...welcome.limits, packet } }]]))
      return wire.limit
    }
    expect(wire.limit).toBe(262_144)
    expect(limitAfter(1000)).toBe(1000)
    expect(limitAfter(10_000_000)).toBe(262_144)
  })
})

describe('frames up', () => {
  const data = { text: 'hi "there" \u2028' }

  test('are what a server takes in', () => {
    const { session, pushed } = sessionOf()
    const payload = session.payload('chat', data, false)
    const frames = [
      session.message({ serial: 1, topic: 'a "quoted" 🦑', payload, id: null })!,
      session.message({ serial: 2, topic: 'chat', payload, id: 's1.2' })!,
      session.message({ serial: 3, topic: 'chat', payload: null, id: null })!,
      session.volatile('chat', payload),
    ]
    session.subscribe('chat', null)
    session.ping()
    expect(framesUp(wireOf(HELLO).pack([...frames, ...pushed])[0])).toEqual([
      ['send', 1, 'a "quoted" 🦑', data],
      ['send', 2, 'chat', data, 's1.2'],
      ['void', 3],
      ['volatile', 'chat', data],
      ['subscribe', 'chat', null],
      ['ping', 1],
    ])
  })

  test('refuse what cannot travel', () => {
    const { session } = sessionOf()
    const cycle: unknown[] = []
    cycle.push(cycle)
    for (const bad of [undefined, () => 1, 1n, cycle])
      expect(() => session.payload('chat', bad, false)).toThrow(TypeError)
  })

  test('go through the codec that was given', () => {
    const loud = { ...json, encode: (value: unknown) => json.encode(value).toUpperCase() }
    expect(sessionOf(loud).session.volatile('chat', { packet: '1' })).toBe('["VOLATILE","CHAT",1]')
  })
})
