// What the page runs: clients of the built package, by name, with steady traffic and a record of all they were told.
import { connect, eventSource, longPolling, webSocket, type Client } from '@holdfast/client/auto'
import type { Position, Subscription } from '@holdfast/client'
import type { Glance, Plan, Record, Sockets } from './traffic.ts'

/** Called by the runner; everything that goes in and out is JSON, and nothing is awaited: commands of a driver must not hang. */
interface Rig {
  open(name: string, plan: Plan): void
  glance(name: string): Glance
  record(name: string): Record
  /** Sends no more. */
  rest(name: string): void
  /** Sends so many messages of so many bytes at once. */
  burst(name: string, count: number, bytes: number): void
  /** Dials anew so many times, a time each so many ms, wherever the dial before is. */
  redial(name: string, times: number, every: number): void
  sockets(): Sockets
  /** Opens event streams that are none of ours. */
  crowd(count: number): void
  /** How many of them are open. */
  crowded(): number
  disperse(): void
}

declare global {
  var rig: Rig
}

interface Kept {
  readonly plan: Plan
  readonly record: Record
}

const STORE = 'rig'
const TOLD = ['online', 'offline', 'pageshow', 'pagehide', 'freeze', 'resume', 'visibilitychange']
const TRANSPORTS = { webSocket, eventSource, longPolling }
const clients = new Map<string, { client: Client; record: Record; send(padding?: string): void; rest(): void }>()
const sockets: WebSocket[] = []
let mostDialling = 0
const streams: EventSource[] = []

const blank = (): Record => ({
  lives: 0,
  sent: 0,
  outcomes: {},
  heard: [],
  gaps: 0,
  lastHeardAt: 0,
  position: null,
  opens: [],
  statuses: [],
  told: [],
})

const dialling = (): number => sockets.filter(({ readyState }) => readyState === WebSocket.CONNECTING).length
globalThis.WebSocket = class extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols)
    sockets.push(this)
    mostDialling = Math.max(mostDialling, dialling())
  }
}

/** Writes down what the client tells, and what the page is told. */
function listen(client: Client, record: Record, save: () => void): void {
  const life = record.lives
  client.on('open', ({ resumed, transport }) => record.opens.push({ what: transport, resumed, life, at: Date.now() }))
  client.on('status', (what) => record.statuses.push({ what, at: Date.now() }))
  client.on('gap', () => record.gaps++)
  client.on('message', ({ data }) => {
    record.heard.push(data as number)
    record.lastHeardAt = Date.now()
  })
  const tell = (event: Event): void => {
    const { persisted } = event as Partial<PageTransitionEvent>
    const detail = event.type === 'visibilitychange' ? document.visibilityState : persisted
    record.told.push({ what: detail === undefined ? event.type : `${event.type} ${detail}`, at: Date.now() })
    save()
  }
  for (const type of TOLD) {
    addEventListener(type, tell)
    document.addEventListener(type, tell)
  }
}

function start(name: string, plan: Plan, record: Record): void {
  const save = (): void => {
    if (plan.survives) sessionStorage.setItem(STORE, JSON.stringify({ plan, record } satisfies Kept))
  }
  record.lives++
  const transports = plan.transports?.map((transport) => TRANSPORTS[transport]())
  const client = connect(new URL(plan.path, location.href), {
    ...plan.options,
    ...(transports && { transports }),
    key: name,
  })
  listen(client, record, save)
  const since = (record.position as Position | null) ?? 'start'
  const subscription: Subscription = client.subscribe(`down${plan.path}`, null, { since })
  // After every handler: only then has the position moved.
  client.on('message', () =>
    queueMicrotask(() => {
      record.position = subscription.position
      save()
    }),
  )
  const send = (padding?: string): void => {
    const n = record.sent++
    // What is numbered must not be numbered again by the next life.
    save()
    client.send(`up${plan.path}`, padding === undefined ? n : [n, padding]).then(
      () => settle(n, 'acknowledged'),
      (error: { outcome?: string; code: string }) => settle(n, error.outcome ?? error.code),
    )
  }
  const settle = (n: number, outcome: string): void => {
    record.outcomes[n] = outcome
    save()
  }
  const timer = plan.every ? setInterval(() => send(), plan.every) : undefined
  clients.set(name, { client, record, send, rest: () => clearInterval(timer) })
  if (record.lives <= (plan.reloads ?? 0)) client.on('open', () => leave(send, record.lives % 3))
  save()
}

/** Sends and reloads: in one task; in the one after it has been handed to the link; with one before and one after that. */
function leave(send: () => void, how: number): void {
  send()
  if (how === 0) return location.reload()
  setTimeout(() => {
    if (how === 1) send()
    location.reload()
  })
}

globalThis.rig = {
  open: (name, plan) => start(name, plan, blank()),
  glance(name) {
    const { client, record } = clients.get(name)!
    const { lives, opens, heard, lastHeardAt, sent, outcomes } = record
    const { status, transport } = client.snapshot
    const settled = Object.keys(outcomes).length
    return { lives, status, transport, opens: opens.length, heard: heard.length, lastHeardAt, sent, settled }
  },
  record: (name) => clients.get(name)!.record,
  rest: (name) => clients.get(name)!.rest(),
  burst(name, count, bytes) {
    for (let n = 0; n < count; n++) clients.get(name)!.send('x'.repeat(bytes))
  },
  redial(name, times, every) {
    const timer = setInterval(() => {
      clients.get(name)!.client.reconnect()
      if (--times <= 0) clearInterval(timer)
    }, every)
  },
  sockets: () => ({
    dials: sockets.length,
    dialling: dialling(),
    mostDialling,
    buffered: sockets.reduce((sum, { readyState, bufferedAmount }) => sum + (readyState < 3 ? bufferedAmount : 0), 0),
  }),
  crowd(count) {
    for (let n = 0; n < count; n++) streams.push(new EventSource(`/foreign?${n}`))
  },
  crowded: () => streams.filter(({ readyState }) => readyState === EventSource.OPEN).length,
  disperse() {
    for (const stream of streams.splice(0)) stream.close()
  },
}

const kept = sessionStorage.getItem(STORE)
if (kept) {
  const { plan, record } = JSON.parse(kept) as Kept
  start('main', plan, record)
}
