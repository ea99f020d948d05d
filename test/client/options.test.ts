import { describe, expect, it, vi } from 'vitest'
import { holdfast } from '../../packages/client/src/dialects/holdfast.ts'
import { settle, type ClientOptions } from '../../packages/client/src/options.ts'
import { scriptedTransport } from '../support/scripted-transport.ts'

const transports = [scriptedTransport()]

describe('options', () => {
  it('have the defaults that are documented', () => {
    expect(settle({ transports }, holdfast())).toMatchObject({
      minUptime: 5000,
      maxAttempts: Infinity,
      reprobe: 30_000,
      linger: 1000,
      timeouts: { authorize: 10_000, open: 10_000, join: 8000 },
      outbox: { maxMessages: 10_000, maxBytes: 2 ** 24, overflow: 'reject' },
      heartbeat: {},
      dialect: { name: 'holdfast' },
    })
  })

  it('given as undefined hide no default, in groups neither', () => {
    const given = { transports, linger: undefined, dialect: undefined, timeouts: { open: undefined, join: 5 } }
    expect(settle(given as unknown as ClientOptions, holdfast())).toMatchObject({
      linger: 1000,
      dialect: { name: 'holdfast' },
      timeouts: { open: 10_000, join: 5 },
    })
  })

  it.each([
    ['linger', { linger: NaN }],
    ['minUptime', { minUptime: -1 }],
    ['open', { timeouts: { open: -5 } }],
    ['maxBytes', { outbox: { maxBytes: NaN } }],
    ['transports', { transports: [] }],
  ] as [string, Partial<ClientOptions>][])('that would hang or spin are refused by name: %s', (name, options) => {
    expect(() => settle({ transports, ...options })).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(name) }),
    )
  })
})

it('the package can be imported, and a client made, where there is no page', async () => {
  expect([typeof window, typeof document]).toEqual(['undefined', 'undefined'])
  vi.resetModules()
  const { createClient, webSocket } = await import('../../packages/client/src/index.ts')
  const client = createClient('https://example.test', { transports: [webSocket()], autoConnect: false })
  expect(client.status).toBe('idle')
  await client.close()
})
