/**
 * What needs no Node: virtual time, a network in memory and a scripted server, for tests that run in a browser. The same as in the main entry.
 *
 * @packageDocumentation
 */
export { TestingError } from './errors.ts'
export type { EventFilter, Happening, ProxyEvent, UntilOptions } from './events.ts'
export { memoryNetwork } from './memory/network.ts'
export type { MemoryCutOptions, MemoryNetwork, MemoryNetworkOptions, MemoryRule } from './memory/network.ts'
export type { MemorySocket, SocketEvents, SocketServer } from './memory/socket.ts'
export type { MemoryWebSocket } from './memory/web-socket.ts'
export { drops, inTurn, neverOpens, refuses, staysMute, welcomes } from './scripted/behaviours.ts'
export type { Behaviour } from './scripted/behaviours.ts'
export { WELCOME } from './scripted/link.ts'
export type { ScriptedLink, UpFrameOf } from './scripted/link.ts'
export { scriptedServer } from './scripted/server.ts'
export type { ScriptedServer, ScriptedServerOptions } from './scripted/server.ts'
export { seeded } from './seeded.ts'
export { settled } from './turns.ts'
export { virtualClock } from './virtual-clock.ts'
export type { VirtualClock, VirtualClockOptions, WithinOptions } from './virtual-clock.ts'
