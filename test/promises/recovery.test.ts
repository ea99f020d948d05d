// What is lost on the way, in Node.
import { describe } from 'vitest'
import { transportNames } from '../support/world.ts'
import { inNode } from './bench.ts'
import { describeRecovery, describeStreamAnswers, describeWebSocketFaults } from './recovery.ts'

describe.concurrent.each(transportNames)('%s', (transport) => {
  describeRecovery(inNode, transport)
  if (transport === 'eventSource') describeStreamAnswers(inNode, transport)
})
describe.concurrent('upgrades and frames', () => {
  describeWebSocketFaults(inNode)
})
