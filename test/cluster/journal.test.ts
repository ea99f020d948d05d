// The judge of the cluster tests finds what it is there to find.
import { expect, test } from 'vitest'
import { judge, type Entry } from './journal.ts'

const MESSAGE = { session: 's', serial: 1, id: 's.1', fence: 1, redelivered: false, topic: 'up', data: 0 }
const entry = (over: Partial<Entry>): Entry => ({ did: 'start', node: 'a', ...MESSAGE, ...over })
const [started, ended] = [entry({}), entry({ did: 'end' })]
const second: Partial<Entry> = { serial: 2, id: 's.2', fence: 2, data: 1 }
const sent = [{ topic: 'up', acknowledged: [0] }]

test('what was handled once, or again and marked, breaks nothing', () => {
  const again = entry({ node: 'b', session: 't', redelivered: true })
  expect(judge([started, ended, entry(second), again], sent)).toEqual({
    violations: [],
    starts: 3,
    again: 1,
    handled: { a: 1 },
  })
})

test.each<[what: string, found: RegExp, entries: Entry[]]>([
  ['acknowledged, and never handled', /not handled/, []],
  ['acknowledged, and only started', /not handled/, [started]],
  ['started again without the mark', /not marked/, [started, ended, entry({ node: 'b' })]],
  ['started again by another id', /ids/, [started, ended, entry({ id: 't.1', session: 't', redelivered: true })]],
  ['started again by another fence', /something else/, [started, ended, entry({ fence: 7, redelivered: true })]],
  ['an id that means something else', /something else/, [started, ended, entry({ data: 1, redelivered: true })]],
  ['out of order', /up: 0 started after 1/, [entry({ ...second, session: 't' }), started, ended]],
  ['serials out of order', /session s: 1 started after 2/, [entry({ ...second, topic: 'other' }), started, ended]],
])('%s is a violation', (_, found, entries) => {
  const { violations } = judge(entries, sent)
  expect(violations.join('\n')).toMatch(found)
})
