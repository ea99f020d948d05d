// The WebSocket class of a network in memory, for code that makes its own sockets.
import type { Packet } from '@holdfast/protocol'
import type { ClientSocket } from './socket.ts'
import type { Dialler } from './transport.ts'

/** As much of the platform's WebSocket as applications use. */
export interface MemoryWebSocket extends EventTarget {
  /** As asked for. */
  readonly url: string
  /** What the server has chosen. */
  readonly protocol: string
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number
  /** Always 0: nothing waits on this side. */
  readonly bufferedAmount: number
  /** What binary messages come as. @default 'blob' */
  binaryType: 'blob' | 'arraybuffer'
  /** Called upon the event of that name, as are listeners. */
  onopen: ((event: Event) => void) | null
  /** As above. */
  onmessage: ((event: MessageEvent) => void) | null
  /** As above. Its event has `code`, `reason` and `wasClean`. */
  onclose: ((event: CloseEvent) => void) | null
  /** As above. */
  onerror: ((event: Event) => void) | null
  /** Text or bytes. Throws an `InvalidStateError` while it is connecting. */
  send(data: string | ArrayBuffer | ArrayBufferView): void
  /** Closes after what was sent. */
  close(code?: number, reason?: string): void
}

const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> =>
  ArrayBuffer.isView(data)
    ? Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    : new Uint8Array(data.slice(0))

export function webSocketClass(
  dial: Dialler,
): new (url: string | URL, protocols?: string | readonly string[]) => MemoryWebSocket {
  return class extends EventTarget implements MemoryWebSocket {
    readonly url: string
    protocol = ''
    readyState = 0
    readonly bufferedAmount = 0
    binaryType: 'blob' | 'arraybuffer' = 'blob'
    onopen: ((event: Event) => void) | null = null
    onmessage: ((event: MessageEvent) => void) | null = null
    onclose: ((event: CloseEvent) => void) | null = null
    onerror: ((event: Event) => void) | null = null
    readonly #socket: ClientSocket

    constructor(url: string | URL, protocols: string | readonly string[] = []) {
      super()
      this.url = String(url)
      this.#socket = dial(
        { url: this.url, protocols: [protocols].flat(), kind: 'webSocket' },
        {
          opened: (protocol) => {
            this.protocol = protocol
            this.readyState = 1
            this.#tell(new Event('open'), this.onopen)
          },
          message: (packet) => this.#tell(new MessageEvent('message', { data: this.#dataOf(packet) }), this.onmessage),
          closed: (code, reason) => this.#end(code, reason, code !== 1006),
        },
      )
    }
    send(data: string | ArrayBuffer | ArrayBufferView): void {
      if (this.readyState === 0) throw new DOMException('Still in CONNECTING state.', 'InvalidStateError')
      this.#socket.send(typeof data === 'string' ? data : bytesOf(data))
    }
    close(code = 1005, reason = ''): void {
      if (this.readyState > 1) return
      this.readyState = 2
      this.#socket.close(code, reason)
      queueMicrotask(() => this.#end(code, reason, true))
    }
    #dataOf(packet: Packet): unknown {
      if (typeof packet === 'string') return packet
      return this.binaryType === 'blob' ? new Blob([packet]) : packet.slice().buffer
    }
    #end(code: number, reason: string, wasClean: boolean): void {
      if (this.readyState === 3) return
      this.readyState = 3
      if (!wasClean) this.#tell(new Event('error'), this.onerror)
      // Node has a class of its own for it only from version 23 on.
      const event = Object.assign(new Event('close'), { code, reason, wasClean }) as CloseEvent
      this.#tell(event, this.onclose)
    }
    #tell<E extends Event>(event: E, handler: ((event: E) => void) | null): void {
      this.dispatchEvent(event)
      handler?.call(this, event)
    }
  }
}
