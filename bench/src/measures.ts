// The client's half of every measure, the same for all and in both places. Each begins and ends with the server's own count, so that
// nothing that was lost, doubled or cut short can look fast.
import { BURST, ORDER, WINDOW, createTally, textsOf } from './contract.ts'
import type { Connection, Measure, Open, Plan, Sample, Tally } from './contract.ts'

export interface Place {
  WebSocket: typeof WebSocket
  /** Calls it in a later turn of the event loop, as soon as can be. */
  later(act: () => void): void
}

interface Session {
  connection: Connection
  plan: Plan
  texts: string[]
  place: Place
  /** Resolves with the server's answer to an order. */
  order(text: string): Promise<string>
  /** Resolves when this many messages have been pushed. */
  pushed(count: number): Promise<Tally>
  /** Resolves with the next answer of the server, without asking. */
  answer(): Promise<string>
}

async function send({ connection, texts, place, answer }: Session): Promise<number> {
  const done = answer()
  const from = performance.now()
  const burst = (first: number): void => {
    const end = Math.min(first + BURST, texts.length)
    for (let n = first; n < end; n++) connection.send(texts[n]!)
    if (end < texts.length) place.later(() => burst(end))
  }
  burst(0)
  await done
  return performance.now() - from
}

async function receive({ connection, plan, pushed, order }: Session): Promise<number> {
  await order(`prepare ${plan.count} ${plan.bytes}`)
  const all = pushed(plan.count)
  const from = performance.now()
  connection.send(`${ORDER}burst`)
  const tally = await all
  const took = performance.now() - from
  if (tally.bytes !== plan.count * plan.bytes || !tally.ordered) throw new Error('not what was pushed')
  return took
}

/** As many lanes as may be under way at once; each sends its next message when its last one is acknowledged. */
async function pipelined({ connection, texts }: Session): Promise<number> {
  const acknowledged = connection.acknowledged!
  const from = performance.now()
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < texts.length) await acknowledged(texts[next++]!)
  }
  await Promise.all(Array.from({ length: Math.min(WINDOW, texts.length) }, lane))
  return performance.now() - from
}

async function oneByOne(texts: string[], call: (text: string) => Promise<unknown>): Promise<number[]> {
  const latencies: number[] = []
  for (const text of texts) {
    const from = performance.now()
    await call(text)
    latencies.push(performance.now() - from)
  }
  return latencies
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)

/** Whether there is such a thing for this connection. */
export function canDo({ acknowledged, echo }: Connection, measure: Measure): boolean {
  if (measure === 'roundTrip') return echo !== null
  return acknowledged !== null || measure === 'send' || measure === 'receive'
}

async function take(session: Session): Promise<Sample> {
  const { plan, order, connection, texts } = session
  const { measure, count } = plan
  if (measure === 'receive') return { count, ms: await receive(session) }
  // A round trip is not counted: its answer is the proof.
  if (measure === 'roundTrip') {
    const latencies = await oneByOne(texts, async (text) => {
      if ((await connection.echo!(text)) !== text) throw new Error('not what was sent')
    })
    return { count, ms: sum(latencies), latencies }
  }
  await order(`expect ${measure === 'send' ? count : 0} 0 ${plan.strict ? 'strict' : ''}`)
  let sample: Sample
  if (measure === 'send') sample = { count, ms: await send(session) }
  else if (measure === 'pipelined') sample = { count, ms: await pipelined(session) }
  else {
    const latencies = await oneByOne(texts, connection.acknowledged!)
    sample = { count, ms: sum(latencies), latencies }
  }
  const tally = JSON.parse(await order('told')) as Tally
  if (tally.count !== count || tally.bytes !== count * plan.bytes || !tally.ordered)
    throw new Error(`the server has ${tally.count} messages, ${tally.bytes} bytes`)
  return sample
}

/** Opens a connection, takes the measure on it, closes it. Null where the library has no such thing. */
export async function measure(open: Open, url: string, plan: Plan, place: Place): Promise<Sample | null> {
  let tally = createTally(plan.strict)
  let awaited = Infinity
  let complete: (tally: Tally) => void = () => {}
  const answers: ((text: string) => void)[] = []
  const connection = await open({
    url,
    WebSocket: place.WebSocket,
    onMessage(text) {
      if (text.startsWith(ORDER)) return answers.shift()?.(text.slice(ORDER.length))
      tally.add(text)
      if (tally.count === awaited) complete(tally)
    },
  })
  const answer = (): Promise<string> => new Promise((resolve) => answers.push(resolve))
  try {
    if (!canDo(connection, plan.measure)) return null
    return await take({
      connection,
      plan,
      place,
      texts: plan.measure === 'receive' ? [] : textsOf(plan.count, plan.bytes),
      answer,
      order(text) {
        const told = answer()
        connection.send(ORDER + text)
        return told
      },
      pushed(count) {
        tally = createTally(plan.strict)
        awaited = count
        return new Promise((resolve) => (complete = resolve))
      },
    })
  } finally {
    await connection.close()
  }
}
