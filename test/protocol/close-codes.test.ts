import { blamesMessage, CloseCode, closePolicy } from '@holdfast/protocol'
import { expect, test } from 'vitest'

// PROTOCOL.md §9.1, row by row: what the client does, and whether the message on the link is suspected.
test.each([
  [1000, 'retry', false],
  [1001, 'retry', false],
  [1002, 'fault', true],
  [1003, 'fault', true],
  [1004, 'retry', false],
  [1005, 'retry', false],
  [1006, 'retry', false],
  [1007, 'fault', true],
  [1008, 'fresh', false],
  [1009, 'later', true],
  [1010, 'retry', false],
  [1011, 'retry', true],
  [1012, 'later', false],
  [1013, 'later', false],
  [1014, 'retry', false],
  [1015, 'retry', false],
  [3000, 'retry', false],
  [3999, 'retry', false],
  [CloseCode.stopped, 'stop', false],
  [CloseCode.forbidden, 'stop', false],
  [CloseCode.version, 'stop', false],
  [4099, 'stop', false],
  [CloseCode.unauthenticated, 'authenticate', false],
  [CloseCode.expired, 'authenticate', false],
  [4199, 'authenticate', false],
  [CloseCode.overloaded, 'later', false],
  [CloseCode.stopping, 'later', false],
  [CloseCode.protocol, 'fault', true],
  [CloseCode.tooLarge, 'later', true],
  [4299, 'later', false],
  [CloseCode.drain, 'now', false],
  [CloseCode.slow, 'now', false],
  [CloseCode.stale, 'now', false],
  [CloseCode.silent, 'now', false],
  [4399, 'now', false],
  [CloseCode.takenOver, 'fresh', false],
  [CloseCode.otherIdentity, 'fresh', false],
  [CloseCode.noProgress, 'fresh', false],
  [4499, 'fresh', false],
  [4500, 'retry', false],
  [4999, 'retry', false],
  [0, 'retry', false],
  [-1, 'retry', false],
  [5000, 'retry', false],
  [Number.NaN, 'retry', false],
  [Number.POSITIVE_INFINITY, 'retry', false],
  [Number.MAX_SAFE_INTEGER, 'retry', false],
] as const)('%d: %s, blames a message: %s', (code, policy, blames) => {
  expect(closePolicy(code)).toBe(policy)
  expect(blamesMessage(code)).toBe(blames)
})

test('every code that a server closes with is in a range with a policy', () => {
  for (const code of Object.values(CloseCode)) expect(closePolicy(code)).not.toBe('retry')
})
