// Status, transport and weather over the last two minutes. What is remembered is here; how it looks is in timeline-picture.ts.
import type { WeatherEvent } from '../shared/contract.ts'

/** How far the pictures look back, in ms. */
export const SPAN = 120_000

export interface Band {
  value: string
  from: number
  /** Infinity while it lasts. */
  to: number
}

interface Mark {
  at: number
  weather: WeatherEvent['weather']
}

export interface History {
  status: Band[]
  transport: Band[]
  weather: Band[]
  marks: Mark[]
}

export interface Timeline {
  readonly history: Readonly<History>
  status(value: string, at: number): void
  /** Null when there is none. */
  transport(value: string | null, at: number): void
  weather(event: WeatherEvent, at: number): void
  /** Forgets what is out of sight. */
  trim(now: number): void
}

export function createTimeline(): Timeline {
  const history: History = { status: [], transport: [], weather: [], marks: [] }

  function follow(bands: Band[], value: string | null, at: number): void {
    const last = bands.at(-1)
    if (last?.to === Infinity) {
      if (last.value === value) return
      last.to = at
    }
    if (value !== null) bands.push({ value, from: at, to: Infinity })
  }

  return {
    history,
    status: (value, at) => follow(history.status, value, at),
    transport: (value, at) => follow(history.transport, value, at),
    weather({ weather, what }, at) {
      const running = history.weather.find((band) => band.value === weather && band.to === Infinity)
      if (what === 'began' && !running) history.weather.push({ value: weather, from: at, to: Infinity })
      if (what === 'ended' && running) running.to = at
      if (what === 'struck') history.marks.push({ at, weather })
    },
    trim(now) {
      const visible = (band: Band): boolean => band.to > now - SPAN
      history.status = history.status.filter(visible)
      history.transport = history.transport.filter(visible)
      history.weather = history.weather.filter(visible)
      history.marks = history.marks.filter(({ at }) => at > now - SPAN)
    },
  }
}
