// The page is put away, stopped, left and reloaded.
import { signal } from '../drivers/processes.ts'
import { check, pause, until, type Stage } from '../stage.ts'
import { BEAT, GRACE, SLACK, type Case } from './case.ts'

const go = ({ tab }: Stage, expression: string): Promise<unknown> => tab.evaluate(`void (${expression}) ?? true`)

/** Stops processes, as sleep does. Returns when they went on. */
async function asleep(pids: readonly number[], time: number, whileAsleep?: () => Promise<void>): Promise<number> {
  check(pids.length > 0, 'no process to stop')
  signal(pids, 'SIGSTOP')
  try {
    await whileAsleep?.()
    await pause(time)
  } finally {
    signal(pids.toReversed(), 'SIGCONT')
  }
  return Date.now()
}

/** A navigation that leaves the page where it is. */
async function leads(stage: Stage, path: string): Promise<void> {
  const { visitor, figure } = stage
  for (let n = 0; n < 2; n++) {
    await go(stage, `location.href = '${path}'`)
    await pause(500)
    await visitor.hears(Date.now(), 3_000 + SLACK)
  }
  const { opens, lives } = await visitor.settles()
  check(lives === 1, 'the page was loaded anew')
  figure('reconnects', opens.length - 1)
}

/** Of one page, each in the task in which it has sent. */
const RELOADS = Number(process.env.RELOADS ?? 60)

export const pageCases: Case[] = [
  {
    title: 'frozen for 6 s: open again within 3 s of its return',
    skip: ({ name }) => (name === 'Chromium' ? null : 'no command freezes a page'),
    async run({ tab, visitor }) {
      await tab.freeze!()
      await pause(6_000)
      const { opens } = await visitor.glance()
      await tab.thaw!()
      const from = Date.now()
      await visitor.until((glance) => glance.opens > opens, 'open again', 3_000 + SLACK)
      const record = await visitor.settles()
      check(
        record.told.some(({ what }) => what === 'freeze'),
        'the page was not frozen',
      )
      return record.opens[opens]!.at - from
    },
  },
  {
    title: 'the page’s process stopped for 8 s: well within 3 s of its going on',
    async run({ browser, visitor }) {
      const from = await asleep(browser.renderers(), BEAT + GRACE + 4_000)
      const { lastHeardAt } = await visitor.hears(from, 3_000 + SLACK)
      await visitor.settles()
      return lastHeardAt - from
    },
  },
  {
    title: 'the whole browser stopped for 18 s, its connections dead meanwhile: a new link within 3 s',
    // As deployed: nothing but the wake-up itself can be so quick. Messages that came before they died lie in its buffers.
    server: { beat: 15_000, grace: 5_000 },
    async run({ browser, network, host, visitor }) {
      const flows = await network.flows(host.address)
      const { opens } = await visitor.glance()
      const from = await asleep(browser.all(), 18_000, async () => {
        await pause(500)
        await network.lose(flows, 'both')
      })
      await visitor.until((glance) => glance.opens > opens, 'a new link', 3_000 + SLACK)
      const record = await visitor.settles()
      return record.opens[opens]!.at - from
    },
  },
  {
    title: 'left and returned to: from the back/forward cache with the same session, or loaded anew',
    plan: { survives: true },
    async run(stage) {
      const { tab, visitor, figure } = stage
      await go(stage, `location.href = '/elsewhere'`)
      await until(
        () => tab.evaluate<string>('document.title'),
        (title) => title === 'elsewhere',
        'the other page',
        5_000,
      )
      await pause(2_000)
      const from = Date.now()
      await go(stage, 'history.back()')
      await visitor.until(({ opens }) => opens > 1, 'open again', 3_000 + SLACK)
      const { opens, told, lives } = await visitor.settles()
      const isKept = told.some(({ what }) => what === 'pageshow true')
      figure('from the cache', isKept ? 1 : 0)
      check(lives === (isKept ? 1 : 2), `${lives} lives`)
      check(
        opens[1]!.resumed === isKept,
        isKept ? 'a new session for the same page' : 'the session of another page life',
      )
      return opens[1]!.at - from
    },
  },
  {
    title: 'reloaded five times under load: nothing doubled, nothing acknowledged lost, all heard once',
    plan: { survives: true, every: 20 },
    async run(stage) {
      const { visitor } = stage
      let slowest = 0
      for (let life = 2; life <= 6; life++) {
        const from = Date.now()
        await go(stage, 'location.reload()')
        const isBack = ({ lives, status }: { lives: number; status: string }): boolean =>
          lives === life && status === 'open'
        await visitor.until(isBack, `open in life ${life}`, 5_000 + SLACK)
        slowest = Math.max(slowest, Date.now() - from)
        await visitor.hears(Date.now(), 2_000)
      }
      await visitor.settles()
      return slowest
    },
  },
  {
    title:
      'sends and reloads in the same task, again and again: nothing doubled, nothing acknowledged lost, all heard once',
    plan: { survives: true, every: 0, reloads: RELOADS },
    limit: 60_000 + RELOADS * 1_000,
    async run({ host, visitor, figure }) {
      const isBack = ({ lives, status }: { lives: number; status: string }): boolean =>
        lives === RELOADS + 1 && status === 'open'
      await visitor.until(isBack, 'the last life', 20_000 + RELOADS * 900)
      await visitor.hears(Date.now(), 2_000)
      const { sent } = await visitor.settles()
      const { handled } = await host.tell({ do: 'tell', path: '/realtime' })
      figure('sent', sent)
      figure('handled', handled.length)
    },
  },
  {
    title: 'a link to a download: the page stays, and loses nothing',
    run: (stage) => leads(stage, '/download'),
  },
  {
    title: 'a link to nothing (204): the page stays, and loses nothing',
    run: (stage) => leads(stage, '/nothing'),
  },
]

/** ms hidden: timers go down to one a minute after the tenth second in Chromium. */
const HIDDEN = { Chromium: 75_000, Firefox: 20_000, WebKitGTK: 20_000 }

export const hiddenCase: Case = {
  title: 'a hidden tab, throttled: no reconnect',
  server: { beat: 15_000, grace: 5_000 },
  limit: 180_000,
  async run({ browser, host, tab, visitor, figure }) {
    const { sent } = await visitor.glance()
    const cover = await browser.open(`http://${host.address}/elsewhere`)
    try {
      const visibility = (): Promise<string> => tab.evaluate<string>('document.visibilityState')
      await until(visibility, (state) => state === 'hidden', 'the tab hidden', 5_000)
      await pause(HIDDEN[browser.name])
      figure('messages up meanwhile', (await visitor.glance()).sent - sent)
      await visitor.hears(Date.now(), 3_000)
    } finally {
      await cover.close()
    }
    await tab.show()
    const { opens } = await visitor.settles()
    check(opens.length === 1, `${opens.length - 1} reconnects`)
  },
}
