/** The WebSocket interface (WHATWG WebSockets §3) over a far end. Knows neither clients nor dialects. */
import type { Clock } from '../clock.ts'
import type { HoldfastError } from '../errors.ts'
import { closeOf, dataOf, protocolsOf, urlOf } from './arguments.ts'
import { closeEvent, defineHandlers, type WithHandlers } from './events.ts'
import { LOST, NO_CODE, type FarEnd, type FarEvents } from './far-end.ts'

const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const

/** What a socket is made with. */
export interface SocketSetup {
  clock: Clock
  /** ms to open in. */
  openTimeout: number
  /** ms for the other side to hear of a close. */
  closeTimeout: number
  /** Begins; tells nothing before it has returned. */
  reach(url: URL, protocols: string[], events: FarEvents): FarEnd
}

/** What a message that could not be sent means for the socket: too large is 1009 (RFC 6455 §7.4.1). */
const failure = ({ code }: HoldfastError): readonly [code: number, reason: string] => [
  code === 'too-large' ? 1009 : LOST,
  code,
]

/** What can be sent, a blob still to be read. */
type Content = ReturnType<typeof dataOf>[0]
type Read = Exclude<Content, Blob>

const isRead = (content: Content): content is Read => typeof content === 'string' || content instanceof Uint8Array
const read = async (content: Content): Promise<Read> =>
  isRead(content) ? content : new Uint8Array(await content.arrayBuffer())

/**
 * By a close of either side; for want of what was there; or never open. Only the last is told by an `error` event, as platforms do where a
 * connection breaks: graphql-ws takes one for a reason to give up.
 */
type Ending = 'clean' | 'lost' | 'failed'

/** The class without its options. */
export class Socket extends EventTarget implements WithHandlers {
  _handlers: WithHandlers['_handlers'] = {}
  _handle = (event: Event): void => void this._handlers[event.type]?.call(this, event)
  private _readyState: 0 | 1 | 2 | 3 = 0
  private _protocol = ''
  private readonly _url: URL
  private _binaryType: BinaryType = 'blob'
  private _buffered = 0
  /** What is waited for: a blob that is being read; null if nothing is. What is sent meanwhile goes behind it. */
  private _tail: Promise<void> | null = null
  private readonly _setup: SocketSetup
  private readonly _far: FarEnd
  /** Calls the deadline of the present state off. */
  private _calm: () => void

  constructor(setup: SocketSetup, url: unknown, protocols: unknown) {
    super()
    this._url = urlOf(url, globalThis.document?.baseURI ?? globalThis.location?.href)
    const offered = protocols === undefined ? [] : protocolsOf(protocols)
    this._setup = setup
    this._calm = setup.clock.after(setup.openTimeout, () => this._lost(LOST, 'not open in time'))
    this._far = setup.reach(this._url, offered, {
      opened: (protocol) => this._opened(protocol, offered),
      received: (data) => this._received(data),
      closed: (code, reason) => this._closed(code, reason),
      lost: (code, reason) => this._lost(code, reason),
    })
  }

  get url(): string {
    return this._url.href
  }
  get readyState(): number {
    return this._readyState
  }
  get protocol(): string {
    return this._protocol
  }
  get extensions(): string {
    return ''
  }
  get bufferedAmount(): number {
    return this._buffered + this._far.buffered
  }
  get binaryType(): BinaryType {
    return this._binaryType
  }
  set binaryType(type: BinaryType) {
    // Anything else is ignored, as Web IDL has it for enumerations.
    if (type === 'blob' || type === 'arraybuffer') this._binaryType = type
  }

  send(data: unknown): void {
    if (!arguments.length) throw new TypeError('send: 1 argument required, but only 0 present.')
    if (this._readyState === 0) throw new DOMException('Still in CONNECTING state.', 'InvalidStateError')
    const [content, size] = dataOf(data)
    this._buffered += size
    if (this._readyState !== 1) return
    if (!this._tail && isRead(content)) return this._put(content, size)
    const mine = this._after(this._tail, content, size).finally(() => {
      if (this._tail === mine) this._tail = null
    })
    this._tail = mine
  }

  close(code?: unknown, reason?: unknown): void {
    const [number, text] = closeOf(code, reason)
    if (this._readyState > 1) return
    const wasOpen = this._readyState === 1
    this._readyState = 2
    this._calm()
    const { clock, closeTimeout } = this._setup
    const fail = (): void => this._finish(LOST, '', wasOpen ? 'lost' : 'failed')
    this._calm = clock.after(wasOpen ? closeTimeout : 0, fail)
    if (!wasOpen) return this._far.end()
    const say = async (): Promise<unknown> => this._far.close(number, text)
    const said = this._tail ? this._tail.then(say) : say()
    said.then(() => this._finish(number ?? NO_CODE, text, 'clean'), fail)
  }

  private _opened(protocol: string, offered: readonly string[]): void {
    if (this._readyState) return
    // Who has asked for one does not speak without (WHATWG WebSockets §2).
    if (protocol ? !offered.includes(protocol) : offered.length) return this._lost(LOST, 'no subprotocol in common')
    this._calm()
    this._readyState = 1
    this._protocol = protocol
    this.dispatchEvent(new Event('open'))
  }
  private _received(content: Read): void {
    if (this._readyState !== 1) return
    const bytes = typeof content !== 'string' && (this._binaryType === 'blob' ? new Blob([content]) : exact(content))
    this.dispatchEvent(new MessageEvent('message', { data: bytes || content, origin: this._url.origin }))
  }
  private async _after(tail: Promise<void> | null, content: Content, size: number): Promise<void> {
    try {
      const [data] = await Promise.all([read(content), tail])
      this._put(data, size)
    } catch {
      this._lost(LOST, 'unreadable blob')
    }
  }
  private _put(data: Read, size: number): void {
    this._far.send(data).then(
      () => void (this._buffered -= size),
      (error: HoldfastError) => this._lost(...failure(error)),
    )
  }
  /** The other side has closed. It is told that it was heard, and has everything before that; nobody here waits for it. */
  private _closed(code: number, reason: string): void {
    // What was never open can only fail.
    if (!this._readyState) return this._lost(code, reason)
    if (this._readyState === 3) return
    const { clock, closeTimeout } = this._setup
    const end = (): void => {
      calm()
      this._far.end()
    }
    const calm = clock.after(closeTimeout, end)
    this._far.close(code === NO_CODE ? null : code, reason).then(end, end)
    this._end(code, reason, 'clean')
  }
  private _lost(code: number, reason: string): void {
    this._finish(code, reason, this._readyState ? 'lost' : 'failed')
  }
  private _finish(code: number, reason: string, ending: Ending): void {
    if (this._readyState === 3) return
    this._far.end()
    this._end(code, reason, ending)
  }
  private _end(code: number, reason: string, ending: Ending): void {
    this._calm()
    this._readyState = 3
    if (ending === 'failed') this.dispatchEvent(new Event('error'))
    this.dispatchEvent(closeEvent(code, reason, ending === 'clean'))
  }
}

/** A buffer with these bytes and no other. */
const exact = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): ArrayBuffer =>
  buffer.slice(byteOffset, byteOffset + byteLength)

defineHandlers(Socket.prototype)

/** The four constants, which the class and each object have. */
export function defineConstants(target: object): void {
  STATES.forEach((name, value) => Object.defineProperty(target, name, { value, enumerable: true }))
}
