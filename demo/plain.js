// All the code of plain.html, as it is served: nothing is imported or built. `Holdfast` is what the script tag before it has brought.
const { connect } = globalThis.Holdfast

const port = document.querySelector('meta[name=realtime-port]').content
const client = connect(`${location.protocol}//${location.hostname}:${port}/realtime`)

const status = document.getElementById('status')
const list = document.getElementById('chat-lines')
const text = document.getElementById('chat-text')
/** Own lines that have not come back yet, by key. */
const waiting = new Map()

function make(tag, className, content = '') {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = content
  return element
}

function createLine({ name, text }, className) {
  const line = make('li', className)
  line.append(make('span', 'who', name), make('span', 'text', text), make('span', 'state'), make('time', ''))
  return line
}

function append(line) {
  list.append(line)
  list.scrollTop = list.scrollHeight
}

function setState(line, state, words = state) {
  line.dataset.state = state
  line.querySelector('.state').textContent = words
}

function showStatus() {
  status.dataset.status = client.status
  status.lastElementChild.textContent = client.status
}
client.watch(showStatus)
showStatus()

// The server's order is everybody's: an own line moves to its place when it comes back.
client.subscribe(
  'chat/lobby',
  (message) => {
    const line = waiting.get(message.key) ?? createLine(message, '')
    waiting.delete(message.key)
    line.querySelector('time').textContent = new Date(message.at).toLocaleTimeString('en-GB')
    append(line)
  },
  { since: 'start' },
)

document.getElementById('chat-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const message = { key: crypto.randomUUID(), name: 'Plain page', text: text.value }
  const line = createLine(message, 'own')
  waiting.set(message.key, line)
  append(line)
  setState(line, 'queued')
  text.value = ''
  client.send('chat/lobby', message).then(
    () => setState(line, 'acknowledged'),
    ({ outcome, code }) => setState(line, outcome, `${outcome}: ${code}`),
  )
})
