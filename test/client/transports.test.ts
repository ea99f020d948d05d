import { transportConformance } from './transport-conformance.ts'
import {
  eventSourceHarness,
  longPollingHarness,
  nativeEventSourceHarness,
  webSocketHarness,
} from './transport-harnesses.ts'

transportConformance('webSocket', webSocketHarness)
transportConformance('eventSource', eventSourceHarness)
transportConformance('eventSource with the native class', nativeEventSourceHarness)
transportConformance('longPolling', longPollingHarness)
