// The buttons that break things.
import type { Weather } from '../shared/contract.ts'
import { byId, make, say } from './dom.ts'
import { conditions, strokes, weatherName } from './words.ts'
import type { Control } from './control.ts'

export interface WeatherPanel {
  /** What the proxy has in force or armed. */
  show(active: readonly Weather[]): void
  /** Presses a button. */
  press(weather: Weather): void
}

export function createWeatherPanel(control: Control): WeatherPanel {
  const buttons = new Map<Weather, HTMLButtonElement>()
  const note = byId('weather-note', HTMLElement)
  const isOn = (weather: Weather): boolean => buttons.get(weather)?.getAttribute('aria-pressed') === 'true'

  function press(weather: Weather): void {
    if (strokes.some((words) => words.weather === weather)) return control.set(weather)
    const on = !isOn(weather)
    // Shown at once; the next state corrects it if the service thinks otherwise.
    mark(weather, on)
    control.set(weather, on)
  }
  function mark(weather: Weather, on: boolean): void {
    const button = buttons.get(weather)
    if (button?.getAttribute('aria-pressed') !== String(on)) button?.setAttribute('aria-pressed', String(on))
  }
  function add(into: string, words: (typeof strokes)[number], lasting: boolean): void {
    const { weather, name, means, key } = words
    const kbd = make('kbd', { textContent: key })
    kbd.setAttribute('aria-hidden', 'true')
    const button = make(
      'button',
      { type: 'button', className: 'choice', onclick: () => press(weather) },
      make('span', { className: 'name', textContent: name }),
      make('span', { className: 'means', textContent: means }),
      kbd,
    )
    button.dataset.weather = weather
    button.setAttribute('aria-keyshortcuts', key)
    if (lasting) button.setAttribute('aria-pressed', 'false')
    buttons.set(weather, button)
    byId(into, HTMLElement).append(button)
  }

  for (const words of strokes) add('weather-strokes', words, false)
  for (const words of conditions) add('weather-conditions', words, true)
  byId('calm', HTMLButtonElement).addEventListener('click', () => control.calm())

  return {
    press,
    show(active) {
      for (const { weather } of conditions) mark(weather, active.includes(weather))
      for (const { weather } of strokes) buttons.get(weather)?.classList.toggle('armed', active.includes(weather))
      const armed = strokes.filter(({ weather }) => active.includes(weather))
      const hint = armed.some(({ weather }) => weather === 'fail-poll')
        ? ' It strikes once this page is on long-polling.'
        : armed.some(({ weather }) => weather === 'fail-post')
          ? ' It strikes once this page is on event stream or long-polling.'
          : ''
      const names = active.map(weatherName).join(', ')
      say(note, names ? `Now: ${names}.${hint}` : 'Now: calm.')
    },
  }
}
