// A server for shared documents over sockets of any make, and y-websocket with a class of sockets.
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as sync from 'y-protocols/sync'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { WebSocketClass } from '@holdfast/client/drop-in'

/** As much of a socket of `ws` as is used; ours has it, too. */
export interface YSocket {
  send(data: Uint8Array): void
  on(event: 'message', fn: (data: Buffer) => void): unknown
  on(event: 'close', fn: () => void): unknown
}

const SYNC = 0

const message = (write: (encoder: encoding.Encoder) => void): Uint8Array => {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, SYNC)
  write(encoder)
  return encoding.toUint8Array(encoder)
}

/** One document, given to all. */
export function createYServer(): { readonly doc: Y.Doc; accept(socket: YSocket): void } {
  const doc = new Y.Doc()
  return {
    doc,
    accept(socket) {
      const update = (change: Uint8Array, origin: unknown): void => {
        if (origin !== socket) socket.send(message((encoder) => sync.writeUpdate(encoder, change)))
      }
      doc.on('update', update)
      socket.on('close', () => doc.off('update', update))
      socket.on('message', (data) => {
        const decoder = decoding.createDecoder(new Uint8Array(data))
        if (decoding.readVarUint(decoder) !== SYNC) return
        const answer = message((encoder) => void sync.readSyncMessage(decoder, encoder, doc, socket))
        if (answer.length > 1) socket.send(answer)
      })
      socket.send(message((encoder) => sync.writeSyncStep1(encoder, doc)))
    },
  }
}

export interface YUser {
  readonly items: Y.Array<string>
  readonly provider: WebsocketProvider
  /** How often y-websocket has seen a connection open, and the codes with which it has seen one close; 0 where it closed it itself. */
  readonly seen: { connected: number; closed: number[] }
  close(): void
}

export function createYUser(url: string, Class: WebSocketClass): YUser {
  const doc = new Y.Doc()
  const seen = { connected: 0, closed: [] as number[] }
  const provider = new WebsocketProvider(url, 'room', doc, {
    WebSocketPolyfill: Class,
    disableBc: true,
    maxBackoffTime: 50,
  })
  provider.on('status', ({ status }) => {
    if (status === 'connected') seen.connected++
  })
  provider.on('connection-close', (event) => void seen.closed.push(event?.code ?? 0))
  return {
    items: doc.getArray('items'),
    provider,
    seen,
    close() {
      provider.destroy()
      doc.destroy()
    },
  }
}
