// What both ends of a connection in memory are to those who hold them. Types only.
import type { Packet } from '@holdfast/protocol'

/** What a client asks for. */
export interface Dial {
  /** Absolute. */
  readonly url: string
  readonly protocols: readonly string[]
  /** For the aim of rules, as `kind`. */
  readonly kind: string
}

/** What the holder of an end is told. */
export interface SocketEvents {
  /** The other side accepts; messages can flow. At the server's end it is the server that says so. */
  opened?(protocol: string): void
  /** A message has come, whole. */
  message(packet: Packet): void
  /** The other side has closed, or the network lost the connection (1006). Once, and nothing after it. */
  closed(code: number, reason: string): void
}

/** The client's end. What is sent before it is open, or after its end, is lost. */
export interface ClientSocket {
  send(packet: Packet): void
  /** Lets go at once: nothing is told any more. */
  close(code: number, reason: string): void
}

/** One connection, as a server in memory has it: a WebSocket without the bytes. */
export interface MemorySocket {
  /** As in events of the network, and for the aim of rules. */
  readonly connection: number
  /** Name of the transport. */
  readonly kind: string
  /** Path and query that were asked for. */
  readonly url: string
  /** Subprotocols that were offered. */
  readonly protocols: readonly string[]
  /** Answers the handshake. Until then the client is still connecting. */
  open(protocol?: string): void
  /** One message. */
  send(packet: Packet): void
  /** Closes after what was sent, and hears nothing any more. @default 1000 */
  close(code?: number, reason?: string): void
}

/** Takes each new connection; returns what wants to hear of it. */
export type SocketServer = (socket: MemorySocket) => SocketEvents
