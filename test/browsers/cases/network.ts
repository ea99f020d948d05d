// The network fails.
import { check, pause, sockets, until, type Stage } from '../stage.ts'
import { BEAT, GRACE, SLACK, type Case } from './case.ts'

const FOUND = BEAT + GRACE

/** The link is found dead, and another takes over, though nobody says a word. */
async function deadFlow(
  { network, host, visitor, figure }: Stage,
  direction: 'up' | 'down' | 'both',
  more: number,
): Promise<number> {
  const flows = await network.flows(host.address)
  const from = Date.now()
  await network.lose(flows, direction)
  await visitor.until(({ opens }) => opens > 1, 'a second link', FOUND + more + SLACK)
  const { statuses, opens } = await visitor.record()
  figure('found', statuses.find(({ what }) => what === 'reconnecting')!.at - from)
  const took = opens[1]!.at - from
  check(opens[1]!.resumed, 'the session was lost')
  await visitor.hears(Date.now(), 2_000)
  await visitor.settles()
  return took
}

export const networkCases: Case[] = [
  {
    title: 'black hole both ways: found within heartbeat and grace, a new link takes over',
    run: (stage) => deadFlow(stage, 'both', 0),
  },
  {
    title: 'black hole on the way down only',
    run: (stage) => deadFlow(stage, 'down', 0),
  },
  {
    // What the server sends unconfirmed still arrives until its window is full.
    title: 'black hole on the way up only',
    run: (stage) => deadFlow(stage, 'up', 1_000),
  },
  {
    title: 'link reset: a new one within 2 s',
    async run({ network, host, visitor }) {
      const flows = await network.flows(host.address)
      const from = Date.now()
      await network.reset(flows)
      await visitor.until(({ opens }) => opens > 1, 'a second link', 2_000)
      const { opens } = await visitor.settles()
      return opens[1]!.at - from
    },
  },
  {
    title: '4 MiB in the buffers of a link that dies: the next dial does not wait for them',
    async run(stage) {
      const { browser, network, host, tab, visitor, figure } = stage
      const flows = await network.flows(host.address)
      await network.lose(flows, 'both')
      const from = Date.now()
      await tab.evaluate(`rig.burst('main', 160, ${32 * 1024}) ?? true`)
      const { buffered } = await sockets(stage)
      figure('buffered', buffered)
      // WebKitGTK hands all of it to another process, and tells nothing of what becomes of it.
      check(buffered > 4 * 2 ** 20 || browser.name === 'WebKitGTK', `only ${buffered} bytes wait`)
      await visitor.until(({ opens }) => opens > 1, 'a second link', FOUND + 1_000 + SLACK)
      const { opens, statuses } = await visitor.settles()
      const lostAt = statuses.find(({ what }) => what === 'reconnecting')!.at
      figure('dial', opens[1]!.at - lostAt)
      check(opens[1]!.at - lostAt < 500 + SLACK, 'the dial has waited')
      check(opens[1]!.resumed, 'the session was lost')
      return opens[1]!.at - from
    },
  },
  {
    title: 'nothing passes for 8 s: open again within 12 s of its end',
    async run({ network, visitor }) {
      await network.blackHole()
      await visitor.until(({ status }) => status === 'reconnecting', 'the loss noticed', FOUND + SLACK)
      await pause(8_000 - FOUND)
      const { opens } = await visitor.glance()
      await network.calm()
      const from = Date.now()
      await visitor.until((glance) => glance.opens > opens, 'another link', 12_000)
      const record = await visitor.settles()
      return record.opens[opens]!.at - from
    },
  },
  {
    title: 'link down for 4 s: the socket survives, nothing reconnects',
    // As deployed: 15 s and 5 s.
    server: { beat: 15_000, grace: 5_000 },
    async run({ network, visitor, figure }) {
      await network.unplug()
      await pause(4_000)
      await network.plugIn()
      const from = Date.now()
      const { lastHeardAt } = await visitor.hears(from, 10_000)
      const { opens, told } = await visitor.settles()
      figure('offline events', told.filter(({ what }) => what === 'offline').length)
      check(opens.length === 1, `${opens.length - 1} reconnects`)
      return lastHeardAt - from
    },
  },
  {
    title: 'the platform sees no network where there is one: a lost link is replaced all the same, within 16 s',
    skip: ({ name }) => (name === 'Chromium' ? 'takes any interface with an address for a network' : null),
    async run({ network, host, tab, visitor }) {
      await network.seclude()
      await until(
        () => tab.evaluate<boolean>('navigator.onLine'),
        (isOnline) => !isOnline,
        'the browser believes to be offline',
        10_000,
      )
      const flows = await network.flows(host.address)
      const from = Date.now()
      await network.reset(flows)
      await visitor.until(({ opens }) => opens > 1, 'a second link', 16_000)
      const { opens } = await visitor.settles()
      return opens[1]!.at - from
    },
  },
  {
    title: 'every tenth packet lost for 10 s: all arrive',
    async run({ network, visitor }) {
      await network.leak(10)
      await pause(10_000)
      await network.calm()
      await visitor.settles()
    },
  },
  {
    title: '64 kbit/s for 8 s: no reconnect',
    async run({ network, visitor }) {
      await network.throttle(64)
      await pause(8_000)
      await network.calm()
      const { opens } = await visitor.settles()
      check(opens.length === 1, `${opens.length - 1} reconnects`)
    },
  },
  {
    title: '400 ms of delay each way: no reconnect',
    server: { latency: 400 },
    async run({ visitor, figure }) {
      await pause(6_000)
      const { opens } = await visitor.settles()
      check(opens.length === 1, `${opens.length - 1} reconnects`)
      figure('links', opens.length)
    },
  },
  {
    title: 'ports refused for a minute: open within 32 s of its end, on WebSocket again later',
    plan: { options: { reprobe: 5_000 } },
    limit: 240_000,
    async run({ network, visitor, figure }) {
      await network.refuse()
      await pause(refusal())
      await network.calm()
      const from = Date.now()
      await visitor.until(({ status }) => status === 'open', 'open', 32_000)
      const { opens } = await visitor.record()
      // Firefox may still hold its own dials back, up to a minute.
      await visitor.until(({ transport }) => transport === 'webSocket', 'WebSocket', 75_000)
      figure('on WebSocket', Date.now() - from)
      await visitor.settles()
      return opens[1]!.at - from
    },
  },
]

/** ms. */
const refusal = (): number => Number(process.env.REFUSED ?? 60_000)
