// Chat between tabs. Each own line tells what is known of it: queued, sent, acknowledged, or why not.
import type { ChatMessage } from '../shared/contract.ts'
import { byId, clockTime, make, memory, plural, say } from './dom.ts'

export type Mode = 'reliable' | 'ttl' | 'once'

export interface Chat {
  /** A line from the server. */
  take(message: ChatMessage, replayed: boolean): void
  /** A line of this page was put on a link. */
  transmitted(key: string): void
  /** The server forgot so many lines, or its whole log. */
  gap(missing: number | null): void
  focus(): void
}

/** What became of a line that was not acknowledged. */
export interface Failure {
  outcome: string
  code: string
}

const MAX_LINES = 300

/** `send` resolves when the line is acknowledged; `failureOf` reads the error otherwise. */
export function createChat(
  send: (message: ChatMessage, mode: Mode) => Promise<unknown>,
  failureOf: (error: unknown) => Failure,
): Chat {
  const list = byId('chat-lines', HTMLOListElement)
  const name = byId('chat-name', HTMLInputElement)
  const text = byId('chat-text', HTMLInputElement)
  const mode = byId('chat-mode', HTMLSelectElement)
  /** Own lines that have not come back yet. */
  const waiting = new Map<string, Line>()

  const firstWaiting = (): HTMLElement | null => [...waiting.values()][0]?.element ?? null

  /** Lines from the server stand in its order, own ones that are under way below them. */
  function append(line: Line, underWay: boolean): void {
    const atEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 30
    list.insertBefore(line.element, underWay ? null : firstWaiting())
    while (list.children.length > MAX_LINES) list.firstElementChild?.remove()
    if (atEnd || underWay) list.scrollTop = list.scrollHeight
  }

  async function submit(): Promise<void> {
    const message = { key: crypto.randomUUID(), name: name.value.trim(), text: text.value.trim() }
    if (message.name === '' || message.text === '') return
    text.value = ''
    const line = createLine(message, true)
    waiting.set(message.key, line)
    append(line, true)
    line.state('queued')
    try {
      await send(message, mode.value as Mode)
      line.state('acknowledged')
    } catch (error) {
      const { outcome, code } = failureOf(error)
      line.state(outcome, code)
      waiting.delete(message.key)
    }
  }

  name.value = memory.get('name') ?? `Tab ${Math.floor(Math.random() * 90) + 10}`
  name.addEventListener('change', () => memory.set('name', name.value))
  byId('chat-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    void submit()
  })

  return {
    focus: () => text.focus(),
    transmitted(key) {
      const line = waiting.get(key)
      if (line?.element.dataset.state === 'queued') line.state('sent')
    },
    gap(missing) {
      const lost =
        missing === null
          ? 'Earlier lines were in the memory of a server that is gone'
          : `${plural(missing, 'line')} fell out of the log`
      list.insertBefore(make('li', { className: 'divider', textContent: lost }), firstWaiting())
    },
    take(message, replayed) {
      const own = waiting.get(message.key)
      waiting.delete(message.key)
      const line = own ?? createLine(message, false)
      append(line, false)
      line.arrived(message.at ?? Date.now(), replayed)
    },
  }
}

interface Line {
  element: HTMLLIElement
  state(state: string, code?: string): void
  arrived(at: number, replayed: boolean): void
}

function createLine({ name, text }: ChatMessage, own: boolean): Line {
  const state = make('span', { className: 'state' })
  const time = make('time')
  const element = make(
    'li',
    { className: own ? 'own' : '' },
    make('span', { className: 'who', textContent: name }),
    make('span', { className: 'text', textContent: text }),
    state,
    time,
  )
  return {
    element,
    state(next, code) {
      element.dataset.state = next
      say(state, code === undefined ? next : `${next}: ${code}`)
    },
    arrived(at, replayed) {
      say(time, clockTime(at))
      if (replayed && !own) say(state, 'replayed')
    },
  }
}
