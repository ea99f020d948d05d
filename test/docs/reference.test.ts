// What pages say of options, defaults and codes is what the code says; what is exported says what it is.
import { readdirSync, readFileSync } from 'node:fs'
import { settle as settleClient } from '../../packages/client/src/options.ts'
import { settle as settleServer } from '../../packages/server/src/options.ts'
import { webSocket } from '@holdfast/client'
import { describe, expect, test } from 'vitest'
import { rowsOf } from './pages.ts'
import { exportsOf, type Declaration, type Member } from './surface.ts'

const entries = {
  client: exportsOf('packages/client/src/index.ts'),
  auto: exportsOf('packages/client/src/auto.ts'),
  plain: exportsOf('packages/client/src/plain.ts'),
  'drop-in': exportsOf('packages/client/src/drop-in.ts'),
  server: exportsOf('packages/server/src/index.ts'),
  protocol: exportsOf('packages/protocol/src/index.ts'),
  redis: exportsOf('packages/redis/src/index.ts'),
  testing: exportsOf('packages/testing/src/index.ts'),
  codecChecks: exportsOf('packages/testing/src/codec.ts'),
  react: exportsOf('packages/react/src/index.ts'),
  vue: exportsOf('packages/vue/src/index.ts'),
}

function membersOf(exports: readonly Declaration[], name: string): Member[] {
  const found = exports.find((declaration) => declaration.name === name)
  if (!found?.members.length) throw new Error(`no interface ${name} is exported`)
  return found.members
}

/** What replaces the platform in tests, and is not in the tables. */
const forTests = new Set(['clock', 'random', 'environment', 'now', 'codec'])
const documented = (members: readonly Member[]): Member[] => members.filter(({ name }) => !forTests.has(name))

describe('tables of options name each option with the default of its docstring', () => {
  test.each([
    ['README.md', entries.client, 'ClientOptions'],
    ['docs/running-a-server.md', entries.server, 'ServerOptions'],
    ['docs/running-a-server.md', entries.server, 'ServerLimits'],
    ['docs/running-a-server.md', entries.server, 'MemoryLogOptions'],
    ['docs/redis.md', entries.redis, 'RedisConnectionOptions'],
    ['docs/redis.md', entries.redis, 'RedisLogOptions'],
    ['docs/redis.md', entries.redis, 'RedisSessionsOptions'],
    ['docs/drop-in.md', entries['drop-in'], 'WebSocketClassOptions'],
    ['docs/drop-in.md', entries['drop-in'], 'HoldfastServerOptions'],
    ['docs/drop-in.md', entries['drop-in'], 'PlainServerOptions'],
    ['docs/drop-in.md', entries.server, 'SocketOptions'],
  ] as const)('%s: %#', (page, exports, name) => {
    const rows = rowsOf(page).map(([option, byDefault]) => `${option}: ${byDefault}`)
    const said = ({ name: option, byDefault }: Member): boolean =>
      rows.some((row) =>
        byDefault === undefined ? row.startsWith(`${option}: `) : row === `${option}: ${byDefault.replaceAll('`', '')}`,
      )
    expect(documented(membersOf(exports, name)).filter((member) => !said(member))).toEqual([])
  })

  test('README.md lists the options of send()', () => {
    const names = rowsOf('README.md').map(([name]) => name)
    for (const { name } of membersOf(entries.client, 'SendOptions')) expect(names).toContain(name)
  })
})

test('docs/plain.md says of each mapping what it switches on', () => {
  const names = rowsOf('docs/plain.md').flatMap(([first = '']) => first.split(', '))
  expect(membersOf(entries.plain, 'PlainOptions').map(({ name }) => name)).toEqual(
    expect.arrayContaining(names.filter(Boolean)),
  )
  for (const { name } of membersOf(entries.plain, 'PlainOptions')) expect(names).toContain(name)
})

