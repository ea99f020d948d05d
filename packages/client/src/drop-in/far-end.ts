/** What a drop-in socket stands on: a connection of its own with somebody who can carry messages for it. Types, and two close codes. */
import type { ClientOptions } from '../options.ts'

/** What a far end tells its socket. Nothing before it has been returned, nothing that counts after `closed` or `lost`. */
export interface FarEvents {
  /** Messages can flow; `protocol` is the subprotocol, empty without one. */
  opened(protocol: string): void
  /** A message. */
  received(data: string | Uint8Array<ArrayBuffer>): void
  /** The other side has closed, after all it had to say. */
  closed(code: number, reason: string): void
  /** What follows would not be what went before: the socket cannot go on. */
  lost(code: number, reason: string): void
}

/** The connection of one socket. */
export interface FarEnd {
  /** Bytes that `send` has resolved for and that are still here. */
  readonly buffered: number
  /** Resolves when it need not be kept here any more. Rejects when it never will be: then the socket cannot go on. */
  send(data: string | Uint8Array<ArrayBuffer>): Promise<unknown>
  /** Says that nothing follows; resolves when the other side knows. */
  close(code: number | null, reason: string): Promise<unknown>
  /** Lets go of everything. */
  end(): void
}

/** What sockets reach: `holdfastServer()` or `plainServer()`. */
export interface FarServer {
  /** Begins a connection for one socket. */
  reach(options: ClientOptions, url: URL, protocols: string[], events: FarEvents): FarEnd
}

/** No code in the close frame (RFC 6455 §7.4.1). */
export const NO_CODE = 1005
/** The connection was lost. */
export const LOST = 1006
