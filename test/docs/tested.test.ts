// The page that says what is tested names tests that there are, and so does SECURITY.md.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Tested {
  missing(): string[]
  hasTitle(file: string, title: string): boolean
  unnamed(): string[]
  isCurrent(): Promise<boolean>
}

const { missing, hasTitle, unnamed, isCurrent } = (await import(
  String(new URL('../../scripts/tested.mjs', import.meta.url))
)) as Tested

test('every title in the map of promises and hard cases stands in its file', () => {
  expect(missing()).toEqual([])
  expect(hasTitle('test/docs/tested.test.ts', 'a title that is nowhere'.toUpperCase())).toBe(false)
})

test('every case that real browsers are put through is in the map', () => {
  expect(unnamed()).toEqual([])
})

test('docs/tested.md is what the map and the last soak make of it (node scripts/tested.mjs --write)', async () => {
  expect(await isCurrent()).toBe(true)
})

test('every claim of SECURITY.md leads to tests that there are, by title', () => {
  const text = readFileSync('SECURITY.md', 'utf8')
  const links = [...text.matchAll(/\[([^\]]+)\]\((test\/[^)]+)\)/g)]
  expect(links.length).toBeGreaterThan(40)
  expect(links.filter(([, title, file]) => !hasTitle(file!, title!)).map(([link]) => link)).toEqual([])
  // In the tables of claims, no row without one.
  const rows = text.split('\n').filter((line) => /^\| (?!claim|---|limit|who|what)/.test(line))
  expect(rows.filter((row) => !row.includes('](test/'))).toEqual([])
})
