// Many clients in one process, spread over the transports: each sends numbers, one after another, and listens to a feed.
import { createClient, eventSource, longPolling, webSocket, type Client, type HoldfastError } from '@holdfast/client'
import { WebSocket as NodeWebSocket } from 'ws'

export interface CrowdPlan {
  readonly url: string
  /** Its clients have the numbers from `first` up. */
  readonly first: number
  readonly clients: number
  /** What each sends to, but for its number. */
  readonly topic: string
  /** Names of feeds, shared out among the clients. */
  readonly feeds: readonly string[]
  /** How often each client sends, ms. */
  readonly every: number
}

/** What became of its clients. */
export interface CrowdReport {
  /** Of each client, in order: the numbers that were acknowledged. */
  readonly acknowledged: readonly (readonly number[])[]
  readonly sent: number
  /** By outcome and code, but for `acknowledged`. */
  readonly outcomes: { readonly [outcome: string]: number }
  readonly heard: number
  /** Links after the first one of each client: that resumed its session, and that found it gone. */
  readonly resumed: number
  readonly renewed: number
  /** From `send()` to the acknowledgement, ms: one of so many messages, sorted. */
  readonly times: readonly number[]
  readonly violations: readonly string[]
}

const plan = JSON.parse(process.argv[2]!) as CrowdPlan
const violations: string[] = []
const outcomes: { [outcome: string]: number } = {}
const times: number[] = []
const tally = { sent: 0, heard: 0, resumed: 0, renewed: 0 }
const violate = (what: string): void => void (violations.length < 50 && violations.push(what))
// Whoever started it is gone.
process.on('disconnect', () => process.exit())

const transports = [
  () => webSocket({ WebSocket: NodeWebSocket as unknown as typeof WebSocket }),
  () => eventSource(),
  () => longPolling(),
]

interface Member {
  readonly client: Client
  readonly acknowledged: number[]
  /** The last number heard, from 0 up. */
  heard: number
  sent: number
}

function join(place: number): Member {
  const number = plan.first + place
  const client = createClient(plan.url, {
    transports: [transports[number % transports.length]!()],
    logger: { error: (error) => violate(`client ${number}: ${String(error)}`) },
  })
  const member: Member = { client, acknowledged: [], heard: -1, sent: 0 }
  let links = 0
  client.on('open', ({ resumed }) => {
    if (links++) tally[resumed ? 'resumed' : 'renewed']++
  })
  client.on('gap', ({ topic, from, to }) => violate(`client ${number}: gap in ${topic}, ${from} to ${to}`))
  client.subscribe(
    plan.feeds[number % plan.feeds.length]!,
    (data) => {
      tally.heard++
      if (data !== member.heard + 1) violate(`client ${number}: heard ${String(data)} after ${member.heard}`)
      member.heard = data as number
    },
    { since: 'start' },
  )
  return member
}
const members = Array.from({ length: plan.clients }, (_, place) => join(place))

function send(place: number): void {
  const member = members[place]!
  const n = member.sent++
  const from = performance.now()
  tally.sent++
  const acknowledged = (): void => {
    member.acknowledged.push(n)
    times.push(performance.now() - from)
  }
  const failed = ({ outcome, code }: HoldfastError): void => {
    outcomes[`${outcome} ${code}`] = (outcomes[`${outcome} ${code}`] ?? 0) + 1
  }
  member.client.send(plan.topic + (plan.first + place), n).then(acknowledged, failed)
}

/** Resolves when everything is settled and heard, or after so many ms: what is missing then is told. */
async function finish(published: number, within: number): Promise<CrowdReport> {
  const signal = AbortSignal.timeout(within)
  await Promise.all(members.map(({ client }) => client.flush({ signal }).catch(() => {})))
  while (!signal.aborted && members.some(({ heard }) => heard < published - 1))
    await new Promise((resolve) => setTimeout(resolve, 50))
  for (const [place, { client, heard, sent, acknowledged }] of members.entries()) {
    const where = `${client.status}, ${JSON.stringify(client.snapshot.cause)}`
    if (heard < published - 1) violate(`client ${plan.first + place}: heard ${heard + 1} of ${published} (${where})`)
    if (acknowledged.length < sent)
      violate(`client ${plan.first + place}: ${acknowledged.length} of ${sent} acknowledged (${where})`)
  }
  const acknowledged = members.map((member) => member.acknowledged)
  const sorted = times.sort((a, b) => a - b)
  return { ...tally, acknowledged, outcomes, times: sorted.filter((_, i) => i % 10 === 0), violations }
}

let timer: ReturnType<typeof setInterval> | undefined
/** Whatever is due: a busy process makes up for what it is late with. */
function begin(): void {
  const from = performance.now()
  let next = 0
  timer = setInterval(() => {
    const due = ((performance.now() - from) * plan.clients) / plan.every
    for (; next < due; next++) send(next % plan.clients)
  }, 20)
}
process.on('message', (command: 'start' | 'rest' | { published: number; within: number }) => {
  if (command === 'start') begin()
  else if (command === 'rest') clearInterval(timer)
  else void finish(command.published, command.within).then((report) => process.send!(report))
})
void Promise.all(members.map(({ client }) => client.ready())).then(() => process.send!('ready'))
