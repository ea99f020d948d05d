/**
 * For tests of anything that must survive a bad network. `memoryNetwork()` and `scriptedServer()` need no network and no time, for unit tests;
 * `faultProxy()` stands in front of a real server and breaks real connections on command.
 *
 * The proxy understands HTTP/1.1 and WebSocket frames well enough to aim; all else passes unchanged, with back-pressure and half-close.
 *
 * | what happens | how to ask for it |
 * |---|---|
 * | links end | `proxy.cut({ how: 'reset', kind: 'webSocket' })` |
 * | one side believes in a link that the other lost | `proxy.cut({ side: 'client' })` |
 * | nobody is there | `proxy.down()`, `proxy.up()`; `{ fault: 'refuse', times: 3 }` |
 * | half-open links, new ones work | `{ fault: 'black-hole', connections: 'existing' }` |
 * | an old link delivers late | `{ fault: 'hold', connections: 'existing' }`, undone later |
 * | TCP accepts, nothing answers | `{ fault: 'hold', connections: 'new' }` |
 * | a slow or narrow network | `{ fault: 'delay', latency: 50 }`, `{ fault: 'throttle', bytesPerSecond: 8_000 }` |
 * | an upgrade is refused, hangs, is late | `fail`, `hang`, `stall` with `kind: 'webSocket'` |
 * | an upgrade succeeds and then there is silence | `{ fault: 'mute' }` |
 * | a request or an answer is lost once | `{ fault: 'fail', kind: 'post', lost: 'response', nth: 1 }` |
 * | an answer breaks off | `{ fault: 'truncate', at: 'half', nth: 1 }` |
 * | a cache gives an answer twice | `{ fault: 'duplicate-response', kind: 'poll', nth: 1 }` |
 * | a proxy repeats a POST | `{ fault: 'duplicate', kind: 'post', after: 1_000 }` |
 * | a proxy buffers a stream | `{ fault: 'buffer', kind: 'stream' }` |
 * | a message is lost, doubled, late, broken off | `drop-frame`, `duplicate-frame`, `delay-frame`, `truncate-frame` |
 *
 * Everything in braces goes to `proxy.rule()`, which returns the undo; `proxy.calm()` undoes all. `proxy.until()` waits for what
 * happened, so that no test needs to sleep.
 *
 * @packageDocumentation
 */
export { faultProxy } from './proxy.ts'
export type { FaultProxy, FaultProxyOptions, Target } from './proxy.ts'
export type { ConnectionInfo, CutOptions } from './hub.ts'
export type { Classify, ClassifiableRequest } from './exchange.ts'
export type { Counters } from './tally.ts'
export type {
  Aim,
  BlackHoleRule,
  BufferRule,
  DelayFrameRule,
  DelayRule,
  Direction,
  DropFrameRule,
  DuplicateFrameRule,
  DuplicateResponseRule,
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
  TruncateFrameRule,
  TruncateRule,
  Turns,
} from './rules.ts'
export * from './memory.ts'
