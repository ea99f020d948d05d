// Requests that fail, come twice or break off, in Node.
import { describe } from 'vitest'
import { inNode } from './bench.ts'
import { describeHttpFaults } from './http-faults.ts'

describe.concurrent.each(['eventSource', 'longPolling'] as const)('%s', (transport) =>
  describeHttpFaults(inNode, transport),
)
