// `npm run bench`: everything, or the parts and measures that are named. See README.md.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findBrowser } from '../../scripts/browser.ts'
import { bundle } from './bundle.ts'
import { contestants, measures, type Contestant, type Measure } from './contract.ts'
import { runInChromium } from './parts/chromium.ts'
import { runInNode } from './parts/node.ts'
import { describe, parts, write, type Part, type PartName, type Row } from './results.ts'
import { median } from './statistics.ts'

/** Seen from `dist/`, where this is built to. */
const root = new URL('../', import.meta.url)

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    bytes: { type: 'string' },
    part: { type: 'string' },
    with: { type: 'string' },
    profile: { type: 'boolean', default: false },
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
const only: readonly Measure[] = chosen('only', flags.only, measures)
const sizes = chosen('bytes', flags.bytes, ['64', '1024']).map(Number)
const names: readonly Contestant[] = chosen('with', flags.with, contestants)

function show(rows: Row[]): void {
  const table: Record<string, Record<string, string>> = {}
  for (const { measure, contestant, values } of rows)
    (table[measure] ??= {})[contestant] = median(values).toLocaleString('en-US', { maximumSignificantDigits: 3 })
  console.table(table)
}

const log = (line: string): void => console.log(line)
/** One file for each process, for Chromium's DevTools. */
const execArgv = flags.profile ? ['--cpu-prof', `--cpu-prof-dir=${fileURLToPath(new URL('dist/profiles', root))}`] : []
const bundles = await bundle({ root, holdfast: 'dist' })

const runs: Partial<Record<PartName, () => Promise<Pick<Part, 'rows'> & { chromium?: string }>>> = {
  node: async () => ({ rows: await runInNode(bundles, { rounds, only, sizes, names, execArgv, log }) }),
  async chromium() {
    const { rows, version } = await runInChromium(bundles, await findBrowser(), { rounds, only, sizes, names, log })
    return { rows, chromium: version }
  },
}

for (const part of chosen('part', flags.part, parts)) {
  const run = runs[part]
  if (!run) continue
  console.log(`\n== ${part}`)
  const { rows, chromium } = await run()
  show(rows)
  if (flags.save) write(root, part, { ...describe(root, chromium), rounds, rows })
}
