// What must not compile. Every line says whether it does.
import { expect, it } from 'vitest'
import { judge } from '../support/type-faults.ts'

const uses = `
declare const mine: Client<Topics>
declare const foreign: Client<{ other: number }>
provideHoldfast(mine)
provideHoldfast(shallowRef(mine))
provideHoldfast(foreign) // wrong
provideHoldfast(() => '/realtime', { transports: [webSocket()] }).value.status
provideHoldfast('/realtime') // wrong
provideHoldfast('/realtime', { transports: [], lingers: 1 }) // wrong

void useClient().value.send('chat', { text: 'hi' })
void useClient().value.send('chat', { text: 1 }) // wrong
void useClient().value.send('chats', { text: 'hi' }) // wrong
useClient().value = mine // wrong
useConnection('/realtime', { transports: [webSocket()] }).value.subscribe('price', (price) => price.toFixed())
useConnection('/realtime', {}) // wrong
useConnection('/realtime', { transports: [webSocket()] }).value.subscribe('prices') // wrong
useStatus().value === 'open'
useStatus().value === 'opened' // wrong
useSnapshot().value.pending.toFixed()
useSubscription('chat', ({ text }, { offset }) => text.slice(offset))
useSubscription('chat', ({ texts }) => texts) // wrong
useSubscription('chats', () => {}) // wrong
useSubscription('chat', (price: number) => price) // wrong
useSubscription('chat') // wrong
useSubscription(() => (Math.random() > 0.5 ? 'price' : null), (price) => price.toFixed())
useSubscription(() => 'prices', () => {}) // wrong
useSubscription('chat', () => {}, { since: 'end' }) // wrong
useLatest('price').value?.toFixed()
useLatest('price').value.toFixed() // wrong
useLatest('prices') // wrong
useMessages('chat', { limit: () => 10, since: 'start' }).value.map(({ data, offset }) => data.text + offset)
useMessages('chat').value.push() // wrong
useMessages('chat').value.map((data) => data.text) // wrong
useMessages('chats') // wrong
useMessages('chat', { limits: 10 }) // wrong
void useSend()('price', 1, { ttl: 5_000 }).then(({ serial }) => serial)
void useSend()('price', '1') // wrong
void useSend()('prices', 1) // wrong
`
const composables =
  'provideHoldfast, useClient, useConnection, useLatest, useMessages, useSend, useSnapshot, useStatus, useSubscription'
const rest = `
import { webSocket, type Client } from '@holdfast/client'
import { shallowRef } from 'vue'
interface Topics { chat: { text: string }; price: number }
`

it(
  'a wrong topic, payload or option does not compile, with topics registered and with composables made for them',
  { timeout: 60_000 },
  () => {
    const augment = `declare module '@holdfast/vue' { interface Register { topics: Topics } }`
    const { said, found } = judge('vue', {
      'registered.ts': `import { ${composables} } from '@holdfast/vue'${rest}${augment}${uses}`,
      'created.ts': `import { createComposables } from '@holdfast/vue'${rest}const { ${composables} } = createComposables<Topics>()${uses}`,
    })
    expect(said).toHaveLength(46)
    expect(found.toSorted()).toEqual(said.toSorted())
  },
)
