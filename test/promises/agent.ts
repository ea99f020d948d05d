// One client and a record of all it was told, wherever it runs: in Node, or in a page. Everything that goes in and out is plain data.
import {
  connect,
  createClient,
  eventSource,
  longPolling,
  webSocket,
  type Cause,
  type Client,
  type ClientOptions,
  type HoldfastError,
  type Position,
  type SendOptions,
  type Snapshot,
  type Transport,
} from '@holdfast/client'

export type TransportName = 'webSocket' | 'eventSource' | 'longPolling'
export type TransportSpec = TransportName | 'nativeEventSource'

export interface AgentOptions extends Pick<
  ClientOptions,
  'heartbeat' | 'timeouts' | 'minUptime' | 'reprobe' | 'outbox' | 'linger' | 'key' | 'autoConnect'
> {
  transports: readonly TransportSpec[]
  /** Retry at once however short the links live: for cuts that come faster than any link proves itself. */
  hasty?: boolean
  /** What the auth function gives, one after another, the last one for ever. */
  credentials?: readonly string[]
  /** The connection of the registry, not one of its own. */
  shared?: boolean
}

/** What became of one `send()`. */
interface Told {
  outcome: 'acknowledged' | 'rejected' | 'not-sent' | 'in-doubt'
  /** Of the error. */
  code?: string
  id?: string
  serial?: number
  level?: string
}

export interface Report extends Snapshot {
  /** When the client was made, in ms since 1970, like every `at`. */
  madeAt: number
  /** One entry for each `open` event. */
  opens: { transport: string; resumed: boolean; at: number }[]
  statuses: { status: string; at: number }[]
  errors: string[]
  closed: { cause: Cause | null } | null
}

/** In the order heard: the data of a message, or a gap. */
type Heard = unknown

export interface Agent {
  report(): Promise<Report>
  ready(): Promise<void>
  /** Resolves when the subscription stands. */
  subscribe(topic: string, since?: Position | 'start'): Promise<void>
  unsubscribe(topic: string): Promise<void>
  heard(topic: string): Promise<Heard[]>
  count(topic: string): Promise<number>
  /** When the n-th message or gap was heard, in ms since 1970. */
  heardAt(topic: string, index: number): Promise<number>
  /** `abortable` names it for `abort()`. */
  send(topic: string, data: unknown, options?: Omit<SendOptions, 'signal'> & { abortable?: string }): Promise<Told>
  /** Sends the numbers from `from` up, some each ms; resolves when all are settled, to how many had which outcome. */
  flood(topic: string, count: number, perTick: number, from?: number): Promise<{ [outcome: string]: number }>
  request(topic: string, data: unknown, timeout?: number): Promise<unknown>
  abort(name: string): Promise<void>
  flush(): Promise<void>
  connect(): Promise<void>
  disconnect(): Promise<void>
  reconnect(): Promise<void>
  reauthenticate(): Promise<void>
  close(flush?: boolean): Promise<void>
}

const now = (): number => performance.timeOrigin + performance.now()

/** Node 20 has no WebSocket of its own. */
const transportOf = (spec: TransportSpec, WebSocketClass?: typeof WebSocket): Transport => {
  if (spec === 'webSocket') return webSocket(WebSocketClass ? { WebSocket: WebSocketClass } : {})
  return spec === 'longPolling' ? longPolling() : eventSource({ native: spec === 'nativeEventSource' })
}

function clientOf(url: string, options: AgentOptions, WebSocketClass?: typeof WebSocket): Client {
  const { transports, hasty, credentials, shared, ...rest } = options
  let asked = 0
  return (shared ? connect : createClient)(url, {
    ...rest,
    ...(hasty ? { backoff: () => 20, minUptime: 0 } : {}),
    ...(credentials ? { auth: () => credentials[Math.min(asked++, credentials.length - 1)] } : {}),
    transports: transports.map((spec) => transportOf(spec, WebSocketClass)),
  })
}

const tell = (sent: Promise<object>): Promise<Told> =>
  sent.then(
    (receipt) => ({ outcome: 'acknowledged', ...receipt }),
    (error: HoldfastError) => ({ outcome: error.outcome!, code: error.code }),
  )

export function createAgent(url: string, options: AgentOptions, WebSocketClass?: typeof WebSocket): Agent {
  const madeAt = now()
  const client = clientOf(url, options, WebSocketClass)
  const heard = new Map<string, { value: Heard; at: number }[]>()
  const subscriptions = new Map<string, () => void>()
  const aborts = new Map<string, AbortController>()
  const told: Pick<Report, 'opens' | 'statuses' | 'errors' | 'closed'> = {
    opens: [],
    statuses: [],
    errors: [],
    closed: null,
  }
  const of = (topic: string): { value: Heard; at: number }[] => {
    if (!heard.has(topic)) heard.set(topic, [])
    return heard.get(topic)!
  }
  client.on('open', (open) => told.opens.push({ ...open, at: now() }))
  client.on('status', (status) => told.statuses.push({ status, at: now() }))
  client.on('error', ({ code }) => told.errors.push(code))
  client.on('close', (close) => (told.closed = close))
  client.on('gap', ({ topic, from, to, epoch, since }) => {
    of(topic).push({ value: { gap: [from, to], sameEpoch: epoch === since[0] }, at: now() })
  })
  client.on('message', ({ topic, data }) => of(topic).push({ value: data, at: now() }))

  return {
    report: async () => structuredClone({ ...client.snapshot, ...told, madeAt }),
    ready: () => client.ready(),
    async subscribe(topic, since) {
      const subscription = client.subscribe(topic, null, { since })
      subscriptions.set(topic, () => subscription.unsubscribe())
      await subscription.ready
    },
    unsubscribe: async (topic) => subscriptions.get(topic)?.(),
    heard: async (topic) => of(topic).map(({ value }) => value),
    count: async (topic) => of(topic).length,
    heardAt: async (topic, index) => of(topic)[index]?.at ?? NaN,
    send(topic, data, { abortable, ...rest } = {}) {
      const abort = new AbortController()
      if (abortable) aborts.set(abortable, abort)
      return tell(client.send(topic, data, { ...rest, signal: abort.signal }))
    },
    async flood(topic, count, perTick, from = 0) {
      const sends: Promise<Told>[] = []
      for (let n = from; n < from + count; n++) {
        sends.push(tell(client.send(topic, n)))
        if (n % perTick === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      const outcomes: { [outcome: string]: number } = {}
      for (const { outcome } of await Promise.all(sends)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      return outcomes
    },
    request: (topic, data, timeout) => client.request(topic, data, timeout === undefined ? {} : { timeout }),
    abort: async (name) => aborts.get(name)?.abort(),
    flush: () => client.flush(),
    connect: async () => client.connect(),
    disconnect: async () => client.disconnect(),
    reconnect: async () => client.reconnect(),
    reauthenticate: () => client.reauthenticate(),
    close: (flush = false) => client.close({ flush }),
  }
}
