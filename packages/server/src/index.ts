export { createServer } from './server.ts'
export type { PayloadOf, Server, ServerStats, SessionInfo } from './server.ts'
export type { Identity, ServerLimits, ServerOptions } from './options.ts'
export type { AttachOptions } from './listeners/http.ts'
export type { CompressionOptions } from './listeners/compression.ts'
export type { AllowedOrigins } from './listeners/gate.ts'
export type { MessageMeta } from './handlers.ts'
export { acceptSockets } from './sockets.ts'
export type { SocketOptions, SocketRequest, SocketServer } from './sockets.ts'
export type { ServerSocket, SocketData } from './server-socket.ts'
export type { Link, LinkEnd, LinkRequest, TransportName } from './link.ts'
export type {
  Batch,
  Claim,
  Claimed,
  Gone,
  Kept,
  NewRecord,
  Pending,
  Refused,
  Seized,
  SessionStore,
  StoreNode,
  Whereabouts,
  Written,
} from './store.ts'
export type { Appended, AppendedEntry, Entry, Located, Log, Page } from './log.ts'
export { memoryLog } from './memory-log.ts'
export type { MemoryLogOptions } from './memory-log.ts'
export { HoldfastError, RejectError } from './errors.ts'
export type { HoldfastErrorCode } from './errors.ts'
export type { Clock } from './clock.ts'
export type { Random } from './random.ts'
export type { MaybePromise } from './maybe.ts'
