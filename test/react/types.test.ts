// What must not compile. Every line says whether it does.
import { expect, it } from 'vitest'
import { judge } from '../support/type-faults.ts'

const uses = `
declare const mine: Client<Topics>
declare const foreign: Client<{ other: number }>
createElement(HoldfastProvider, { client: mine })
createElement(HoldfastProvider, { client: foreign }) // wrong
createElement(HoldfastProvider, { url: '/realtime', options: { transports: [webSocket()] } }, 'below')
createElement(HoldfastProvider, { url: '/realtime' }) // wrong
createElement(HoldfastProvider, { url: '/realtime', options: { transports: [], lingers: 1 } }) // wrong
createElement(HoldfastProvider, { client: mine, url: '/realtime' }) // wrong
createElement(HoldfastProvider, {}) // wrong

void useClient().send('chat', { text: 'hi' })
void useClient().send('chat', { text: 1 }) // wrong
void useClient().send('chats', { text: 'hi' }) // wrong
useConnection('/realtime', { transports: [webSocket()] }).subscribe('price', (price) => price.toFixed())
useConnection('/realtime', {}) // wrong
useConnection('/realtime', { transports: [webSocket()] }).subscribe('prices') // wrong
useStatus() === 'open'
useStatus() === 'opened' // wrong
useSnapshot().pending.toFixed()
useSubscription('chat', ({ text }, { offset }) => text.slice(offset))
useSubscription('chat', ({ texts }) => texts) // wrong
useSubscription('chats', () => {}) // wrong
useSubscription('chat', (price: number) => price) // wrong
useSubscription('chat') // wrong
useSubscription(Math.random() > 0.5 ? 'price' : null, (price) => price.toFixed())
useSubscription('chat', () => {}, { since: 'end' }) // wrong
useLatest('price')?.toFixed()
useLatest('price').toFixed() // wrong
useLatest('prices') // wrong
useMessages('chat', { limit: 10, since: 'start' }).map(({ data, offset }) => data.text + offset)
useMessages('chat').push() // wrong
useMessages('chat').map((data) => data.text) // wrong
useMessages('chats') // wrong
useMessages('chat', { limits: 10 }) // wrong
void useSend()('price', 1, { ttl: 5_000 }).then(({ serial }) => serial)
void useSend()('price', '1') // wrong
void useSend()('prices', 1) // wrong
`
const hooks =
  'HoldfastProvider, useClient, useConnection, useLatest, useMessages, useSend, useSnapshot, useStatus, useSubscription'
const rest = `
import { webSocket, type Client } from '@holdfast/client'
import { createElement } from 'react'
interface Topics { chat: { text: string }; price: number }
`

it(
  'a wrong topic, payload or option does not compile, with topics registered and with hooks made for them',
  { timeout: 60_000 },
  () => {
    const augment = `declare module '@holdfast/react' { interface Register { topics: Topics } }`
    const { said, found } = judge('react', {
      'registered.ts': `import { ${hooks} } from '@holdfast/react'${rest}${augment}${uses}`,
      'created.ts': `import { createHooks } from '@holdfast/react'${rest}const { ${hooks} } = createHooks<Topics>()${uses}`,
    })
    expect(said).toHaveLength(46)
    expect(found.toSorted()).toEqual(said.toSorted())
  },
)
