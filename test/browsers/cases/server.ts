// The server, and what else the page has open on its host.
import { check, pause, until } from '../stage.ts'
import { BEAT, GRACE, SLACK, type Case } from './case.ts'

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
