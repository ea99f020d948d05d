import { createServer } from '@holdfast/server'
import type { Start } from './index.ts'

export const start: Start = (http, attend) => {
  const server = createServer()
  server.attach(http, { path: '/realtime' })
  // One client at a time, whatever its session: its orders and what it is pushed go over topics, as an application's would.
  const receive = attend((text) => void server.publish('news', text))
  server.onMessage('message', (text) => receive(text as string))
  server.onMessage('echo', (text) => text)
  return (text) => void server.publish('news', text)
}
