// `npm run test:soak`: the simulation with as many seeds as it is told, none of them those of `npm test`: `npm run test:soak -- 200000`, from
// another first seed with `--from 5000000`, or for so long with `--minutes 15`. Seeds are shared out to as many processes as `--cores` says (1).
// Prints a table of what took effect; `--record` keeps the figures in docs/soak.json, of which docs/tested.md is made.
// `npm run test:soak -- herd --clients 2000 --minutes 30 --seed 1` is the other soak: a crowd of clients, and a fault a second (docs/herd.json).
// `npm run test:soak -- cluster --clients 1000 --minutes 10 --seed 1`: a crowd on three nodes, one of which is killed every 20 s.
// `--snapshots folder` keeps two heap snapshots of each of its processes, after the warm-up and at the end.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runClusterSoak } from './soak/cluster.mjs'
import { runHerdSoak } from './soak/herd.mjs'

function usage() {
  console.error(`usage: npm run test:soak -- [seeds] [--from seed] [--minutes n] [--cores n] [--record]
       npm run test:soak -- herd [--clients n] [--minutes n] [--seed n] [--snapshots folder] [--record]
       npm run test:soak -- cluster [--clients n] [--minutes n] [--seed n]`)
  process.exit(2)
}

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: 'string' },
    minutes: { type: 'string' },
    cores: { type: 'string' },
    record: { type: 'boolean' },
    clients: { type: 'string' },
    seed: { type: 'string' },
    snapshots: { type: 'string' },
  },
})
const { SOAK_SEEDS, SOAK_FROM = '1000000', SOAK_MINUTES, SOAK_CORES = '1' } = process.env
const { SOAK_CLIENTS = '2000', SOAK_SEED = '1' } = process.env

if (positionals[0] === 'herd') {
  const clients = Number(values.clients ?? SOAK_CLIENTS)
  const plan = {
    clients,
    minutes: Number(values.minutes ?? SOAK_MINUTES ?? 30),
    seed: Number(values.seed ?? SOAK_SEED),
  }
  if (!Object.values(plan).every((value) => value > 0)) usage()
  process.exit((await runHerdSoak({ ...plan, snapshots: values.snapshots, record: values.record })) ? 0 : 1)
}

if (positionals[0] === 'cluster') process.exit(runClusterSoak(values) ? 0 : 1)

const minutes = values.minutes ?? SOAK_MINUTES
// For a time: more than fit in it.
const seeds = Number(positionals[0] ?? SOAK_SEEDS ?? (minutes ? 1e9 : 20_000))
const from = Number(values.from ?? SOAK_FROM)
const cores = Number(values.cores ?? SOAK_CORES)
if (![seeds, from, cores, Number(minutes ?? 1)].every((value) => value > 0)) usage()

const folder = mkdtempSync(join(tmpdir(), 'holdfast-soak-'))

/** Runs a share of the seeds; resolves with what its process told, and whether it went well. */
function share(n) {
  const count = Math.ceil(seeds / cores)
  const report = join(folder, `${n}.json`)
  const env = { SOAK_SEEDS: count, SOAK_FROM: from + n * count, SOAK_MINUTES: minutes ?? '', SOAK_REPORT: report }
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'soak', 'test/soak/simulation.test.ts']
  const stdio = ['ignore', 'inherit', 'inherit']
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio })
  return new Promise((resolve) =>
    child.on('close', (code) =>
      resolve({ green: code === 0, told: existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null }),
    ),
  )
}

const shares = await Promise.all(Array.from({ length: cores }, (_, n) => share(n)))
rmSync(folder, { recursive: true })
const results = shares.flatMap(({ told }) => told ?? [])
const sum = (of) => results.reduce((total, result) => total + of(result), 0)
const count = sum((result) => result.seeds)
const seconds = Math.max(...results.map((result) => result.seconds), 0)
const faults = {}
for (const { faults: some } of results)
  for (const [fault, times] of Object.entries(some)) faults[fault] = (faults[fault] ?? 0) + times
const all = Object.values(faults).reduce((total, times) => total + times, 0)

const figure = (value) => Math.round(value).toLocaleString('en-US')
console.log(`
| soak | |
| --- | --- |
| seeds | ${figure(count)}, from ${figure(from)} |
| time | ${figure(seconds)} s on ${cores} core${cores > 1 ? 's' : ''}, ${(count / seconds).toFixed(1)} seeds/s |
| violations | ${sum((result) => result.violations)} |
| faults that took effect | ${figure(all)}, ${(all / count).toFixed(0)} a seed |

| fault | times |
| --- | --- |
${Object.entries(faults)
  .map(([fault, times]) => `| ${fault} | ${figure(times)} |`)
  .join('\n')}`)
if (values.record) {
  const date = new Date().toISOString().slice(0, 10)
  const violations = sum((result) => result.violations)
  const told = { date, seeds: count, from, seconds: Math.round(seconds), cores, violations, faults }
  writeFileSync('docs/soak.json', JSON.stringify(told, null, 2) + '\n')
  spawnSync(process.execPath, ['scripts/tested.mjs', '--write'], { stdio: 'inherit' })
}
process.exitCode = shares.every(({ green }) => green) && count > 0 ? 0 : 1
