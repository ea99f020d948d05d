// What untyped code may get wrong in a rule: one that does nothing would make a test pass that proves nothing.
import { TestingError } from './errors.ts'
import type { Rule } from './rules.ts'

/** What a rule cannot do without. */
const NEEDED: Readonly<Record<Rule['fault'], readonly string[]>> = {
  delay: ['latency'],
  throttle: ['bytesPerSecond'],
  'black-hole': [],
  hold: [],
  refuse: [],
  hang: [],
  fail: [],
  truncate: ['at'],
  duplicate: [],
  stall: ['ms'],
  buffer: [],
  mute: [],
  'drop-frame': [],
  'duplicate-frame': [],
  'delay-frame': ['ms'],
  'truncate-frame': ['at'],
  'duplicate-response': [],
}

const NUMBERS: ReadonlySet<string> = new Set(
  'latency jitter bytesPerSecond ms at after bytes nth times status connection'.split(' '),
)
const POSITIVE: ReadonlySet<string> = new Set(['nth', 'times', 'bytesPerSecond'])

/** The words that a field may have, beside a number where it is one of those. */
function wordsOf(fault: Rule['fault'], field: string): readonly unknown[] {
  switch (field) {
    case 'at':
      return fault === 'truncate' ? ['nothing', 'head', 'half', 'end'] : ['half']
    case 'how':
      return fault === 'refuse' ? ['end', 'reset', 'closed'] : ['end', 'reset']
    case 'direction':
      return ['up', 'down', 'both']
    case 'connections':
      return ['existing', 'new', 'all']
    case 'lost':
      return ['request', 'response']
    case 'head':
      return ['hold', 'pass']
    default:
      return []
  }
}

/** Throws `bad-rule` for a fault that there is none of, a field that is missing, and one that cannot mean anything. */
export function checkRule(rule: Rule): void {
  if (!Object.hasOwn(NEEDED, rule.fault)) {
    const known = Object.keys(NEEDED).join(', ')
    throw new TestingError('bad-rule', `there is no fault ${JSON.stringify(rule.fault)}; there are ${known}`)
  }
  const fields = new Map<string, unknown>(Object.entries(rule))
  for (const field of NEEDED[rule.fault])
    if (fields.get(field) === undefined) throw new TestingError('bad-rule', `${rule.fault}: ${field} is missing`)
  for (const [field, value] of fields) if (value !== undefined) checkField(rule.fault, field, value)
  if (rule.fault === 'fail' && rule.status !== undefined && !(rule.status >= 200 && rule.status <= 599))
    throw new TestingError('bad-rule', `fail: status must be between 200 and 599, got ${rule.status}`)
}

function checkField(fault: Rule['fault'], field: string, value: unknown): void {
  const words = wordsOf(fault, field)
  const isNumber = NUMBERS.has(field)
  const least = POSITIVE.has(field) ? 1 : 0
  if (!isNumber && !words.length) return
  if (words.includes(value)) return
  if (isNumber && typeof value === 'number' && Number.isFinite(value) && value >= least) return
  const wanted = [...(isNumber ? [`a number of at least ${least}`] : []), ...words.map((word) => `'${String(word)}'`)]
  throw new TestingError('bad-rule', `${fault}: ${field} must be ${wanted.join(' or ')}, got ${JSON.stringify(value)}`)
}