describe('pages on a contract name each of its members', () => {
  test.each([
    ['docs/write-a-dialect.md', ['Dialect', 'Host', 'Session', 'Wire']],
    ['docs/write-a-transport.md', ['Transport', 'Opening', 'LinkEvents', 'Link', 'Wire', 'Ask', 'About', 'Cause']],
    ['docs/write-a-codec.md', ['PayloadCodec']],
  ] as const)('%s', (page, contracts) => {
    const told = new Set(
      readFileSync(page, 'utf8')
        .match(/`[^`\n]+`/g)!
        .flatMap((code) => code.match(/\w+/g)!),
    )
    const members = contracts.flatMap((name) => membersOf(entries.client, name))
    expect(members.filter(({ name }) => !told.has(name)).map(({ name }) => name)).toEqual([])
  })
})

/** `10_000` and `4 MiB` as numbers; undefined for what is not one. */
function numberOf(text: string | undefined): number | undefined {
  const [, digits = '', unit] = /^([\d_]+|Infinity)(?: (KiB|MiB))?$/.exec(text ?? '') ?? []
  return digits
    ? Number(digits.replaceAll('_', '')) * (unit === 'MiB' ? 2 ** 20 : unit === 'KiB' ? 1024 : 1)
    : undefined
}

describe('defaults in docstrings are those that hold', () => {
  test.each([
    ['ClientOptions', entries.client, settleClient({ transports: [webSocket()] })],
    ['ServerOptions', entries.server, settleServer({})],
    ['ServerLimits', entries.server, settleServer({}).limits],
  ] as const)('%s', (name, exports, settled) => {
    const told = membersOf(exports, name).map(({ name: option, byDefault }) => [option, numberOf(byDefault)] as const)
    const numbers = told.filter(([, value]) => value !== undefined)
    expect(numbers.length).toBeGreaterThan(3)
    expect(Object.fromEntries(numbers)).toEqual(
      Object.fromEntries(numbers.map(([option]) => [option, (settled as unknown as Record<string, unknown>)[option]])),
    )
  })
})

/** Where codes stand in the sources: as an argument, a field, or a comparison. */
const codePatterns = [
  /(?:HoldfastError|RejectError)\(\s*'([a-z-]+)'/g,
  /\berror\('(?:not-sent|rejected|in-doubt)', '([a-z-]+)'/g,
  /\b(?:report|refuse|clear)\('([a-z-]+)'/g,
  /\b(?:drop|abort)\(\w+, '([a-z-]+)'/g,
  /\bcode(?:: | = | === |: \w+ = )'([a-z-]+)'/g,
  /\bsender\.close\([^)]*?'([a-z-]+)' : '([a-z-]+)'/g,
  /: '([a-z]+-failed)'/g,
  /^ \* - `([a-z-]+)`: /gm,
  // Reported with the loss of a link.
  /\bfault: '([a-z-]+)'/g,
]

function codesIn(packages: readonly string[]): Set<string> {
  const codes = new Set<string>()
  for (const name of packages)
    for (const path of readdirSync(`packages/${name}/src`, { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts')) continue
      const text = readFileSync(`packages/${name}/src/${path}`, 'utf8')
      for (const pattern of codePatterns)
        for (const [, ...found] of text.matchAll(pattern)) for (const code of found) if (code) codes.add(code)
    }
  return codes
}

test('docs/errors.md has every code of the sources, and no other', () => {
  const told = rowsOf('docs/errors.md').flatMap(([codes = '']) => codes.split(', '))
  // Said in a sentence of its own: it is the application that throws it.
  told.push('auth-refused')
  expect([...new Set(told)].sort()).toEqual(
    [...codesIn(['client', 'protocol', 'server', 'redis', 'react', 'vue'])].sort(),
  )
})

describe('everything that is exported says what it is', () => {
  const lacking = ({ name, path, comment, members }: Declaration, deep: boolean): string[] => [
    ...(comment ? [] : [`${path}: ${name}`]),
    ...(deep ? members : []).filter((member) => !member.comment).map((member) => `${path}: ${name}.${member.name}`),
  ]
  // Fields of frames are described in PROTOCOL.md, which their types name; those of rules beside the rule.
  test.each([
    'client',
    'auto',
    'plain',
    'drop-in',
    'server',
    'testing',
    'codecChecks',
    'protocol',
    'react',
    'vue',
  ] as const)('%s', (name) => {
    expect(entries[name].flatMap((declaration) => lacking(declaration, !/protocol|testing/.test(name)))).toEqual([])
  })
})
