// Requests that fail, come twice or break off, in Node.
import { describe } from 'vitest'
import { inNode } from './bench.ts'
import { describePollFaults, describePostFaults } from './http-faults.ts'

describe.concurrent.each(['eventSource', 'longPolling'] as const)('%s', (transport) => {
  describePostFaults(inNode, transport)
})
describe.concurrent('polls', () => {
  describePollFaults(inNode)
})
