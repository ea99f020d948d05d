// The demo's connection in React: what a small application would write.
import { HoldfastError, eventSource, longPolling, webSocket } from '@holdfast/client'
import { createHooks } from '@holdfast/react'
import { StrictMode, useEffect, useReducer, useRef, useState, type SubmitEvent } from 'react'
import { createPortal } from 'react-dom'
import { createRoot } from 'react-dom/client'
import type { Topics } from '../shared/contract.ts'
import { begin, take } from '../shared/numbers.ts'
import { byId, clockTime, count, memory } from '../src/dom.ts'
import { realtimeUrl } from '../src/endpoint.ts'
import { metrics } from '../src/metrics.ts'
import { createTheme } from '../src/theme.ts'
import { statusWords } from '../src/words.ts'

const { HoldfastProvider, useLatest, useMessages, useSend, useSnapshot, useSubscription } = createHooks<Topics>()
const options = { transports: [webSocket(), eventSource(), longPolling()] }

function Status() {
  const snapshot = useSnapshot()
  return createPortal(
    <p className="status" role="status" data-status={snapshot.status}>
      <i className="dot" />
      <span>{statusWords(snapshot)}</span>
    </p>,
    byId('status', HTMLElement),
  )
}

function Numbers() {
  const [numbers, dispatch] = useReducer(take, begin)
  useSubscription('stream', ({ n }) => dispatch(n))
  return (
    <section className="card" aria-labelledby="numbers-title">
      <h1 id="numbers-title">Holdfast in React.</h1>
      <p className="lead">
        A numbered stream: each message reaches its handler, in order, whatever is rendered meanwhile and whatever the
        network does.
      </p>
      <div className="tiles">
        {numbers.tiles.map(({ name, amount, isBad }) => (
          <div key={name} className={isBad ? 'tile bad' : 'tile'}>
            <strong>{count(amount)}</strong>
            <span className="what">{name}</span>
          </div>
        ))}
      </div>
    </section>
  )
}

function Host() {
  const sample = useLatest('host')
  return (
    <section className="card host" aria-labelledby="host-title">
      <h2 id="host-title">This machine, live</h2>
      <div className="host-cards">
        {metrics.map(({ name, text }) => (
          <div key={name} className="host-card">
            <span>{name}</span>
            <strong>{sample ? text(sample) : '–'}</strong>
          </div>
        ))}
      </div>
    </section>
  )
}

function Chat() {
  const lines = useMessages('chat/lobby', { limit: 200, since: 'start' })
  const { pending } = useSnapshot()
  const send = useSend()
  const list = useRef<HTMLOListElement>(null)
  useEffect(() => {
    list.current?.lastElementChild?.scrollIntoView({ block: 'nearest' })
  }, [lines])
  const [name, setName] = useState(memory.get('name') ?? 'React')
  const [text, setText] = useState('')
  const [outcome, setOutcome] = useState('')

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    setText('')
    try {
      await send('chat/lobby', { key: crypto.randomUUID(), name, text })
      setOutcome('acknowledged')
    } catch (error) {
      setOutcome(error instanceof HoldfastError ? `${error.outcome}: ${error.code}` : String(error))
    }
  }
  return (
    <section className="card chat" aria-labelledby="chat-title">
      <h2 id="chat-title">Chat between tabs</h2>
      <ol ref={list} className="lines" role="log" aria-label="Messages" tabIndex={0}>
        {lines.map(({ data, epoch, offset, replayed }) => (
          <li key={`${epoch}/${offset}`}>
            <span className="who">{data.name}</span>
            <span className="text">{data.text}</span>
            <span className="state">{replayed ? 'replayed' : ''}</span>
            <time>{clockTime(data.at ?? 0)}</time>
          </li>
        ))}
      </ol>
      <form autoComplete="off" onSubmit={(event) => void submit(event)}>
        <div className="row">
          <label className="inline" htmlFor="chat-name">
            Name
          </label>
          <input id="chat-name" maxLength={24} required value={name} onChange={({ target }) => setName(target.value)} />
        </div>
        <div className="row">
          <input
            id="chat-text"
            aria-label="Message"
            maxLength={500}
            placeholder="Say something, offline too"
            required
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
          <button className="main">Send</button>
        </div>
      </form>
      <p className="note" role="status">
        {pending > 0 ? `${pending} under way` : outcome}
      </p>
    </section>
  )
}

createTheme(byId('theme', HTMLButtonElement))
createRoot(byId('app', HTMLElement)).render(
  <StrictMode>
    <HoldfastProvider url={realtimeUrl()} options={options}>
      <Status />
      <Numbers />
      <Host />
      <Chat />
    </HoldfastProvider>
  </StrictMode>,
)
