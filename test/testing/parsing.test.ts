import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameSplitter } from '../../packages/testing/src/frames.ts'
import { createBodyScanner } from '../../packages/testing/src/http-body.ts'
import { mayBeRequest, parseRequestHead, parseResponseHead } from '../../packages/testing/src/http-head.ts'

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...ends].map((start, i) => bytes.subarray(start, ends[i] ?? bytes.length))
}

const cuts = fc.array(fc.nat(5_000), { maxLength: 40 })

function encodeFrame(opcode: number, fin: boolean, masked: boolean, length: number): Buffer {
  const extended = length > 65_535 ? 8 : length > 125 ? 2 : 0
  const head = Buffer.alloc(2 + extended + (masked ? 4 : 0))
  head[0] = (fin ? 0x80 : 0) | opcode
  head[1] = (masked ? 0x80 : 0) | (extended === 8 ? 127 : extended === 2 ? 126 : length)
  if (extended === 2) head.writeUInt16BE(length, 2)
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, Buffer.alloc(length, opcode)])
}

test('frames are found however the bytes are cut, and no byte is lost', () => {
  const frame = fc.record({
    opcode: fc.constantFrom(0, 1, 2, 8, 9, 10),
    fin: fc.boolean(),
    masked: fc.boolean(),
    length: fc.oneof(fc.nat(130), fc.constantFrom(65_535, 65_536)),
  })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), cuts, (frames, places) => {
      const bytes = Buffer.concat(frames.map((each) => encodeFrame(each.opcode, each.fin, each.masked, each.length)))
      const splitter = createFrameSplitter()
      const pieces = cut(bytes, places).flatMap((part) => splitter.feed(part))
      expect(Buffer.concat(pieces.map((piece) => piece.bytes)).equals(bytes)).toBe(true)
      const heads = pieces.filter(({ first }) => first).map((piece) => piece.frame)
      expect(heads).toEqual(frames.map(({ opcode, fin, length }) => ({ opcode, fin, length })))
      expect(pieces.filter(({ last }) => last)).toHaveLength(frames.length)
    }),
  )
})

test('the end of a chunked body is found however the bytes are cut', () => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), fc.boolean(), cuts, (chunks, trailer, places) => {
      const parts = chunks.flatMap((each) => [`${each.length.toString(16)};x=y\r\n`, each, '\r\n'])
      const body = Buffer.concat(
        [...parts, `0\r\n${trailer ? 'a: b\r\n' : ''}\r\n`].map((part) => Buffer.from(part as string)),
      )
      const scanner = createBodyScanner({ type: 'chunked' })
      const content: Buffer[] = []
      let taken = 0
      let state = 'more'
      for (const part of cut(Buffer.concat([body, Buffer.from('GET ')]), places)) {
        if (state !== 'more') break
        const scan = scanner.feed(part)
        content.push(...scan.content)
        taken += scan.taken
        state = scan.state
      }
      expect([state, taken]).toEqual(['done', body.length])
      expect(Buffer.concat(content).equals(Buffer.concat(chunks))).toBe(true)
    }),
  )
})

test('parsers take any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      const bytes = Buffer.from(noise)
      parseRequestHead(bytes)
      parseResponseHead(bytes, 'GET')
      createFrameSplitter().feed(bytes)
      expect(createBodyScanner({ type: 'chunked' }).feed(bytes).taken).toBeLessThanOrEqual(bytes.length)
    }),
  )
})

test('heads tell how the body ends', () => {
  const request = (head: string) => parseRequestHead(Buffer.from(`${head}\r\n\r\n`))?.framing
  const response = (head: string, method = 'GET') => parseResponseHead(Buffer.from(`${head}\r\n\r\n`), method)?.framing
  expect(request('GET / HTTP/1.1')).toEqual({ type: 'none' })
  expect(request('POST / HTTP/1.1\r\nContent-Length: 12')).toEqual({ type: 'length', length: 12 })
  expect(request('POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked')).toEqual({ type: 'chunked' })
  expect(request('POST / HTTP/1.1\r\nContent-Length: -1')).toBeUndefined()
  expect(request('GET / HTTP/2.0')).toBeUndefined()
  expect(response('HTTP/1.1 200 OK')).toEqual({ type: 'until-close' })
  expect(response('HTTP/1.1 200')).toEqual({ type: 'until-close' })
  expect(response('HTTP/1.1 204 No Content\r\nContent-Length: 3')).toEqual({ type: 'none' })
  expect(response('HTTP/1.1 200 OK\r\nContent-Length: 3', 'HEAD')).toEqual({ type: 'none' })
  expect(mayBeRequest(Buffer.from('PO'))).toBe(true)
  expect(mayBeRequest(Buffer.from([22, 3, 1]))).toBe(false)
})
