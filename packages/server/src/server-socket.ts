/** One drop-in socket, server side, as its library sees it and as its session feeds it. */
import { EventEmitter } from 'node:events'
import { RejectError } from './errors.ts'

/** What listeners of a socket are given. */
interface SocketEvents {
  message: [data: Buffer, isBinary: boolean]
  close: [code: number, reason: Buffer]
  error: [error: Error]
  pong: [data: Buffer]
}

/** What can be sent. */
export type SocketData = string | number | ArrayBuffer | ArrayBufferView

type Sent = (error?: Error) => void

/**
 * A socket in the manner of `ws`, as far as libraries use it: `send`, `close`, `terminate`, `pause`, `ping`; events `message` (a `Buffer`, and whether
 * it is binary), `close` (1006 when its session is lost), `error`, `pong`. It outlives links: what is sent while there is none is kept in the log
 * of the session's inbox, as much as that holds.
 */
export interface ServerSocket extends EventEmitter<SocketEvents> {
  /** The subprotocol, empty without one. */
  readonly protocol: string
  /** 1 open, 2 closing, 3 closed. */
  readonly readyState: 1 | 2 | 3
  /** 0 */
  readonly CONNECTING: 0
  /** 1 */
  readonly OPEN: 1
  /** 2 */
  readonly CLOSING: 2
  /** 3 */
  readonly CLOSED: 3
  /** Whether `pause()` is in force. */
  readonly isPaused: boolean
  /** There for libraries that set it; messages are `Buffer`s. */
  binaryType: string
  /** Text if it is a string, else binary, unless `binary` says otherwise. `sent` is told when it is on the log, or why it is not. */
  send(data: SocketData, sent?: Sent): void
  /** As above. */
  send(data: SocketData, options: { binary?: boolean }, sent?: Sent): void
  /** Closes with this code; the client has had everything before it. The event follows when the client has answered, or its session has ended. */
  close(code?: number, reason?: string | Buffer): void
  /** Ends the session, and the socket, at once. */
  terminate(): void
  /** Takes no more messages in: the client's `bufferedAmount` grows. */
  pause(): void
  /** Takes messages in again. */
  resume(): void
  /** Answered at once by `pong`: while it is open its session lives, and the session sees to its links itself. */
  ping(): void
}

/** The session's side of a socket. */
export interface Far {
  readonly socket: ServerSocket
  /** Puts something on the session's inbox; what cannot be put there ends the socket. */
  say(data: unknown, sent?: Sent): void
  /** A message of the session; resolves when it has been taken in. Throws for what is none. */
  receive(data: unknown): void | Promise<void>
  /** The session has ended. */
  ended(): void
}

interface Owner {
  readonly protocol: string
  /** Whether the codec carries bytes. */
  readonly bytes: boolean
  say(data: unknown): Promise<unknown>
  /** Ends its session. */
  drop(): void
  /** The socket is closed. */
  gone(): void
}

type Close = readonly ['close', code: number | null, reason: string]

const CLOSED_WITHOUT_CODE = 1005
const LOST = 1006

const bufferOf = (data: ArrayBuffer | ArrayBufferView): Buffer =>
  ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data)

/** A message as it travels. */
function envelope(data: SocketData, binary: boolean, bytes: boolean): unknown {
  const content = typeof data === 'object' ? bufferOf(data) : Buffer.from(`${data}`)
  if (!binary) return content.toString()
  // A copy: the log may encode it later.
  return bytes ? new Uint8Array(content) : ['binary', content.toString('base64')]
}

/** The message that has come; null if it is none. */
function messageOf(data: unknown): readonly [data: Buffer, isBinary: boolean] | null {
  if (typeof data === 'string') return [Buffer.from(data), false]
  if (data instanceof Uint8Array) return [bufferOf(data), true]
  if (!Array.isArray(data) || data[0] !== 'binary' || typeof data[1] !== 'string') return null
  return [Buffer.from(data[1], 'base64'), true]
}

function closeOf(data: unknown): Close | null {
  if (!Array.isArray(data) || data[0] !== 'close' || typeof data[2] !== 'string') return null
  return data[1] === null || typeof data[1] === 'number' ? (data as unknown as Close) : null
}

/** `ws` takes these, too. */
const isCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)

export function createServerSocket({ protocol, bytes, say: tell, drop, gone }: Owner): Far {
  const emitter = new EventEmitter<SocketEvents>()
  let readyState: 1 | 2 | 3 = 1
  /** Told when messages are taken in again; null while they are. */
  let paused: { go(): void; over: Promise<void> } | null = null

  function say(data: unknown, sent: Sent = () => {}): void {
    tell(data).then(
      () => sent(),
      (error: Error) => {
        sent(error)
        if (readyState === 3) return
        if (emitter.listenerCount('error')) emitter.emit('error', error)
        // A message is missing: what follows must not be seen.
        terminate()
      },
    )
  }
  function finish(code: number, reason: string): void {
    if (readyState === 3) return
    readyState = 3
    gone()
    resume()
    emitter.emit('close', code, Buffer.from(reason))
  }
  function terminate(): void {
    if (readyState === 3) return
    drop()
    finish(LOST, '')
  }
  function resume(): void {
    paused?.go()
    paused = null
  }
  /** Waits while the library has paused the socket. */
  function receive(data: unknown): void | Promise<void> {
    return paused ? paused.over.then(() => receive(data)) : take(data)
  }
  function take(data: unknown): void {
    const close = closeOf(data)
    const message = messageOf(data)
    if (close) finish(close[1] ?? CLOSED_WITHOUT_CODE, close[2])
    else if (!message) throw new RejectError('no-socket', 'neither a message nor a close')
    else if (readyState !== 3) emitter.emit('message', ...message)
  }

  const methods = {
    protocol,
    CONNECTING: 0,
    OPEN: 1,
    CLOSING: 2,
    CLOSED: 3,
    binaryType: 'nodebuffer',
    send(data: SocketData, options?: { binary?: boolean } | Sent, then?: Sent) {
      const sent = typeof options === 'function' ? options : then
      const { binary = typeof data === 'object' } = typeof options === 'object' ? options : {}
      if (readyState !== 1) return sent?.(new Error('The socket is not open.'))
      say(envelope(data, binary, bytes), sent)
    },
    close(code?: number, reason: string | Buffer = '') {
      if (readyState !== 1) return
      if (code !== undefined && !isCode(code)) throw new TypeError(`${code} is no code to close with.`)
      if (Buffer.byteLength(reason) > 123) throw new RangeError('The reason is longer than 123 bytes.')
      readyState = 2
      say(['close', code ?? null, String(reason)])
    },
    terminate,
    pause() {
      if (paused || readyState === 3) return
      let go = (): void => {}
      const over = new Promise<void>((resolve) => (go = resolve))
      paused = { go, over }
    },
    resume,
    ping() {
      queueMicrotask(() => readyState !== 3 && emitter.emit('pong', Buffer.alloc(0)))
    },
  }
  const socket = Object.defineProperties(Object.assign(emitter, methods), {
    readyState: { get: () => readyState, enumerable: true },
    isPaused: { get: () => paused !== null, enumerable: true },
  }) as unknown as ServerSocket

  return { socket, say, receive, ended: () => finish(LOST, '') }
}
