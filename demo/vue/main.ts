// The demo's connection in Vue: what a small application would write, in render functions.
import { HoldfastError, eventSource, longPolling, webSocket } from '@holdfast/client'
import { createComposables } from '@holdfast/vue'
import { Teleport, createApp, defineComponent, h, ref, shallowRef, watch } from 'vue'
import type { Topics } from '../shared/contract.ts'
import { begin, take } from '../shared/numbers.ts'
import { byId, clockTime, count, memory } from '../src/dom.ts'
import { realtimeUrl } from '../src/endpoint.ts'
import { metrics } from '../src/metrics.ts'
import { createTheme } from '../src/theme.ts'
import { statusWords } from '../src/words.ts'

const { provideHoldfast, useLatest, useMessages, useSend, useSnapshot, useSubscription } = createComposables<Topics>()

const Status = defineComponent(() => {
  const snapshot = useSnapshot()
  return () =>
    h(
      Teleport,
      { to: '#status' },
      h('p', { class: 'status', role: 'status', 'data-status': snapshot.value.status }, [
        h('i', { class: 'dot' }),
        h('span', statusWords(snapshot.value)),
      ]),
    )
})

const Numbers = defineComponent(() => {
  const numbers = shallowRef(begin)
  useSubscription('stream', ({ n }) => (numbers.value = take(numbers.value, n)))
  return () =>
    h('section', { class: 'card', 'aria-labelledby': 'numbers-title' }, [
      h('h1', { id: 'numbers-title' }, 'Holdfast in Vue.'),
      h(
        'p',
        { class: 'lead' },
        'A numbered stream: each message reaches its handler, in order, whatever is rendered meanwhile and whatever the network does.',
      ),
      h(
        'div',
        { class: 'tiles' },
        numbers.value.tiles.map(({ name, amount, isBad }) =>
          h('div', { key: name, class: ['tile', { bad: isBad }] }, [
            h('strong', count(amount)),
            h('span', { class: 'what' }, name),
          ]),
        ),
      ),
    ])
})

const Host = defineComponent(() => {
  const sample = useLatest('host')
  return () =>
    h('section', { class: 'card host', 'aria-labelledby': 'host-title' }, [
      h('h2', { id: 'host-title' }, 'This machine, live'),
      h(
        'div',
        { class: 'host-cards' },
        metrics.map(({ name, text }) =>
          h('div', { key: name, class: 'host-card' }, [
            h('span', name),
            h('strong', sample.value ? text(sample.value) : '–'),
          ]),
        ),
      ),
    ])
})

const ChatForm = defineComponent(() => {
  const snapshot = useSnapshot()
  const send = useSend()
  const name = ref(memory.get('name') ?? 'Vue')
  const text = ref('')
  const outcome = ref('')
  const input = (into: typeof name) => (event: InputEvent) => {
    into.value = (event.target as HTMLInputElement).value
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const line = { key: crypto.randomUUID(), name: name.value, text: text.value }
    text.value = ''
    try {
      await send('chat/lobby', line)
      outcome.value = 'acknowledged'
    } catch (error) {
      outcome.value = error instanceof HoldfastError ? `${error.outcome}: ${error.code}` : String(error)
    }
  }
  return () => [
    h('form', { autocomplete: 'off', onSubmit: submit }, [
      h('div', { class: 'row' }, [
        h('label', { class: 'inline', for: 'chat-name' }, 'Name'),
        h('input', { id: 'chat-name', maxlength: 24, required: true, value: name.value, onInput: input(name) }),
      ]),
      h('div', { class: 'row' }, [
        h('input', {
          id: 'chat-text',
          'aria-label': 'Message',
          maxlength: 500,
          placeholder: 'Say something, offline too',
          required: true,
          value: text.value,
          onInput: input(text),
        }),
        h('button', { class: 'main' }, 'Send'),
      ]),
    ]),
    h(
      'p',
      { class: 'note', role: 'status' },
      snapshot.value.pending > 0 ? `${snapshot.value.pending} under way` : outcome.value,
    ),
  ]
})

const Chat = defineComponent(() => {
  const lines = useMessages('chat/lobby', { limit: 200, since: 'start' })
  const list = shallowRef<HTMLOListElement>()
  watch(lines, () => list.value?.lastElementChild?.scrollIntoView({ block: 'nearest' }), { flush: 'post' })
  return () =>
    h('section', { class: 'card chat', 'aria-labelledby': 'chat-title' }, [
      h('h2', { id: 'chat-title' }, 'Chat between tabs'),
      h(
        'ol',
        { ref: list, class: 'lines', role: 'log', 'aria-label': 'Messages', tabindex: 0 },
        lines.value.map(({ data, epoch, offset, replayed }) =>
          h('li', { key: `${epoch}/${offset}` }, [
            h('span', { class: 'who' }, data.name),
            h('span', { class: 'text' }, data.text),
            h('span', { class: 'state' }, replayed ? 'replayed' : ''),
            h('time', clockTime(data.at ?? 0)),
          ]),
        ),
      ),
      h(ChatForm),
    ])
})

const App = defineComponent(() => {
  provideHoldfast(realtimeUrl(), { transports: [webSocket(), eventSource(), longPolling()] })
  return () => [h(Status), h(Numbers), h(Host), h(Chat)]
})

createTheme(byId('theme', HTMLButtonElement))
createApp(App).mount('#app')
