import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { faultsOf } from './import-edges.ts'

const sourcePaths = readdirSync('packages').flatMap((name) =>
  readdirSync(`packages/${name}/src`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `packages/${name}/src/${path.replaceAll('\\', '/')}`),
)

/** What is wrong with one made-up file, path and text. */
const faults = (path: string, text: string): string[] => faultsOf([{ path: `packages/${path}`, text }])

test('every source file keeps to the import directions, and pure files to their arguments', () => {
  expect(sourcePaths.length).toBeGreaterThan(4)
  expect(faultsOf(sourcePaths.map((path) => ({ path, text: readFileSync(path, 'utf8') })))).toEqual([])
})

describe('the check refuses', () => {
  test.each([
    ['a protocol that imports anything', 'protocol/src/outbox.ts', `import { now } from 'node:perf_hooks'`],
    ['a package reached by path', 'server/src/topics.ts', `import { x } from '../../protocol/src/index.ts'`],
    ['a server that imports the client', 'server/src/server.ts', `import { connect } from '@holdfast/client'`],
    ['an adapter that imports the protocol', 'react/src/feed.ts', `import type { Position } from '@holdfast/protocol'`],
    ['an adapter that brings transports', 'vue/src/composables.ts', `import { connect } from '@holdfast/client/auto'`],
    ['a client that imports node', 'client/src/clock.ts', `import 'node:timers'`],
    ['a pure file that imports the driver', 'client/src/connection.ts', `import { createClient } from './client.ts'`],
    ['a pure file that re-exports the driver', 'client/src/backoff.ts', `export * from './client.ts'`],
    ['a pure file that loads lazily', 'client/src/dialects/plain.ts', `const m = import('../client.ts')`],
    ['a transport that imports the driver', 'client/src/transports/web-socket.ts', `import { x } from '../client.ts'`],
    ['a transport that imports options', 'client/src/transports/x.ts', `import { type A, b } from '../options.ts'`],
    [
      'a driver that imports a transport',
      'client/src/client.ts',
      `import { webSocket } from './transports/web-socket.ts'`,
    ],
    ['a driver that imports the registry', 'client/src/client.ts', `import { lease } from './registry.ts'`],
    ['an index that imports the preset', 'client/src/index.ts', `export { connect } from './auto.ts'`],
    ['a clock in the protocol', 'protocol/src/cursor.ts', `const at = Date.now()`],
    ['chance in a pure file', 'client/src/backoff.ts', `export const wait = (ms: number) => Math.random() * ms`],
    ['a timer in a pure file', 'client/src/connection.ts', `setTimeout(() => {}, 1)`],
    ['a global under its long name', 'client/src/dialect.ts', `export const get = () => globalThis.fetch('/')`],
    ['a window in a pure file', 'client/src/dialect.ts', `const here = window.location`],
    ['a second timer call site', 'client/src/client.ts', `const t = setTimeout(() => {}, 1)`],
    ['two timer call sites in the clock', 'client/src/clock.ts', `setTimeout(f, 1); setTimeout(g, 1)`],
  ])('%s', (_, path, text) => {
    expect(faults(path, text)).not.toEqual([])
  })

  test('two files that import mitt', () => {
    const text = `import mitt from 'mitt'`
    const sources = ['a', 'b'].map((name) => ({ path: `packages/client/src/${name}.ts`, text }))
    expect(faultsOf(sources)).toEqual([expect.stringContaining('wrapped once')])
    expect(faultsOf(sources.slice(1))).toEqual([])
  })
})

describe('the check allows', () => {
  test.each([
    [
      'words in comments and names of members',
      'protocol/src/frames.ts',
      `/* window */ const w = { window: 1 }; f(w.window)`,
    ],
    ['names of types', 'client/src/transport.ts', `export interface Parts { fetch: typeof fetch; window: number }`],
    ['arguments named like globals', 'client/src/connection.ts', `export const go = (window: number) => window + 1`],
    ['types from anywhere in the client', 'client/src/connection.ts', `import type { Options } from './options.ts'`],
    [
      'pure from pure',
      'client/src/dialects/plain.ts',
      `import { x } from '../dialect.ts'; import '@holdfast/protocol'`,
    ],
    [
      'transports with the types of the contract',
      'client/src/transports/x.ts',
      `import { type T } from '../transport.ts'`,
    ],
    ['helpers beside a transport', 'client/src/transports/event-source.ts', `import { parse } from './sse-parser.ts'`],
    [
      'one timer call site in the clock',
      'client/src/clock.ts',
      `export const after = (f: () => void) => setTimeout(f, 1)`,
    ],
    ['entries that import transports', 'client/src/auto.ts', `import { webSocket } from './transports/web-socket.ts'`],
    ['a framework and the client in its adapter', 'vue/src/composables.ts', `import 'vue'; import '@holdfast/client'`],
    ['Node and ws in the server', 'server/src/server.ts', `import 'node:http'; import 'ws'; setTimeout(() => {}, 1)`],
  ])('%s', (_, path, text) => {
    expect(faults(path, text)).toEqual([])
  })
})
