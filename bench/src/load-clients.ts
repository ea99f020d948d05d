// Many clients of a server in one process: idle, each with one subscription, until some of them are told to send.
import { createClient, webSocket, type Client } from '@holdfast/client'
import { WebSocket } from 'ws'

/** Orders of the parent. */
export type Order =
  | { type: 'open'; count: number }
  /** So many send so often for so long. */
  | { type: 'send'; clients: number; perSecond: number; seconds: number }
  | { type: 'heard' }

/** What has come of sending. */
export interface Sent {
  acknowledged: number
  failed: number
  /** ms, a sample of them. */
  latencies: number[]
}

/** At once: more would wait for each other. */
const LANES = 25

const [url] = process.argv.slice(2) as [string]
const clients: Client[] = []
let heard = 0

async function open(count: number): Promise<void> {
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const client = createClient(`${url}/realtime`, { transports: [webSocket({ WebSocket })] })
      const subscription = client.subscribe('news', () => heard++)
      await subscription.ready
      clients.push(client)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

function send(count: number, perSecond: number, seconds: number): Promise<Sent> {
  const sent: Sent = { acknowledged: 0, failed: 0, latencies: [] }
  const text = 'x'.repeat(64)
  const one = async (client: Client): Promise<void> => {
    const from = performance.now()
    try {
      await client.send('message', text)
      if (++sent.acknowledged % 50 === 0) sent.latencies.push(performance.now() - from)
    } catch {
      sent.failed++
    }
  }
  const active = clients.slice(0, count)
  // Each client at its own moment of the period, as people are.
  const timers = active.map((client, n) => {
    const period = 1_000 / perSecond
    let timer = setTimeout(
      function again() {
        void one(client)
        timer = setTimeout(again, period)
      },
      (n / active.length) * period,
    )
    return () => clearTimeout(timer)
  })
  return new Promise((resolve) => {
    setTimeout(() => {
      for (const stop of timers) stop()
      void Promise.all(active.map((client) => client.flush())).then(() => resolve(sent))
    }, seconds * 1_000)
  })
}

async function obey(order: Order): Promise<void> {
  if (order.type === 'open') {
    await open(order.count)
    process.send!('open')
  } else if (order.type === 'heard') process.send!(heard)
  else process.send!(await send(order.clients, order.perSecond, order.seconds))
}

process.once('disconnect', () => process.exit())
process.on('message', (order: Order) => void obey(order))
process.send!('ready')
