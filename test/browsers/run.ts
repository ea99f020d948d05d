// Every case in every browser, one after another. Runs in a namespace of its own: scripts/browsers.mjs starts it there.
import { mkdirSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { cases } from './cases/all.ts'
import { BEAT, GRACE, type Case } from './cases/case.ts'
import type { Browser, BrowserName, Place } from './drivers/browser.ts'
import { startChromium } from './drivers/chromium.ts'
import { startFirefox } from './drivers/firefox.ts'
import { startWebKit } from './drivers/webkit.ts'
import { startHost } from './host.ts'
import { createNetwork, type Network } from './network.ts'
import { createVisitor, loaded, type Stage, type Visitor } from './stage.ts'
import type { Plan } from './traffic.ts'

/** What scripts/browsers.mjs passes on. */
export interface Order {
  /** Path of each, or why it is not here. */
  readonly programs: { readonly [name in BrowserName]: { readonly path: string } | { readonly missing: string } }
  /** Words that a browser's name and the case's title must all contain. */
  readonly words: readonly string[]
  readonly folder: string
  readonly server: string
  readonly script: string
  readonly results: string
}

interface Result {
  readonly browser: BrowserName
  readonly case: string
  readonly result: 'passed' | 'failed' | 'skipped'
  /** Until all was well again, ms; null: nothing to be measured, or not passed. */
  readonly ms: number | null
  readonly figures: { readonly [name: string]: number }
  /** Of what failed or was skipped. */
  readonly reason?: string
  /** Of what failed: what the page knew. */
  readonly record?: unknown
}

const order = JSON.parse(process.argv.at(-1)!) as Order
const starters: { readonly [name in BrowserName]: (place: Place) => Promise<Browser> } = {
  Chromium: startChromium,
  Firefox: startFirefox,
  WebKitGTK: startWebKit,
}
const usual: Plan = { path: '/realtime', options: {}, every: 100, survives: false }
const LIMIT = 90_000

/** Opens a client in the page, with steady traffic, and waits until it has had some both ways. */
async function enter(stage: Pick<Stage, 'tab' | 'host'>, name: string, over: Partial<Plan> = {}): Promise<Visitor> {
  const { tab, host } = stage
  const plan = { ...usual, ...over }
  await host.tell({ do: 'publish', path: plan.path, every: 100 })
  await tab.evaluate(`rig.open(${JSON.stringify(name)}, ${JSON.stringify(plan)}) ?? true`)
  return createVisitor({ tab, host, name, path: plan.path })
}

async function play(
  browser: Browser,
  network: Network,
  item: Case,
  figures: { [name: string]: number },
): Promise<number | void> {
  const { beat = BEAT, grace = GRACE, latency = 0 } = item.server ?? {}
  const address = network.nextHost()
  const host = await startHost(network, order.server, { host: address, script: order.script, beat, grace, latency })
  const tab = await browser.open(`http://${address}${latency ? ':81' : ''}/`)
  const stage: Omit<Stage, 'visitor'> = {
    browser,
    tab,
    host,
    network,
    enter: (name, over, other = tab) => enter({ tab: other, host }, name, over),
    figure: (name, value) => (figures[name] = value),
  }
  try {
    await loaded(tab)
    const visitor = await enter(stage, 'main', item.plan)
    await visitor.until(({ heard, settled }) => heard > 3 && (settled > 3 || item.plan?.every === 0), 'traffic', 20_000)
    try {
      return await item.run({ ...stage, visitor })
    } catch (error) {
      throw Object.assign(error as Error, { record: await visitor.record().catch(() => null) })
    }
  } finally {
    host.close()
    await network.calm()
    await tab.close().catch(() => {})
  }
}

async function limited<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms} ms`)), ms)
  })
  return Promise.race([work, limit]).finally(() => clearTimeout(timer))
}

const results: Result[] = []
const versions: { [name: string]: string } = {}
const startedAt = new Date()

function add(result: Result): void {
  results.push(result)
  const { browser, ms, figures, reason } = result
  const time = ms === null ? '' : String(Math.round(ms))
  const notes = Object.entries(figures).map(([name, value]) => `${name} ${Math.round(value)}`)
  const line = [browser.padEnd(9), result.result.padEnd(7), time.padStart(6), result.case].join('  ')
  console.log([line, ...(notes.length ? [`(${notes.join(', ')})`] : []), ...(reason ? [`– ${reason}`] : [])].join(' '))
  const took = Date.now() - startedAt.getTime()
  const report = { startedAt: startedAt.toISOString(), took, kernel: release(), versions, results }
  writeFileSync(order.results, `${JSON.stringify(report, null, 2)}\n`)
}

async function inBrowser(name: BrowserName, path: string, wanted: readonly Case[], network: Network): Promise<void> {
  let runs = 0
  const start = async (): Promise<Browser> => {
    const folder = join(order.folder, `${name}-${runs++}`)
    mkdirSync(folder, { recursive: true })
    return limited(starters[name]({ path, folder }), 90_000)
  }
  let browser = await start()
  versions[name] = browser.version
  for (const item of wanted) {
    const reason = item.skip?.(browser)
    const about = { browser: name, case: item.title }
    if (reason) {
      add({ ...about, result: 'skipped', ms: null, figures: {}, reason })
      continue
    }
    const figures: { [name: string]: number } = {}
    try {
      const ms = await limited(play(browser, network, item, figures), item.limit ?? LIMIT)
      add({ ...about, result: 'passed', ms: ms ?? null, figures })
    } catch (error) {
      const { message, record } = error as Error & { record?: unknown }
      add({ ...about, result: 'failed', ms: null, figures, reason: message.slice(0, 600), record })
      // Whatever state it is in: the next case is not to suffer.
      await browser.close()
      browser = await start()
    }
  }
  await browser.close()
}

mkdirSync(dirname(order.results), { recursive: true })
const network = await createNetwork()
for (const [name, program] of Object.entries(order.programs) as [
  BrowserName,
  { path: string } | { missing: string },
][]) {
  const has = ({ title }: Case): boolean => order.words.every((word) => `${name} ${title}`.toLowerCase().includes(word))
  const wanted = cases.filter(has)
  if (!wanted.length) continue
  const skipAll = (reason: string, result: 'skipped' | 'failed'): void =>
    wanted
      .filter(({ title }) => !results.some((done) => done.browser === name && done.case === title))
      .forEach(({ title }) => add({ browser: name, case: title, result, ms: null, figures: {}, reason }))
  if ('missing' in program) skipAll(program.missing, 'skipped')
  else await inBrowser(name, program.path, wanted, network).catch((error: Error) => skipAll(error.message, 'failed'))
}
network.close()
const count = (wanted: Result['result']): number => results.filter(({ result }) => result === wanted).length
console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
// Where nothing ran, nothing was shown.
process.exit(count('failed') || !count('passed') ? 1 : 0)
