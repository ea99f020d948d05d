// The promises in real Chromium: the scenarios of Node, on the platform's own WebSocket, fetch and EventSource.
import { afterAll, beforeAll, describe, inject } from 'vitest'
import type { TransportSpec } from '../promises/agent.ts'
import type { Place } from '../promises/bench.ts'
import { describeDrain } from '../promises/drain.ts'
import { describeFallback } from '../promises/fallback.ts'
import { describePollFaults, describePostFaults } from '../promises/http-faults.ts'
import { describeRecovery, describeStreamAnswers, describeWebSocketFaults } from '../promises/recovery.ts'
import { describeResumeTime } from '../promises/resume-time.ts'
import { describeSessions } from '../promises/sessions.ts'
import { describeTraffic } from '../promises/traffic.ts'
import { describeTruth } from '../promises/truth.ts'
import { transportNames } from '../support/world.ts'
import { startChromium, type Chromium } from './chromium.ts'

let chromium: Chromium
beforeAll(async () => {
  chromium = await startChromium(inject('browserPath'))
})
afterAll(() => chromium?.close())

/** Tests are declared before the browser runs. */
const here: Place = {
  figure: (what, time) => chromium.figure(what, time),
  enter: () => chromium.enter(),
}

const transports: readonly TransportSpec[] = ['webSocket', 'eventSource', 'nativeEventSource', 'longPolling']

// By themselves: what runs beside them would be measured, too.
describe('resume time', () => {
  for (const transport of transportNames) describeResumeTime(here, transport)
})
describe.concurrent('all three transports', () => {
  describeFallback(here)
})
describe.concurrent.each(transports)('%s', (transport) => {
  describeTraffic(here, transport)
  // Up it is the same code, whatever the stream is read with.
  if (transport !== 'nativeEventSource') describeTruth(here, transport)
  describeSessions(here, transport)
  describeDrain(here, transport)
  describeRecovery(here, transport)
  if (transport !== 'longPolling' && transport !== 'webSocket') describeStreamAnswers(here, transport)
  if (transport !== 'webSocket') describePostFaults(here, transport)
})
describe.concurrent('upgrades and frames', () => {
  describeWebSocketFaults(here)
})
describe.concurrent('polls', () => {
  describePollFaults(here)
})
