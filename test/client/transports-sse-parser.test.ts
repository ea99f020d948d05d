import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createStreamParser } from '../../packages/client/src/transports/sse-parser.ts'
import type { StreamEvent } from '../../packages/client/src/transports/sse-parser.ts'

interface Parsed {
  events: StreamEvent[]
  retries: number[]
  sound: boolean
}

/** What comes of pieces of bytes, decoded as a transport decodes them. */
function parse(pieces: Uint8Array[]): Parsed {
  const parsed: Parsed = { events: [], retries: [], sound: true }
  const decoder = new TextDecoder()
  const push = createStreamParser(
    (event) => parsed.events.push(event),
    (delay) => parsed.retries.push(delay),
  )
  for (const piece of pieces) parsed.sound &&= push(decoder.decode(piece, { stream: true }))
  return parsed
}
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const parseText = (text: string): Parsed => parse([bytesOf(text)])

function split(bytes: Uint8Array, at: number[]): Uint8Array[] {
  const cuts = [...at.map((n) => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return cuts.map((cut, i) => bytes.slice(i ? cuts[i - 1] : 0, cut))
}

/** Lines of every sort, with every sort of end. */
const stream = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'data',
        'data:',
        'data: ',
        'event: ',
        'id: ',
        'retry: ',
        ':',
        'x: ',
        ' data: ',
        'Data: ',
        '',
        '',
        '',
      ),
      fc.oneof(
        fc.constantFrom('', ' ', '1', '0x1', ': :', '\0', '🦑', '\u2028'),
        fc.string({ unit: 'grapheme', maxLength: 5 }),
      ),
      fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\n\r'),
    ),
    { maxLength: 30 },
  )
  .map((lines) => lines.map((line) => line.join('')).join(''))

describe('the event stream parser', () => {
  test.each<[name: string, text: string, events: Partial<StreamEvent>[]]>([
    ['one line of data', 'data: a\n\n', [{ type: '', data: 'a', id: '' }]],
    ['no space after the colon', 'data:a\n\n', [{ data: 'a' }]],
    ['only one space is removed', 'data:  a\n\n', [{ data: ' a' }]],
    ['several lines of data', 'data: a\ndata:\ndata: b\n\n', [{ data: 'a\n\nb' }]],
    ['a field without a colon', 'data\n\n', [{ data: '' }]],
    ['two empty lines of data', 'data\ndata\n\n', [{ data: '\n' }]],
    ['type and id', 'event: e\nid: 7\ndata: a\n\n', [{ type: 'e', data: 'a', id: '7' }]],
    [
      'the id stays, the type does not',
      'event: e\nid: 7\ndata: a\n\ndata: b\n\n',
      [{ type: 'e' }, { type: '', id: '7' }],
    ],
    ['an id without data is kept', 'id: 7\n\ndata: a\n\n', [{ id: '7' }]],
    ['an empty id resets it', 'id: 7\n\nid\ndata: a\n\n', [{ id: '' }]],
    ['an id with NUL is ignored', 'id: 7\nid: 8\0\ndata: a\n\n', [{ id: '7' }]],
    ['a type without data is dropped', 'event: e\n\ndata: a\n\n', [{ type: '', data: 'a' }]],
    ['comments and unknown fields', ': hi\nx: y\n:\ndata: a\n\n', [{ data: 'a' }]],
    ['CR', 'data: a\r\rdata: b\r\r', [{ data: 'a' }, { data: 'b' }]],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', [{ data: 'a' }, { data: 'b' }]],
    ['a byte order mark', '\uFEFFdata: a\n\n', [{ data: 'a' }]],
    ['other line separators are data', 'data: a\u2028b\u0085\n\n', [{ data: 'a\u2028b\u0085' }]],
    ['an event that is not finished', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
    ['nothing', '', []],
  ])('%s', (_name, text, events) => {
    const { events: found } = parseText(text)
    expect(found).toHaveLength(events.length)
    expect(found).toMatchObject(events)
  })

  test('tells an id that came without data, once its event is over', () => {
    const told: unknown[] = []
    const push = createStreamParser(
      ({ data, id }) => told.push([data, id]),
      undefined,
      (id) => told.push(id),
    )
    push(': hello\n\nid: 7\ndata: a\n\nid: 8\n\nid: 9')
    expect(told).toEqual([['a', '7'], '8'])
    push('\n\n')
    push('data: b\n\n')
    expect(told.slice(2)).toEqual(['9', ['b', '9']])
  })

  test('tells retry fields made of digits, and no others', () => {
    expect(parseText('retry: 10\nretry: -1\nretry: 1.5\nretry:\nretry: 1e3\nretry:20\n').retries).toEqual([10, 20])
  })

  test('gives the same events however the bytes are divided', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), (text, cuts) => {
        const bytes = bytesOf(text)
        expect(parse(split(bytes, cuts))).toEqual(parseText(text))
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(stream, (text) => {
        const bytes = bytesOf(text)
        expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(parseText(text))
      }),
      { numRuns: 500 },
    )
  })

  test('gives back what was written, whatever the ends of lines', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n\uD800-\uDFFF]/.test(text))
    const written = fc.tuple(
      fc.array(fc.array(line, { minLength: 1, maxLength: 4 })),
      fc.constantFrom('\n', '\r', '\r\n'),
    )
    fc.assert(
      fc.property(written, ([messages, end]) => {
        const text = messages.map((lines) => [...lines.map((data) => `data: ${data}${end}`), end].join('')).join('')
        expect(parseText(text).events.map(({ data }) => data)).toEqual(messages.map((lines) => lines.join('\n')))
      }),
    )
  })

  test.each([
    ['an endless line', ['data: ', 'x'.repeat(65_536)]],
    ['an endless comment', [':', 'x'.repeat(65_536)]],
    ['an endless row of data lines', ['data: a\n', `data: ${'x'.repeat(65_536)}\n`]],
    ['an endless row of short data lines', ['data: a\n', 'data\n'.repeat(65_536)]],
  ])('refuses %s at 2 MiB', (_name, [first, more]) => {
    const push = createStreamParser(() => expect.unreachable())
    let taken = first!.length
    let sound = push(first!)
    while (sound && taken < 2 ** 27) {
      taken += more!.length
      sound = push(more!)
    }
    expect(sound).toBe(false)
    expect(taken).toBeLessThan(2 ** 24)
  })

  test('takes an event of nearly 2 MiB, and comments for ever', () => {
    const found: number[] = []
    const push = createStreamParser(({ data }) => found.push(data.length))
    for (let i = 0; i < 100; i++) expect(push(`:${'x'.repeat(65_536)}\n`)).toBe(true)
    expect(push(`data: ${'x'.repeat(2 ** 21 - 100)}\n\n`)).toBe(true)
    expect(found).toEqual([2 ** 21 - 100])
  })

  test('looks at each character a bounded number of times, in pieces of one', () => {
    const found: number[] = []
    const push = createStreamParser(({ data }) => found.push(data.length))
    push('data: ')
    for (let i = 0; i < 1_000_000; i++) push('x')
    push('\n\n')
    expect(found).toEqual([1_000_000])
  })
})
