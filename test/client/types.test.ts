// What must not compile. Every line says whether it does.
import { expect, it } from 'vitest'
import { judge } from '../support/type-faults.ts'

const uses = `
import { connect, webSocket, type AnyMessage, type Client, type Message } from '@holdfast/client'
interface Topics {
  'chat/lobby': { text: string }
  prices: { symbol: string; price: number }
  'rooms/1': { text: string }
}
const client = connect<Topics>('/realtime', { transports: [webSocket()] })
client.on('message', (message) => {
  message.data.price // wrong
  if (message.topic === 'prices') message.data.price.toFixed()
  if (message.topic === 'prices') message.data.text // wrong
  if (message.topic !== 'prices') message.data.text.trim()
  if (message.topic === 'price') message.data // wrong
})
client.on('message', ({ topic, data, offset }) => {
  if (topic === 'prices') data.price.toFixed(offset)
  if (topic === 'chat/lobby') data.price // wrong
  switch (topic) {
    case 'rooms/1':
      return data.text.trim()
    case 'rooms/2': // wrong
  }
  return data
})
const keep: Message[] = []
client.on('message', (message) => keep.push(message))
const tell = (message: AnyMessage<Topics>): string =>
  message.topic === 'prices' ? message.data.symbol : message.data.text
client.on('message', tell)
client.on('message', (price: Message<{ price: number }>) => price) // wrong

declare const rooms: Client<{ [room: \`rooms/\${number}\`]: { text: string } }>
rooms.on('message', ({ topic, data }) => topic.slice(6) + data.text)
declare const any: Client
any.on('message', ({ topic, data }) => topic === 'prices' && data)
any.on('message', ({ data }) => data.price) // wrong
`

it('on("message") narrows by topic; a wrong topic or field does not compile', { timeout: 60_000 }, () => {
  const { said, found } = judge('client', { 'messages.ts': uses })
  expect(said).toHaveLength(7)
  expect(found.toSorted()).toEqual(said.toSorted())
})
