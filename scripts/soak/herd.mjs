// `npm run test:soak -- herd`: bundles the programs of test/soak/herd, each of which is a process of its own, runs them, and judges.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { herdText } from './herd-table.mjs'

const OUT = 'test/soak/dist'
const programs = new URL(`../../${OUT}/`, import.meta.url)

/** The oldest Node that we support does not read TypeScript. Names are kept for heap snapshots. */
const bundle = () =>
  build({
    entryPoints: ['run', 'verdict', 'clients', 'proxy', 'server'].map((name) => `test/soak/herd/${name}.ts`),
    bundle: true,
    outdir: OUT,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    format: 'esm',
    conditions: ['@holdfast/source'],
    external: ['ws'],
    keepNames: true,
    logLevel: 'warning',
  })

/** To two places: more would be noise in a file that is kept. */
const rounded = (_key, value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value)

/** Resolves with whether all went well. */
export async function runHerdSoak({ clients, minutes, seed, snapshots, record }) {
  rmSync(OUT, { recursive: true, force: true })
  await bundle()
  if (snapshots) mkdirSync(snapshots, { recursive: true })
  const { runHerd } = await import(new URL('run.mjs', programs))
  const { doubtsOf, faultsOf } = await import(new URL('verdict.mjs', programs))
  const figures = await runHerd({ clients, minutes, seed, snapshots, programs, progress: console.log })
  console.log(`\n${herdText(figures)}\n`)
  for (const doubt of doubtsOf(figures)) console.log(`In doubt: ${doubt}`)
  const faults = faultsOf(figures)
  for (const fault of faults) console.error(fault)
  if (record) {
    const told = { date: new Date().toISOString().slice(0, 10), ...figures }
    writeFileSync('docs/herd.json', JSON.stringify(told, rounded, 2) + '\n')
    spawnSync(process.execPath, ['scripts/tested.mjs', '--write'], { stdio: 'inherit' })
  }
  return faults.length === 0
}
