// What happened, in words: what the timeline shows, for everybody who does not see it.
import { byId, clockTime, make } from './dom.ts'

const MAX_LINES = 200

export type Tone = 'good' | 'bad' | 'weather' | 'plain'

/** `at` is in ms since 1970. */
export function createEventLog(): (text: string, tone?: Tone, at?: number) => void {
  const list = byId('log-lines', HTMLOListElement)
  return (text, tone = 'plain', at = Date.now()) => {
    const time = make('time', { textContent: clockTime(at) })
    const line = make('li', { className: tone }, time, ` ${text}`)
    line.dataset.at = String(at)
    // Weather is heard of a moment late; it takes the place that its time gives it.
    const older = [...list.children].find((other) => other instanceof HTMLElement && Number(other.dataset.at) <= at)
    list.insertBefore(line, older ?? null)
    while (list.children.length > MAX_LINES) list.lastElementChild?.remove()
  }
}
