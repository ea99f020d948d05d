// One request and its answer while they pass: what rules see of it, and how the two directions tell each other.
import type { EventLog } from './event-log.ts'
import type { RequestHead } from './http-head.ts'
import type { Standing } from './rulebook.ts'
import type { Direction, ExchangeInfo, Kind } from './rules.ts'

/** How the connection goes on once an exchange is over. */
type Sequel = 'next-request' | 'upgraded' | 'tunnel'

/** The mutable side of `ExchangeInfo`. */
export interface Exchange extends ExchangeInfo {
  kind: Kind
  status: number | undefined
  readonly over: Promise<Sequel>
  finish(sequel: Sequel): void
}

/** What `classify` is given. */
export interface ClassifiableRequest {
  method: string
  path: string
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  /** The content, if it was small enough to be looked at. */
  body?: Buffer
}

/** Names the kind of a request; `undefined` leaves it to the proxy. */
export type Classify = (request: ClassifiableRequest) => Kind | undefined

export function createExchange(
  id: number,
  connection: number,
  { method, path, headers }: RequestHead,
  body: Buffer | undefined,
  classify: Classify,
): Exchange {
  const request: ClassifiableRequest = { method, path, headers, ...(body && { body }) }
  const kind = classify(request) ?? kindOf(request)
  let finish: (sequel: Sequel) => void = () => {}
  const over = new Promise<Sequel>((resolve) => (finish = resolve))
  return {
    id,
    connection,
    kind,
    method,
    path,
    headers,
    body,
    status: undefined,
    over,
    finish: (sequel) => finish(sequel),
  }
}

function kindOf({ method, headers }: ClassifiableRequest): Kind {
  if (headers['upgrade']?.toLowerCase() === 'websocket') return 'webSocket'
  if (isEventStream(headers['accept'])) return 'stream'
  return method === 'POST' ? 'post' : 'http'
}

export const isEventStream = (header: string | undefined): boolean => header?.includes('text/event-stream') ?? false

/** The fields that place an event. */
export const placeOf = ({
  connection,
  id,
  kind,
  method,
  path,
}: ExchangeInfo): {
  connection: number
  exchange: number
  kind: Kind
  method: string
  path: string
} => ({ connection, exchange: id, kind, method, path })

/** Tells that a rule struck this exchange. */
export function report(
  events: EventLog,
  exchange: ExchangeInfo,
  { id, rule }: Standing,
  more: { direction?: Direction; detail?: string } = {},
): void {
  const { connection, id: exchangeId, kind } = exchange
  events.add({ type: 'fault', fault: rule.fault, rule: id, connection, exchange: exchangeId, kind, ...more })
}
