// What things are called on the page, in one place.
import type { Snapshot } from '@holdfast/client'
import type { Weather, WeatherEvent } from '../shared/contract.ts'

export const transportNames: Readonly<Record<string, string>> = {
  webSocket: 'WebSocket',
  eventSource: 'event stream',
  longPolling: 'long-polling',
}

/** What the header says. */
export function statusWords({ status, transport }: Snapshot): string {
  const over = transport === null ? '' : ` over ${transportNames[transport] ?? transport}`
  return status === 'open' ? `open${over}` : status
}

interface WeatherWords {
  weather: Weather
  name: string
  /** What it does, for the button's description. */
  means: string
  key: string
}

export const strokes: readonly WeatherWords[] = [
  { weather: 'cut', name: 'Cut', means: 'Resets every connection, now', key: '1' },
  { weather: 'restart', name: 'Restart server', means: 'Ends it and starts a new one: its memory is gone', key: '2' },
  { weather: 'drain', name: 'Drain', means: 'A new server takes over; all move to it within 3 s', key: '3' },
  { weather: 'fail-poll', name: 'Fail one poll', means: 'The next long poll is answered 502', key: '4' },
  {
    weather: 'fail-post',
    name: 'Fail one POST',
    means: 'The server takes the next POST, its answer becomes 502',
    key: '5',
  },
]

export const conditions: readonly WeatherWords[] = [
  { weather: 'down', name: 'Network down', means: 'Nothing gets through until it is lifted', key: '6' },
  {
    weather: 'black-hole',
    name: 'Black hole',
    means: 'Half-open: what present links carry vanishes silently',
    key: '7',
  },
  { weather: 'hold', name: 'Tunnel', means: 'What present links carry is kept, and released late', key: '8' },
  { weather: 'delay', name: 'Delay', means: '150 ms each way', key: '9' },
  { weather: 'slow', name: 'Slow', means: '16 KiB per second each way', key: 'S' },
  { weather: 'refuse', name: 'Refuse upgrade', means: 'WebSocket upgrades are answered 403', key: 'U' },
  { weather: 'mute', name: 'Accept, stay mute', means: 'WebSockets open, then carry nothing', key: 'M' },
  { weather: 'storm', name: 'Storm', means: 'A random cut, black hole, tunnel or delay every second or so', key: 'W' },
]

const all = [...strokes, ...conditions]

export const weatherName = (weather: WeatherEvent['weather']): string =>
  weather === 'calm' ? 'Calm' : (all.find((words) => words.weather === weather)?.name ?? weather)

export function eventWords({ weather, what }: WeatherEvent): string {
  const name = weatherName(weather)
  switch (what) {
    case 'armed':
      return `${name}: waiting for the next one`
    case 'began':
      return `${name} begins`
    case 'ended':
      return `${name} is over`
    case 'struck':
      return name
  }
}
