// The example tests of the guide run here as they would with whoever copies them.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Rule, TestingError } from '@holdfast/testing'
import { exampleNamed, rowsOf } from './pages.ts'
import { makeFolder, writeExample } from './workshop.ts'

const page = 'docs/testing.md'
const folder = makeFolder('testing')
const write = (name: string): string => writeExample(folder, exampleNamed(page, name))

describe.each(['chat.test.ts', 'chat-tcp.test.ts'])('%s', async (name) => {
  write('chat.ts')
  await import(pathToFileURL(write(name)).href)
})

test('the table of faults has every one of them', () => {
  const faults: { readonly [fault in Rule['fault']]: true } = {
    delay: true,
    throttle: true,
    'black-hole': true,
    hold: true,
    refuse: true,
    hang: true,
    fail: true,
    truncate: true,
    duplicate: true,
    stall: true,
    buffer: true,
    mute: true,
    'drop-frame': true,
    'duplicate-frame': true,
    'delay-frame': true,
    'truncate-frame': true,
    'duplicate-response': true,
  }
  const guide = readFileSync(page, 'utf8')
  const isTold = (fault: string): boolean => guide.includes(`'${fault}'`) || guide.includes(`\`${fault}\``)
  expect(Object.keys(faults).filter((fault) => !isTold(fault))).toEqual([])
})

test('the table of errors has every code', () => {
  const codes: { readonly [code in TestingError['code']]: true } = {
    'timed-out': true,
    closed: true,
    'bad-rule': true,
    'cannot-listen': true,
    'no-link': true,
    endless: true,
  }
  const told = rowsOf(page).map(([first]) => first)
  expect(Object.keys(codes).filter((code) => !told.includes(code))).toEqual([])
})
