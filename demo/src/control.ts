// The control API, on the page's own port: it goes on working whatever the weather does to the realtime connection.
import type { State, Weather, WeatherEvent } from '../shared/contract.ts'

/** Twice a second: a fixed cost, and no connection held open per tab. */
const EVERY = 500

export interface Control {
  set(weather: Weather, on?: boolean): void
  calm(): void
  rate(perSecond: number): void
  start(): void
}

export interface Told {
  /** Just before a report is asked for. */
  asking(): void
  state(state: State): void
  /** `at` on this page's clock, `performance.now()`. */
  event(event: WeatherEvent, at: number): void
  failed(): void
}

export function createControl(run: string, told: Told): Control {
  let after = 0

  async function ask(): Promise<void> {
    try {
      told.asking()
      const answer = await fetch(`/api/state?run=${run}&after=${after}`)
      if (!answer.ok) throw new Error(`status ${answer.status}`)
      const state = (await answer.json()) as State
      const offset = performance.now() - state.now
      for (const event of state.events) {
        after = Math.max(after, event.id)
        told.event(event, event.at + offset)
      }
      told.state(state)
    } catch {
      told.failed()
    }
    setTimeout(() => void ask(), EVERY)
  }

  async function post(path: string, body: unknown): Promise<void> {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    await fetch(path, request).catch(told.failed)
  }

  return {
    set: (weather, on = true) => void post('/api/weather', { weather, on }),
    calm: () => void post('/api/calm', {}),
    rate: (perSecond) => void post('/api/rate', { perSecond }),
    start: () => void ask(),
  }
}
