// The mutants have to fit the sources: one that does not apply any more proves nothing.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ORACLES } from '../simulation/oracles.ts'

interface Mutant {
  name: string
  file: string
  from: string
  to: string
  by: string[]
  oracle?: string
}

const { mutants } = (await import(String(new URL('mutants.mjs', import.meta.url)))) as { mutants: Mutant[] }

test.each(mutants)('applies: $name', ({ file, from, to }) => {
  expect(readFileSync(file, 'utf8').split(from)).toHaveLength(2)
  expect(to).not.toBe(from)
})

test('there are 25 or more, each with a name of its own', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
  expect(mutants.length).toBeGreaterThanOrEqual(25)
})

test('each oracle of the simulation has a mutant that it has to find', () => {
  const proven = mutants.flatMap(({ oracle }) => oracle ?? [])
  expect([...new Set(proven)].toSorted()).toEqual(Object.keys(ORACLES).toSorted())
})
