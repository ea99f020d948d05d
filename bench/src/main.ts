// `npm run bench`: everything, or the parts and measures that are named. See README.md.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findBrowser } from '../../scripts/browser.ts'
import { bundle } from './bundle.ts'
import { contestants, measures, type Contestant, type Measure } from './contract.ts'
import { runInChromium } from './parts/chromium.ts'
import { measureHeap } from './parts/heap.ts'
import { fullLoad, measureLoad } from './parts/load.ts'
import { runInNode } from './parts/node.ts'
import { measureRecovery } from './parts/recovery.ts'
import { measureSizes } from './parts/size.ts'
import { measureStorm } from './parts/storm.ts'
import { describe, loadBefore, parts, write, type Part, type PartName, type Row } from './results.ts'
import { STORM_MEAN } from './report/page.ts'
import { targetsOf, type Results } from './report/targets.ts'
import { readAll, writePage } from './report/write.ts'
import { median } from './statistics.ts'

/** Seen from `dist/`, where this is built to. */
const root = new URL('../', import.meta.url)

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string' },
    bytes: { type: 'string' },
    part: { type: 'string' },
    with: { type: 'string' },
    profile: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
})

/** Names in a list with commas; all, where none are given. Throws for a name that is none. */
function chosen<T extends string>(flag: string, list: string | undefined, known: readonly T[]): readonly T[] {
  if (list === undefined) return known
  const names = list.split(',')
  const unknown = names.find((name) => !(known as readonly string[]).includes(name))
  if (unknown !== undefined) throw new Error(`--${flag} ${unknown}: one of ${known.join(', ')}`)
  return names as T[]
}

const rounds = Number(flags.rounds)
/** Of the number of messages: less is quicker, and less sure. */
const scale = Number(flags.scale)
const only: readonly Measure[] = chosen('only', flags.only, measures)
const sizes = chosen('bytes', flags.bytes, ['64', '1024']).map(Number)
const names: readonly Contestant[] = chosen('with', flags.with, contestants)

function show(rows: Row[]): void {
  const table: Record<string, Record<string, string>> = {}
  for (const { measure, contestant, values } of rows)
    (table[measure] ??= {})[contestant] = values.length
      ? median(values).toLocaleString('en-US', { maximumSignificantDigits: 3 })
      : 'never'
  console.table(table)
}

const log = (line: string): void => console.log(line)
/** One file for each process, for Chromium's DevTools. */
const execArgv = flags.profile ? ['--cpu-prof', `--cpu-prof-dir=${fileURLToPath(new URL('dist/profiles', root))}`] : []
const bundles = await bundle({ root, holdfast: 'dist' })

const runs: Partial<Record<PartName, () => Promise<Pick<Part, 'rows' | 'series'> & { chromium?: string }>>> = {
  node: async () => ({ rows: await runInNode(bundles, { rounds, scale, only, sizes, names, execArgv, log }) }),
  async chromium() {
    const { rows, version } = await runInChromium(bundles, await findBrowser(), {
      rounds,
      scale,
      only,
      sizes,
      names,
      log,
    })
    return { rows, chromium: version }
  },
  heap: async () => ({ rows: await measureHeap(bundles, Math.min(rounds, 3), 1_000) }),
  size: async () => ({ rows: await measureSizes(root) }),
  recovery: async () => ({ rows: await measureRecovery(bundles, { resets: Math.min(rounds, 5), blackHoles: 1 }) }),
  load: async () => ({ rows: await measureLoad(bundles, { ...fullLoad, log }) }),
  storm: () => measureStorm(Math.min(rounds, 3)),
}

const measured: Results = {}
for (const part of flags.report ? [] : chosen('part', flags.part, parts)) {
  const run = runs[part]
  if (!run) continue
  console.log(`\n== ${part}`)
  const load = loadBefore()
  const { rows, chromium, series } = await run()
  show(rows)
  const result: Part = { ...describe(root, load, chromium), rounds, rows, ...(series && { series }) }
  measured[part] = result
  if (flags.save) write(root, part, result)
}
if (flags.save || flags.report) await writePage(root)
console.table(
  targetsOf(flags.save || flags.report ? readAll(root) : measured, STORM_MEAN).filter(
    ({ measured }) => measured !== null,
  ),
)
