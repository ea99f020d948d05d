// What `send()` says became of a message, in Node.
import { describe } from 'vitest'
import { transportNames } from '../support/world.ts'
import { inNode } from './bench.ts'
import { describeTruth } from './truth.ts'

describe.concurrent.each(transportNames)('%s', (transport) => {
  describeTruth(inNode, transport)
})
