// `npm run test:mutants`: applies each mutant of test/mutants/mutants.mjs to a copy of the tree, one at a time, and runs the suites that
// have to notice. One that survives, or whose suites do not even run, fails. `npm run test:mutants -- gap` runs those named so, `-- oracle` those
// that prove the oracles of the simulation.
import { spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mutants } from '../test/mutants/mutants.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** What a suite may take, ms: a mutant that makes one hang is noticed, too, but not by a failure. */
const PATIENCE = 120_000

/** A tree of its own, in which the packages are its own and everything that is installed is shared. */
function copyTree() {
  const tree = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-mutants-')))
  const isOurs = (path) => !/[\\/](node_modules|dist|\.dts)([\\/]|$)/.test(path.slice(root.length))
  for (const name of ['packages', 'test', 'demo', 'docs', 'vitest.config.ts', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(tree, name), { recursive: true, filter: isOurs })
  mkdirSync(join(tree, 'node_modules', '@holdfast'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@holdfast' && !name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(tree, 'node_modules', name))
  for (const name of readdirSync(join(tree, 'packages')))
    symlinkSync(join(tree, 'packages', name), join(tree, 'node_modules', '@holdfast', name))
  return tree
}

/** Resolves to what the mutant's suites said. */
function run(tree, { by: suites, oracle }) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const report = join(tree, 'report.json')
  rmSync(report, { force: true })
  const args = [
    'run',
    '--project',
    'node',
    '--bail=1',
    '--no-file-parallelism',
    '--reporter=json',
    `--outputFile=${report}`,
  ]
  const env = { ...process.env, SHRINK: 'no' }
  const child = spawn(process.execPath, [vitest, ...args, ...suites], { cwd: tree, stdio: 'ignore', env })
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  return new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(late)
      let told
      try {
        told = JSON.parse(readFileSync(report, 'utf8'))
      } catch {
        return resolve({ verdict: 'hung or did not run', test: '' })
      }
      const failed = told.testResults
        .flatMap(({ assertionResults }) => assertionResults)
        .find(({ status }) => status === 'failed')
      const by = failed?.fullName.trim()
      // One that another oracle notices first says nothing of its own.
      const isMissed = failed && oracle && !failed.failureMessages.some((text) => text.includes(`[${oracle}]`))
      if (failed) return resolve({ verdict: isMissed ? `not noticed by ${oracle}` : 'killed', test: by })
      // A file that cannot be loaded proves nothing: the mutant has to be a program.
      resolve({ verdict: told.success && told.numTotalTests ? 'SURVIVED' : 'did not run', test: '' })
    })
  })
}

async function work(queue, results) {
  const tree = copyTree()
  try {
    for (let mutant; (mutant = queue.shift());) {
      const path = join(tree, mutant.file)
      const text = readFileSync(path, 'utf8')
      if (text.split(mutant.from).length !== 2) {
        results.push({ mutant, verdict: 'does not apply', test: '', seconds: 0 })
        continue
      }
      const from = performance.now()
      writeFileSync(
        path,
        text.replace(mutant.from, () => mutant.to),
      )
      const told = await run(tree, mutant)
      writeFileSync(path, text)
      const seconds = (performance.now() - from) / 1000
      results.push({ mutant, ...told, seconds })
      console.log(
        `${told.verdict}  ${mutant.name}  (${seconds.toFixed(1)} s)${told.test && `\n        by: ${told.test}`}`,
      )
    }
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

const wanted = process.argv.slice(2).join(' ').toLowerCase()
const words = ({ name, file, oracle }) => `${name} ${file}${oracle ? ` oracle ${oracle}` : ''}`
const queue = mutants.filter((mutant) => words(mutant).toLowerCase().includes(wanted))
const count = queue.length
const results = []
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 2) }, () => work(queue, results)))
const alive = results.filter(({ verdict }) => verdict !== 'killed')
for (const { mutant, verdict } of alive)
  console.error(`${verdict}: ${mutant.name} (${mutant.file}; ${mutant.by.join(', ')})`)
console.log(`${count - alive.length} of ${count} mutants killed`)
process.exitCode = alive.length || !count ? 1 : 0
