// How long it takes to hear again after a loss, with each library's defaults, over a network with 50 ms each way (the project's own fault
// proxy). All clients at once: they mostly wait.
import { faultProxy, type FaultProxy } from '@holdfast/testing'
import type { Bundles } from '../bundle.ts'
import type { Library } from '../contract.ts'
import { start, startServer } from '../processes.ts'
import type { Arrival } from '../recovery-process.ts'
import type { Row } from '../results.ts'
import { rounded } from '../statistics.ts'

const libraries: readonly Library[] = ['partysocket', 'phoenix', 'socket.io', 'signalr', 'centrifuge', 'holdfast']

/** One way, ms. */
const LATENCY = 50
/** A link that has lasted is a healthy one to every library, ms. */
const HEALTHY = 6_000

const now = (): number => performance.timeOrigin + performance.now()
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Patient {
  name: Library
  proxy: FaultProxy
  arrivals: Arrival[]
  /** When the client connected or asked for something. */
  dials: number[]
  stop(): Promise<void>
}

async function admit(bundles: Bundles, name: Library): Promise<Patient> {
  const server = await startServer(bundles, name)
  const proxy = await faultProxy({ target: Number(new URL(server.url).port) })
  proxy.rule({ fault: 'delay', latency: LATENCY })
  const [client] = await start(bundles, 'recovery-process', [name, proxy.url], [])
  const arrivals: Arrival[] = []
  const dials: number[] = []
  client.on('message', (arrival: Arrival) => arrivals.push(arrival))
  proxy.on(({ type }) => {
    if (type === 'connection' || type === 'request') dials.push(now())
  })
  server.tick()
  return {
    name,
    proxy,
    arrivals,
    dials,
    async stop() {
      client.disconnect()
      server.stop()
      await proxy.close()
    },
  }
}

interface Recovery {
  /** From the fault to the first message after it, ms; null: not within the time. */
  ms: number | null
  /** From the first dial to that message. */
  roundTrips: number
  /** Messages that never came. */
  lost: number
}

/** Harms the connection and waits for the first message of another one. */
async function recover(
  { proxy, arrivals, dials }: Patient,
  harm: (proxy: FaultProxy) => () => void,
  within: number,
): Promise<Recovery> {
  const undo = harm(proxy)
  const from = now()
  const seen = arrivals.length
  const isBack = (): boolean => {
    const dialled = dials.find((at) => at > from)
    return dialled !== undefined && arrivals.length > seen && arrivals.at(-1)!.at > dialled
  }
  while (!isBack() && now() < from + within) await pause(20)
  // What follows tells what was lost before it.
  await pause(500)
  undo()
  const dialled = dials.find((at) => at > from) ?? Infinity
  const index = arrivals.findIndex(({ at }, i) => i >= seen && at > dialled)
  if (index < 0) return { ms: null, roundTrips: 0, lost: 0 }
  const [before, first] = [arrivals[index - 1]!, arrivals[index]!]
  return {
    ms: first.at - from,
    roundTrips: (first.at - dialled) / (2 * LATENCY),
    lost: Math.max(0, first.n - before.n - 1),
  }
}

const faults = {
  reset: (proxy: FaultProxy) => {
    proxy.cut({ how: 'reset' })
    return () => {}
  },
  'black hole': (proxy: FaultProxy) => proxy.rule({ fault: 'black-hole', connections: 'existing' }),
}

export interface RecoveryOptions {
  resets: number
  blackHoles: number
  /** Longest wait after a black hole, ms. @default 75_000 */
  patience?: number
  /** How long a link lasts before it is harmed, ms. @default 6_000 */
  healthy?: number
}

export async function measureRecovery(bundles: Bundles, options: RecoveryOptions): Promise<Row[]> {
  const { resets, blackHoles, patience = 75_000, healthy = HEALTHY } = options
  const patients = await Promise.all(libraries.map((name) => admit(bundles, name)))
  const treat = async (patient: Patient): Promise<Row[]> => {
    const rows: Row[] = []
    const note = async (fault: keyof typeof faults, times: number): Promise<void> => {
      const seen: Recovery[] = []
      for (let n = 0; n < times; n++) {
        await pause(healthy)
        seen.push(await recover(patient, faults[fault], patience))
      }
      const back = seen.filter(({ ms }) => ms !== null)
      const row = (measure: string, unit: Row['unit'], read: (recovery: Recovery) => number): void => {
        rows.push({ contestant: patient.name, measure, unit, values: back.map((one) => rounded(read(one))) })
      }
      row(`${fault}: to the next message`, 'ms', ({ ms }) => ms!)
      row(`${fault}: round trips of a resume`, 'round trips', ({ roundTrips }) => roundTrips)
      row(`${fault}: messages lost`, 'messages', ({ lost }) => lost)
    }
    await note('reset', resets)
    await note('black hole', blackHoles)
    return rows
  }
  try {
    return (await Promise.all(patients.map(treat))).flat()
  } finally {
    await Promise.all(patients.map((patient) => patient.stop()))
  }
}
