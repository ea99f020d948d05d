// The reference names everything that applications import, and every member of it: no less, and nothing that is not there.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { exportsOf } from './surface.ts'

const page = readFileSync('docs/api.md', 'utf8')
const packages = {
  client: exportsOf('packages/client/src/index.ts'),
  server: exportsOf('packages/server/src/index.ts'),
}

/** First words of the rows below a heading. */
function rowsBelow(heading: string): string[] {
  const [, section] = page.split(`\n### \`${heading}\`\n`)
  if (section === undefined) throw new Error(`docs/api.md has no section on ${heading}`)
  const rows = section.split(/\n##/, 1)[0]!.matchAll(/^\| `(\[[\w.]+\]|\w+)/gm)
  return [...rows].map(([, name = '']) => name)
}

const namesOf = (members: readonly { name: string }[]): string[] => [...new Set(members.map(({ name }) => name))].sort()

/** Told on a page of their own, where other tests hold them against the code. */
const elsewhere = new Set(
  `
  Transport Opening LinkEvents Link Dialect Host Session Wire Ask About Parcel Terms PayloadCodec
  PlainOptions PlainAck PlainPosition PlainRequest PlainWelcome Clock ServerOptions ServerLimits
  MemoryLogOptions SocketOptions ServerSocket LinkEnd Random Log Page Located Entry AppendedEntry
  HoldfastErrorOptions SessionStore StoreNode NewRecord Claim Claimed Gone Refused Pending Batch Seized Whereabouts
  `
    .trim()
    .split(/\s+/),
)

describe.each(['client', 'server'] as const)('docs/api.md on the %s', (name) => {
  test('names every export', () => {
    const told = new Set(page.match(/`[^`\n]+`/g)!.flatMap((code) => code.match(/\w+/g) ?? []))
    expect(namesOf(packages[name]).filter((exported) => !told.has(exported))).toEqual([])
  })

  const shapes = packages[name].filter(({ name: shape, members }) => members.length > 0 && !elsewhere.has(shape))
  test.each(shapes)('has the members of $name', ({ name: shape, members }) => {
    expect(rowsBelow(shape).sort()).toEqual(namesOf(members))
  })
})

test('what a page of its own tells is exported', () => {
  const exported = new Set([...packages.client, ...packages.server].map(({ name }) => name))
  expect([...elsewhere].filter((name) => !exported.has(name))).toEqual([])
})
