// The page: puts its parts together. All it knows of the connection comes from the client's public interface and from a tap on its
// transports; all it knows of the server comes from the control API.
import { HoldfastError, type Gap } from '@holdfast/client'
import type { ChatMessage, State, WeatherEvent } from '../shared/contract.ts'
import { createChat, type Mode } from './chat.ts'
import { createContinuity } from './continuity.ts'
import { createControl } from './control.ts'
import { byId, plural } from './dom.ts'
import { realtimeUrl } from './endpoint.ts'
import { createEventLog } from './event-log.ts'
import { createFigures } from './figures.ts'
import { createHostCards } from './host.ts'
import { createLinkPanel } from './link-panel.ts'
import { createPictures } from './pictures.ts'
import { createSession, type DemoClient } from './session.ts'
import { createShortcuts } from './shortcuts.ts'
import { createTap } from './tap.ts'
import { createTheme } from './theme.ts'
import { createTicker } from './ticker.ts'
import { createTimeline } from './timeline.ts'
import { createTraffic } from './traffic.ts'
import { createUp, type Outcome } from './up.ts'
import { createWeatherPanel } from './weather-panel.ts'
import { conditions, eventWords, strokes, transportNames } from './words.ts'

/** Names this life of this page in the server's ledger. */
const run = crypto.randomUUID()
const log = createEventLog()
const theme = createTheme(byId('theme', HTMLButtonElement))
const timeline = createTimeline()
const pictures = createPictures(timeline)
const hostCards = createHostCards()
const continuity = createContinuity()
const tap = createTap((topic, data) => {
  if (topic === 'chat/lobby') chat.transmitted((data as ChatMessage).key)
})

const failureOf = (error: unknown): { outcome: Outcome; code: string } =>
  error instanceof HoldfastError && error.outcome
    ? { outcome: error.outcome, code: error.code }
    : { outcome: 'not-sent', code: 'unknown' }

const up = createUp(
  (n) => session.client.send('numbers', { run, n }),
  (error) => failureOf(error).outcome,
  (outcome, took) => {
    if (outcome === 'acknowledged') pictures.acknowledged(took)
  },
)
const chat = createChat((message, mode) => session.client.send('chat/lobby', message, sendOptions[mode]), failureOf)
const sendOptions: Record<Mode, { ttl?: number; once?: boolean }> = {
  reliable: {},
  ttl: { ttl: 5_000 },
  once: { once: true },
}

const figures = createFigures({ up, continuity, tap })
const session = createSession(realtimeUrl(), tap, setUp)
const linkPanel = createLinkPanel(session)
const control = createControl(run, {
  asking: figures.asking,
  state: showState,
  event: showWeather,
  failed: () => figures.unknown(),
})
const weatherPanel = createWeatherPanel(control)
const traffic = createTraffic(control.rate, (amount) => {
  if (session.client.status !== 'closed') up.send(amount)
})

function setUp(client: DemoClient): void {
  timeline.status(client.status, performance.now())
  client.on('status', (status) => {
    timeline.status(status, performance.now())
    if (status !== 'open') log(status, status === 'reconnecting' || status === 'offline' ? 'bad' : 'plain')
  })
  client.on('open', ({ resumed, transport }) => {
    if (resumed) figures.resumed()
    log(`open over ${transportNames[transport] ?? transport}, ${resumed ? 'session resumed' : 'new session'}`, 'good')
  })
  client.on('error', ({ code, message }) => log(`${code}: ${message}`, 'bad'))
  let before: string | null = null
  client.watch(({ transport }) => {
    timeline.transport(transport, performance.now())
    if (transport !== null && before !== null && transport !== before)
      log(`moved to ${transportNames[transport] ?? transport}`)
    before = transport ?? before
  })
  client.on('gap', (gap) => {
    // Inboxes are the client's own business, and empty here.
    if (!gap.topic.startsWith('~')) log(gapWords(gap), 'bad')
  })
  client.on('message', ({ replayed }) => {
    pictures.received(replayed)
    figures.received(replayed)
  })
  client.subscribe('host', (sample, { replayed }) => hostCards.take(sample, replayed))
  client.subscribe('stream', ({ n }) => continuity.take(n), { onGap: (gap) => continuity.announced(missingIn(gap)) })
  client.subscribe('chat/lobby', (line, { replayed }) => chat.take(line, replayed), {
    since: 'start',
    onGap: (gap) => chat.gap(missingIn(gap)),
  })
}

/** How many messages a gap names; null when the log is another one and nobody can tell. */
const missingIn = ({ from, to, epoch, since }: Gap): number | null =>
  since[0] === epoch || since[0] === '' ? to - from + 1 : null

function gapWords(gap: Gap): string {
  const missing = missingIn(gap)
  return missing === null
    ? `gap in ${gap.topic}: the log is a new one`
    : `gap in ${gap.topic}: ${plural(missing, 'message')}, ${gap.from} to ${gap.to}`
}

function showState(state: State): void {
  figures.told(state)
  weatherPanel.show(state.active)
  traffic.show(state.rate)
}

function showWeather(event: WeatherEvent, at: number): void {
  timeline.weather(event, at)
  figures.weather(event)
  log(eventWords(event), 'weather', event.at)
}

createShortcuts([
  ...[...strokes, ...conditions].map(({ key, name, weather }) => ({
    key,
    means: name,
    act: () => weatherPanel.press(weather),
  })),
  { key: '0', means: 'Calm all', act: control.calm },
  { key: 'B', means: 'Send burst', act: traffic.burst },
  { key: 'R', means: 'Reconnect', act: linkPanel.reconnect },
  { key: 'D', means: 'Disconnect, or connect again', act: linkPanel.toggle },
  { key: 'C', means: 'Write in the chat', act: chat.focus },
  { key: 'T', means: 'Theme', act: theme.next },
])

createTicker((now) => {
  const { snapshot } = session.client
  linkPanel.show(tap.counts.links, figures.resumes)
  figures.show(snapshot.pending)
  hostCards.draw()
  pictures.draw(now, snapshot)
}).start()
control.start()
