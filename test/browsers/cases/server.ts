// The server, and what else the page has open on its host.
import type { BrowserName, Tab } from '../drivers/browser.ts'
import { check, loaded, pause, sockets, until, type Stage, type Visitor } from '../stage.ts'
import { BEAT, GRACE, SLACK, type Case } from './case.ts'

/** More than Chromium has handshakes under way: 255. */
const DIALS = 300
const UNLIKE: { readonly [name in BrowserName]?: string } = {
  Firefox:
    'holds a handshake that was given up for ten seconds, and six at a time: hundreds within seconds shut the host',
  WebKitGTK: 'has no limit for handshakes under way',
}

/** More tabs than a browser has connections to one host over HTTP/1.1: the case's own, and six more. */
async function sevenTabs(stage: Stage, transport: 'eventSource' | 'longPolling'): Promise<(Visitor & { tab: Tab })[]> {
  const { browser, host, enter, tab, visitor } = stage
  const tabs: Tab[] = []
  for (let n = 0; n < 6; n++) {
    const opened = await browser.open(`http://${host.address}/`)
    tabs.push(opened)
    // Before any of them has a stream: a seventh page would not even be loaded.
    await loaded(opened)
  }
  const visitors = [{ ...visitor, tab }]
  for (const [n, other] of tabs.entries()) {
    const plan = { path: `/realtime${n + 2}`, transports: [transport] }
    visitors.push({ ...(await enter('main', plan, other)), tab: other })
  }
  return visitors
}

export const serverCases: Case[] = [
  {
    title: 'a swallowed upgrade: fallen back within 12 s, and the other URL of the host unhurt',
    plan: { options: { reprobe: 60_000 } },
    async run({ enter, visitor, figure }) {
      const from = Date.now()
      const muted = await enter('muted', { path: '/mute', options: { reprobe: 60_000 } })
      await muted.until(({ status }) => status === 'open', 'open in spite of it', 12_000 + SLACK)
      const { opens } = await muted.record()
      const took = opens[0]!.at - from
      figure('fallback', took)
      check(opens[0]!.what === 'eventSource', `fell back to ${opens[0]!.what}`)
      await muted.settles()
      const record = await visitor.settles()
      check(record.opens.length === 1, `the other URL reconnected ${record.opens.length - 1} times`)
      return took
    },
  },
  {
    title: 'a swallowed upgrade, and the other URL of the host dials after it: both open within 24 s',
    async run({ enter, host, network, visitor, figure }) {
      const flows = await network.flows(host.address)
      const from = Date.now()
      const muted = await enter('muted', { path: '/mute', options: { reprobe: 60_000 } })
      await network.reset(flows)
      await visitor.until(({ opens }) => opens > 1, 'the other URL open', 24_000)
      await muted.until(({ status }) => status === 'open', 'open in spite of it', 24_000)
      const { opens } = await visitor.record()
      figure('other URL', opens[1]!.at - from)
      figure('fallback', (await muted.record()).opens[0]!.at - from)
      await muted.settles()
      await visitor.settles()
      return opens[1]!.at - from
    },
  },
  {
    title: '300 dials forced on a server that hangs: one at a time, and the other URL is dialled all the same',
    skip: ({ name }) => UNLIKE[name] ?? null,
    async run(stage) {
      const { enter, tab, host, network, visitor, figure } = stage
      const { dials } = await sockets(stage)
      const muted = await enter('muted', { path: '/mute', options: { reprobe: 60_000 } })
      await tab.evaluate(`rig.redial('muted', ${DIALS}, 20) ?? true`)
      const seen = await until(
        () => sockets(stage),
        (now) => now.dials - dials > DIALS,
        'all dials',
        40_000,
      )
      figure('at one time', seen.mostDialling)
      check(seen.mostDialling === 1, `${seen.mostDialling} dials at one time`)
      const from = Date.now()
      await network.reset(await network.flows(host.address))
      await visitor.until(({ opens }) => opens > 1, 'the other URL open', 24_000)
      await muted.until(({ status }) => status === 'open', 'open in spite of it', 24_000)
      const { opens } = await visitor.record()
      await muted.settles()
      await visitor.settles()
      return opens[1]!.at - from
    },
  },
  {
    title: 'six event streams of others on HTTP/1.1: open in spite of them, or within 12 s of their end',
    async run({ tab, host, network, visitor, figure }) {
      const ours = await network.flows(host.address)
      // Two more, which take the place of what is cut with ours.
      await tab.evaluate('rig.crowd(8) ?? true')
      await until(
        () => tab.evaluate<number>('rig.crowded()'),
        (count) => count >= 6,
        'all connections taken',
        10_000,
      )
      const from = Date.now()
      await network.reset(ours)
      const isBack = await visitor.until(({ opens }) => opens > 1, 'open among them', 6_000).catch(() => null)
      if (!isBack) check((await visitor.glance()).status === 'reconnecting', 'says to be open while it is not')
      const end = Date.now()
      await tab.evaluate('rig.disperse() ?? true')
      await visitor.until(({ opens }) => opens > 1, 'open', 12_000)
      const { opens } = await visitor.settles()
      figure('blocked by streams', isBack ? 0 : 1)
      return opens[1]!.at - (isBack ? from : end)
    },
  },
  {
    title: 'seven tabs poll over HTTP/1.1: each is open, hears and is heard',
    plan: { transports: ['longPolling'] },
    async run(stage) {
      const from = Date.now()
      const visitors = await sevenTabs(stage, 'longPolling')
      for (const visitor of visitors) {
        await visitor.until(({ heard, settled }) => heard > 20 && settled > 3, 'traffic in each', 30_000)
      }
      const took = Date.now() - from
      for (const visitor of visitors) await visitor.settles()
      for (const { tab } of visitors.slice(1)) await tab.close()
      return took
    },
  },
  {
    title: 'seven tabs of event streams on HTTP/1.1: what those have that starve is settled once three are closed',
    plan: { transports: ['eventSource'] },
    async run(stage) {
      const visitors = await sevenTabs(stage, 'eventSource')
      await pause(5_000)
      const glances = await Promise.all(visitors.map(({ glance }) => glance()))
      stage.figure('open', glances.filter(({ status }) => status === 'open').length)
      stage.figure('hearing', glances.filter(({ heard }) => heard > 3).length)
      stage.figure('heard', glances.filter(({ settled }) => settled > 3).length)
      for (const { tab } of visitors.slice(4)) await tab.close()
      const from = Date.now()
      for (const visitor of visitors.slice(0, 4)) {
        await visitor.until(({ heard, settled }) => heard > 20 && settled > 3, 'traffic in each', 30_000)
      }
      const took = Date.now() - from
      for (const visitor of visitors.slice(0, 4)) await visitor.settles()
      for (const { tab } of visitors.slice(1, 4)) await tab.close()
      return took
    },
  },
  {
    title: 'the server process stopped for 8 s: well within 3 s of its going on',
    async run({ host, visitor }) {
      host.stop()
      await pause(BEAT + GRACE + 4_000)
      host.goOn()
      const from = Date.now()
      const { lastHeardAt } = await visitor.hears(from, 3_000 + SLACK)
      await visitor.settles()
      return lastHeardAt - from
    },
  },
]
