// What happened, in order. Tests wait for these instead of sleeping; the list is bounded, the counters are not.
import { TestingError } from './errors.ts'
import type { EventFilter, Happening, ProxyEvent, UntilOptions } from './events.ts'
import type { Ticks } from './timers.ts'

export interface EventLog {
  add(happening: Happening): void
  list(): ProxyEvent[]
  mark(): number
  until(what: EventFilter | ((event: ProxyEvent) => boolean), options?: UntilOptions): Promise<ProxyEvent>
  on(fn: (event: ProxyEvent) => void): () => void
  /** Ends every wait. */
  close(): void
}

/** Keeps the last `limit` events of each type, so that a flood of frames does not push out the rare ones. */
export function createEventLog(limit: number, timers: Ticks): EventLog {
  const kept = new Map<string, ProxyEvent[]>()
  const listeners = new Set<(event: ProxyEvent) => void>()
  const waiting = new Set<(error: TestingError) => void>()
  let refusal: TestingError | null = null
  let index = 0

  const list = (): ProxyEvent[] => [...kept.values()].flatMap(latest).sort((a, b) => a.index - b.index)
  // Trimmed at twice the limit, so that keeping costs amortised O(1).
  const latest = (events: ProxyEvent[]): ProxyEvent[] => events.slice(-limit)

  function add(happening: Happening): void {
    const event: ProxyEvent = { ...happening, index: ++index, at: timers.now() }
    let events = kept.get(event.type) ?? []
    if (events.length >= 2 * limit) events = latest(events)
    events.push(event)
    kept.set(event.type, events)
    for (const fn of listeners) isolated(fn, event)
  }

  function until(
    what: EventFilter | ((event: ProxyEvent) => boolean),
    options: UntilOptions = {},
  ): Promise<ProxyEvent> {
    const { timeout = 5_000, since = 0 } = options
    const wanted = typeof what === 'function' ? what : matcher(what)
    let missing = typeof what === 'function' ? 1 : (what.count ?? 1)
    const counts = (event: ProxyEvent): boolean => event.index > since && wanted(event) && --missing <= 0
    return new Promise((resolve, reject) => {
      const past = list().find(counts)
      if (past !== undefined) return resolve(past)
      if (refusal !== null) return reject(refusal)
      const settle = (act: () => void): void => {
        listeners.delete(look)
        waiting.delete(fail)
        cancel()
        act()
      }
      const look = (event: ProxyEvent): void => {
        if (counts(event)) settle(() => resolve(event))
      }
      const fail = (error: TestingError): void => settle(() => reject(error))
      const cancel = timers.after(timeout, () => fail(lateness(what, missing, timeout, list())))
      listeners.add(look)
      waiting.add(fail)
    })
  }

  return {
    add,
    list,
    mark: () => index,
    until,
    on(fn) {
      listeners.add(fn)
      return () => listeners.delete(fn)
    },
    close() {
      refusal = new TestingError('closed', 'the proxy is closed: no further event will come')
      for (const fail of waiting) fail(refusal)
      listeners.clear()
    },
  }
}

// A throwing listener is the test's bug: it surfaces as an uncaught exception, and the proxy goes on.
function isolated(fn: (event: ProxyEvent) => void, event: ProxyEvent): void {
  try {
    fn(event)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function matcher({ count: _count, ...fields }: EventFilter): (event: ProxyEvent) => boolean {
  const wanted = Object.entries(fields)
  return (event) => wanted.every(([field, value]) => (event as unknown as Record<string, unknown>)[field] === value)
}

function lateness(what: unknown, missing: number, timeout: number, events: ProxyEvent[]): TestingError {
  const sought = typeof what === 'function' ? what.toString() : JSON.stringify(what)
  const tail = events.slice(-20).map((event) => `  ${JSON.stringify(event)}`)
  const last = tail.length > 0 ? `The last events:\n${tail.join('\n')}` : 'Nothing has happened at all.'
  return new TestingError('timed-out', `${missing} more of ${sought} not seen within ${timeout} ms. ${last}`)
}
