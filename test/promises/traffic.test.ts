// Traffic through cuts, on each transport, in Node.
import { describe } from 'vitest'
import { transportNames } from '../support/world.ts'
import { inNode } from './bench.ts'
import { describeTraffic } from './traffic.ts'

describe.concurrent.each(transportNames)('%s', (transport) => {
  describeTraffic(inNode, transport)
})
