// The weather, made of real faults in the proxy between page and server.
import type { ClassifiableRequest, FaultProxy, Rule } from '@holdfast/testing'
import type { Condition, Stroke, Weather, WeatherEvent } from '../shared/contract.ts'
import { startStorm } from './storm.ts'

export interface WeatherStation {
  /** Begins or ends a condition, or lets something strike. */
  set(weather: Weather, on: boolean): void
  /** Ends every condition and disarms what waits. */
  calm(): void
  /** What is in force, and what waits for its occasion. */
  readonly active: Weather[]
  eventsAfter(id: number): WeatherEvent[]
}

/** What only the service can do to its server. */
export interface Server {
  restart(): Promise<void>
  drain(): Promise<void>
}

const MAX_EVENTS = 500

const rules: Readonly<Partial<Record<Weather, Rule>>> = {
  'black-hole': { fault: 'black-hole', connections: 'existing' },
  hold: { fault: 'hold', connections: 'existing' },
  delay: { fault: 'delay', latency: 150, jitter: 20 },
  slow: { fault: 'throttle', bytesPerSecond: 16_384 },
  refuse: { fault: 'fail', kind: 'webSocket', status: 403 },
  mute: { fault: 'mute', kind: 'webSocket', connections: 'new' },
  'fail-poll': { fault: 'fail', kind: 'poll', nth: 1 },
  'fail-post': { fault: 'fail', kind: 'post', nth: 1, lost: 'response' },
}

export const strokes: readonly string[] = ['cut', 'fail-poll', 'fail-post', 'restart', 'drain'] satisfies Stroke[]
export const conditions: readonly string[] = [
  'down',
  'black-hole',
  'hold',
  'delay',
  'slow',
  'refuse',
  'mute',
  'storm',
] satisfies Condition[]

/** Tells polls, uplink POSTs and opening requests apart by the head of their packet. */
export function classify({ method, body }: ClassifiableRequest): string | undefined {
  if (method !== 'POST') return undefined
  const head = body?.subarray(0, 8).toString()
  if (head === '[["poll"') return 'poll'
  if (head === '[["post"') return 'post'
  return undefined
}

export function createWeather(proxy: FaultProxy, server: Server): WeatherStation {
  const events: WeatherEvent[] = []
  /** What is in force or armed, and how it ends. */
  const active = new Map<Weather, () => void>()

  function tell(weather: WeatherEvent['weather'], what: WeatherEvent['what']): void {
    events.push({ id: (events.at(-1)?.id ?? 0) + 1, at: Date.now(), weather, what })
    if (events.length > MAX_EVENTS) events.shift()
  }

  function begin(weather: Weather): void {
    active.set(weather, beginnings(weather))
    tell(weather, weather === 'fail-poll' || weather === 'fail-post' ? 'armed' : 'began')
  }
  function beginnings(weather: Weather): () => void {
    const rule = rules[weather]
    if (weather === 'storm') return startStorm(set)
    if (weather === 'down') {
      proxy.down()
      return () => void proxy.up().catch(() => undefined)
    }
    if (!rule) throw new Error(`no such weather: ${weather}`)
    const undo = proxy.rule(rule)
    // Without this the new weather would wait for the next connection, unseen.
    if (weather === 'refuse' || weather === 'mute') proxy.cut({ kind: 'webSocket' })
    return undo
  }
  function end(weather: Weather): void {
    const undo = active.get(weather)
    if (!undo) return
    active.delete(weather)
    undo()
    if (conditions.includes(weather)) tell(weather, 'ended')
  }
  /** Something that takes a while at the server; pressed again meanwhile it does nothing. */
  async function strike(weather: 'restart' | 'drain'): Promise<void> {
    if (active.has(weather)) return
    active.set(weather, () => {})
    tell(weather, 'struck')
    try {
      await server[weather]()
    } finally {
      active.delete(weather)
    }
  }

  function set(weather: Weather, on: boolean): void {
    if (weather === 'restart' || weather === 'drain') return void strike(weather)
    if (weather === 'cut') {
      proxy.cut({ how: 'reset' })
      return tell('cut', 'struck')
    }
    if (on && !active.has(weather)) begin(weather)
    else if (!on) end(weather)
  }

  // One failure strikes once: then it is over.
  proxy.on((event) => {
    if (event.type !== 'fault' || event.fault !== 'fail') return
    const weather = event.kind === 'poll' ? 'fail-poll' : 'fail-post'
    if (event.kind !== 'poll' && event.kind !== 'post') return
    active.delete(weather)
    tell(weather, 'struck')
  })

  return {
    set,
    calm() {
      // A storm ends first: what it has begun ends with it.
      for (const weather of ['storm' as const, ...active.keys()]) {
        if (weather !== 'restart' && weather !== 'drain') end(weather)
      }
      tell('calm', 'struck')
    },
    get active() {
      return [...active.keys()]
    },
    eventsAfter: (id) => events.filter((event) => event.id > id),
  }
}
