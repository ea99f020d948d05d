// A deployment, in Node.
import { describe } from 'vitest'
import { transportNames } from '../support/world.ts'
import { inNode } from './bench.ts'
import { describeDrain } from './drain.ts'

describe.concurrent.each(transportNames)('%s', (transport) => {
  describeDrain(inNode, transport)
})
