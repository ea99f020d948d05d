// What can be told of a proxy: types only.
import type { Direction, FaultName, Kind } from './rules.ts'

interface Stamp {
  /** Counts from 1 over all events of the proxy. */
  readonly index: number
  /** Milliseconds since the proxy started. */
  readonly at: number
}

interface OnConnection {
  /** Client connections count from 1. */
  readonly connection: number
}

interface OnExchange extends OnConnection {
  readonly exchange: number
  readonly kind: Kind
  readonly method: string
  readonly path: string
}

/** What an event says, without its index and time. */
export type Happening =
  /** A client connection was accepted. */
  | ({ readonly type: 'connection' } & OnConnection)
  /** A request was read and classified, before any fault is applied to it. */
  | ({ readonly type: 'request' } & OnExchange)
  /** The target answered 101 and it was passed on. */
  | ({ readonly type: 'upgrade' } & OnExchange)
  /** The head of the target's final answer has come, before any fault is applied to it. */
  | ({ readonly type: 'response'; readonly status: number } & OnExchange)
  /** The last byte of a response has come from the target (it may still be on its way to the client). */
  | ({ readonly type: 'finished'; readonly status: number } & OnExchange)
  /** A whole WebSocket frame has come (it may still be on its way to the other side). */
  | ({
      readonly type: 'frame'
      readonly direction: Direction
      readonly opcode: number
      readonly length: number
      readonly fate: 'passed' | 'dropped' | 'duplicated' | 'delayed' | 'truncated'
    } & OnExchange)
  /** A fault struck. `detail` says more where there is more to say. */
  | {
      readonly type: 'fault'
      readonly fault: FaultName
      /** The id of the rule; none for `cut()`. */
      readonly rule?: number
      readonly connection?: number
      readonly exchange?: number
      readonly kind?: Kind
      readonly direction?: Direction
      readonly detail?: string
    }
  /** A rule was made, or undone by its undo, `up()` or `calm()`. */
  | { readonly type: 'rule'; readonly action: 'made' | 'undone'; readonly fault: FaultName; readonly rule: number }
  /** One side said FIN. The other may still hear of it, or never, as the weather has it. */
  | ({ readonly type: 'ended'; readonly side: 'client' | 'target' } & OnConnection)
  /** One side of a connection is gone. `by`: that peer's FIN, its RST (or error), or the proxy. */
  | ({
      readonly type: 'closed'
      readonly side: 'client' | 'target'
      readonly by: 'end' | 'reset' | 'proxy'
    } & OnConnection)
  /** Something in the proxy itself went wrong, such as a port that cannot be bound again. */
  | { readonly type: 'error'; readonly message: string; readonly connection?: number }

/** One thing that has happened, with its index and its time. */
export type ProxyEvent = Stamp & Happening

type Fields<E> = E extends unknown ? { [F in keyof E]?: E[F] } : never

/** Fields an event must have, and how many such events there must be. */
export type EventFilter = Fields<ProxyEvent> & {
  /** How many: of those that the list still holds and those to come. For more than it can hold, see `counters`. @default 1 */
  count?: number
}

/** How to wait. */
export interface UntilOptions {
  /** Milliseconds before it gives up with `timed-out`. @default 5000 */
  timeout?: number
  /** Only events with a higher index count; `proxy.mark()` gives the present one. @default 0: whatever the list still holds */
  since?: number
}
