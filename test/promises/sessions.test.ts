// Who a session belongs to, and when it ends, in Node.
import { describe } from 'vitest'
import { transportNames } from '../support/world.ts'
import { inNode } from './bench.ts'
import { describeSessions } from './sessions.ts'

describe.concurrent.each(transportNames)('%s', (transport) => {
  describeSessions(inNode, transport)
})
