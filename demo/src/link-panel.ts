// The status in the header, the choice of transport, and what a person can do to the link.
import { byId, make, milliseconds, plural, say } from './dom.ts'
import type { Choice, Session } from './session.ts'
import { statusWords } from './words.ts'

export interface LinkPanel {
  /** `links` were tried and `resumed` times the session was found again, since the page opened. */
  show(links: number, resumed: number): void
  reconnect(): void
  /** Disconnects, or connects again. */
  toggle(): void
}

const choices: [Choice, string][] = [
  ['auto', 'Auto'],
  ['webSocket', 'WebSocket'],
  ['eventSource', 'Event stream'],
  ['longPolling', 'Long-polling'],
]

export function createLinkPanel(session: Session): LinkPanel {
  const status = byId('status', HTMLElement)
  const note = byId('link-note', HTMLElement)
  const disconnect = byId('disconnect', HTMLButtonElement)
  const close = byId('close', HTMLButtonElement)
  const reconnectButton = byId('reconnect', HTMLButtonElement)
  const dot = make('i', { className: 'dot' })
  const words = make('span')
  const disconnectWords = make('span')
  status.append(dot, words)
  disconnect.append(' ', disconnectWords)
  addChoices(session)

  const isDown = (): boolean => session.client.status === 'idle'
  const reconnect = (): void => session.client.reconnect()
  const toggle = (): void => {
    if (session.client.status === 'closed') return
    if (isDown()) session.client.connect()
    else session.client.disconnect()
  }
  reconnectButton.addEventListener('click', reconnect)
  disconnect.addEventListener('click', toggle)
  close.addEventListener('click', () => {
    if (session.client.status === 'closed') session.renew()
    else void session.client.close()
  })

  return {
    reconnect,
    toggle,
    show(links, resumed) {
      const { snapshot } = session.client
      const closed = snapshot.status === 'closed'
      status.dataset.status = snapshot.status
      say(words, statusWords(snapshot))
      say(disconnectWords, isDown() ? 'Connect' : 'Disconnect')
      say(close, closed ? 'New session' : 'Close')
      disconnect.disabled = closed
      reconnectButton.disabled = closed || isDown()
      say(note, [plural(links, 'link'), `resumed ${plural(resumed, 'time')}`, ...moment(snapshot)].join(' · '))
    },
  }
}

function moment(snapshot: Session['client']['snapshot']): string[] {
  const parts: string[] = []
  if (snapshot.status === 'open' && snapshot.roundTrip !== null)
    parts.push(`round trip ${milliseconds(snapshot.roundTrip)}`)
  if (snapshot.status !== 'open' && snapshot.attempt > 0) parts.push(`attempt ${snapshot.attempt}`)
  if (snapshot.retryAt !== null)
    parts.push(`next in ${milliseconds(Math.max(0, snapshot.retryAt - performance.now()))}`)
  return parts
}

function addChoices(session: Session): void {
  for (const [value, text] of choices) {
    const input = make('input', { type: 'radio', name: 'transport', value, checked: value === 'auto' })
    input.addEventListener('change', () => session.choose(value))
    byId('transport', HTMLElement).append(make('label', {}, input, make('span', { textContent: text })))
  }
}
