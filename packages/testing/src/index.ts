/**
 * A TCP proxy that breaks connections on command: for tests of anything that must survive a bad network.
 *
 * @packageDocumentation
 */
export { faultProxy } from './proxy.ts'
export type { ConnectionInfo, CutOptions, FaultProxy, FaultProxyOptions, Target } from './proxy.ts'
export type { Classify, ClassifiableRequest } from './exchange.ts'
export type { EventFilter, Happening, ProxyEvent, UntilOptions } from './events.ts'
export type { Counters } from './tally.ts'
export { FaultProxyError } from './errors.ts'
export type {
  Aim,
  BlackHoleRule,
  BufferRule,
  DelayFrameRule,
  DelayRule,
  Direction,
  DropFrameRule,
  DuplicateFrameRule,
  DuplicateRule,
  Ending,
  ExchangeInfo,
  FailRule,
  FaultName,
  HangRule,
  HoldRule,
  Kind,
  MuteRule,
  RefuseRule,
  Rule,
  StallRule,
  ThrottleRule,
  TruncateRule,
  Turns,
} from './rules.ts'
