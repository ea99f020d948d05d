// `npm test`: every check, in order, with the time each took; stops at the first that fails and names it.
// `npm test -- types lint` runs only the steps named. The last line is the total of tests.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const tsc = 'node_modules/@typescript/native/bin/tsc'
const counts = { passed: 0, failed: 0 }

/** Runs one file with this Node and says whether it went well. */
const node = (...args) => spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0

/** Runs projects of vitest.config.ts, by a pattern, and adds its tests to the total. */
function vitest(project) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-check-'))
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  try {
    const green = node('node_modules/vitest/vitest.mjs', 'run', '--project', project, ...reporters)
    const none = { numPassedTests: 0, numTotalTests: 0 }
    const { numPassedTests, numTotalTests } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : none
    // Skipped counts as failed: a test that did not run proved nothing. So does a run that ended before its first test.
    const failed = numTotalTests - numPassedTests || (green ? 0 : 1)
    counts.passed += numPassedTests
    counts.failed += failed
    return failed === 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const steps = {
  types: () =>
    ['tsconfig.json', 'tsconfig.build.json', 'tsconfig.build.node.json'].every((path) => node(tsc, '-p', path)),
  lint: () => node('node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'),
  format: () => node('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
  docs: () => node('scripts/docs.mjs'),
  build: () => node('scripts/build.mjs'),
  packages: () => node('scripts/packages.mjs'),
  size: () => node('scripts/size.mjs'),
  node: () => vitest('node*'),
  browser: () => vitest('browser'),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in steps))
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. Steps: ${Object.keys(steps).join(', ')}`)
  process.exit(2)
}

const times = []
let red
for (const [name, run] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n== ${name}`)
  const from = performance.now()
  const green = run()
  times.push(`${name} ${((performance.now() - from) / 1000).toFixed(1)} s`)
  if (green) continue
  red = name
  break
}

console.log(`\n${times.join(', ')}`)
if (red) console.error(`FAILED: ${red} (again by itself: npm test -- ${red})`)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = red ? 1 : 0
