// What the recipes say is what test/interop runs against the servers.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { examplesOf } from './pages.ts'

const folder = 'test/interop/recipes'
const told = examplesOf('docs/keep-your-server.md').filter(({ name }) => name)

test.each(readdirSync(folder))('docs/keep-your-server.md has %s as it is tested', (file) => {
  expect(told.find(({ name }) => name === file)?.code).toBe(readFileSync(`${folder}/${file}`, 'utf8'))
})

test('every recipe told is tested', () => {
  expect(new Set(told.map(({ name }) => name))).toEqual(new Set(readdirSync(folder)))
})
