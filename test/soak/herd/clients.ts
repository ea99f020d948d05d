/** The process of the clients: they send, and judge what they hear. Everything is counted, nothing is kept. */
import { setMaxListeners } from 'node:events'
import { createClient, type Client, type HoldfastError } from '@holdfast/client'
import { nodeTransports, transportNames } from '../../support/world.ts'
import { obey } from './child.ts'
import { createViolations, TOPICS } from './plan.ts'

/** Each client, ms. */
const SEND_EVERY = 10_000
/** How long everything may take to settle once the faults are over, ms. */
const SETTLED_WITHIN = 180_000

/** What became of messages, as the clients know it. */
export interface Account {
  sent: number
  /** By outcome and code. */
  outcomes: { [outcome: string]: number }
  heard: number
  links: number
  violations: string[]
}

interface Member {
  readonly client: Client
  /** Number last heard. */
  readonly heard: number
  send(): void
}

const violations = createViolations()
const tally = { sent: 0, heard: 0, links: 0 }
const outcomes: { [outcome: string]: number } = {}
const count = (outcome: string): void => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1)
let members: Member[] = []
let timer: NodeJS.Timeout

function join(url: string, index: number): Member {
  const transports = [nodeTransports[transportNames[index % 3]!]()]
  const client = createClient(url, { transports, logger: { error: (error) => violations.add(String(error)) } })
  let heard = 0
  let sent = 0
  client.on('open', () => void tally.links++)
  client.on('gap', ({ topic, from, to }) => violations.add(`client ${index}: gap in ${topic}, ${from} to ${to}`))
  client.subscribe(
    `feed/${index % TOPICS}`,
    (data) => {
      tally.heard++
      if (data !== heard + 1) violations.add(`client ${index}: heard ${String(data)} after ${heard}`)
      heard = data as number
    },
    { since: 'start' },
  )
  return {
    client,
    get heard() {
      return heard
    },
    send() {
      tally.sent++
      client.send('up', [index, ++sent]).then(
        () => count('acknowledged'),
        (error: HoldfastError) => {
          count(`${error.outcome} ${error.code}`)
          violations.add(`client ${index}: ${error.outcome} ${error.code}`)
        },
      )
    },
  }
}

obey({
  /** Resolves when all are connected. */
  async open({ url, clients }: { url: string; clients: number }) {
    members = Array.from({ length: clients }, (_, index) => join(url, index))
    await Promise.all(members.map(({ client }) => client.ready()))
  },
  begin() {
    const tick = SEND_EVERY / members.length
    let next = 0
    const send = (): void => {
      for (let n = 0; n < Math.max(1, 20 / tick); n++) members[next++ % members.length]!.send()
    }
    timer = setInterval(send, Math.max(20, tick))
  },
  end: () => clearInterval(timer),
  /** Resolves when everything sent is settled, and everything published has been heard. */
  async settle(published: number) {
    const signal = AbortSignal.timeout(SETTLED_WITHIN)
    setMaxListeners(members.length, signal)
    await Promise.all(members.map(({ client }) => client.flush({ signal })))
    while (members.some(({ heard }) => heard < published)) {
      signal.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  },
  account: (): Account => ({ ...tally, outcomes, violations: violations.list }),
  async close() {
    await Promise.all(members.map(({ client }) => client.close()))
    members = []
  },
})
