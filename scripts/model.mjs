// `npm run test:model`: searches every state of the variants of test/model with Spin, and finds in each seeded bug the promise that it
// breaks. Fails on any surprise. `npm run test:model -- twin` takes those named so.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'
import { bugs, variants } from '../test/model/variants.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const model = at('../test/model/session.pml')
/** Per variant: a search that outgrows them stops being one that everybody runs. */
const MOST_STATES = 1_000_000
const MOST_SECONDS = 60
/** Per variant, MB. */
const MOST_MEMORY = 1_500

/** The oldest Node that we support does not read TypeScript. */
const { code } = transformSync(readFileSync(at('debian.ts'), 'utf8'), { loader: 'ts', format: 'esm' })
const { requireProgram } = await import('data:text/javascript,' + encodeURIComponent(code))

/** What a program said, and its exit code; null: it took too long. */
function run(folder, program, args) {
  // Seconds of the processor: a busy machine is no surprise.
  const limited = ['-c', `ulimit -t ${MOST_SECONDS}; exec "$@"`, 'sh', program, ...args]
  const child = spawn('sh', limited, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ said: String(error), status: 1 }))
    child.on('close', (status) => resolve({ said, status }))
  })
}

/** Generates the verifier of one variant, compiles and runs it. */
async function search({ spin, gcc }, { flags, rests }, isBug) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-model-'))
  try {
    const generated = await run(folder, spin, ['-a', ...flags.map((flag) => '-D' + flag), model])
    if (generated.status !== 0) return { said: generated.said }
    // A bug is found within a few thousand states: there the compiler would take most of the time.
    const kind = [rests ? '-DNP' : '-DSAFETY', isBug ? '-O0' : '-O1']
    const compiled = await run(folder, gcc, [...kind, '-DNOREDUCE', `-DMEMLIM=${MOST_MEMORY}`, '-o', 'pan', 'pan.c'])
    if (compiled.status !== 0) return { said: compiled.said }
    const from = performance.now()
    const { said, status } = await run(folder, './pan', ['-m10000', '-w22', ...(rests ? ['-l'] : [])])
    return { said, isLate: status === null, seconds: (performance.now() - from) / 1_000 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the verifier found: its verdict, and the states it has seen. */
function read({ said, isLate, seconds = 0 }) {
  const states = Number(/(\d+) states, stored/.exec(said)?.[1] ?? 0)
  const broken = /assertion violated .*?(\w+)\)? \(at depth/.exec(said)?.[1]
  let verdict = 'no answer: ' + said.trim().slice(0, 400)
  if (isLate) verdict = `not done in ${MOST_SECONDS} s`
  else if (broken) verdict = `breaks ${broken}`
  else if (said.includes('non-progress cycle (at depth')) verdict = 'goes on for ever'
  else if (/errors: 0\b/.test(said) && !/not completed|^error:|pan: .*bound/m.test(said)) verdict = 'holds'
  if (verdict === 'holds' && states > MOST_STATES) verdict = 'holds, but has too many states'
  return { verdict, states, seconds }
}

async function main() {
  const isWanted = ({ name }) => process.argv.slice(2).every((part) => name.toLowerCase().includes(part.toLowerCase()))
  const jobs = [
    ...variants.map((variant) => ({ ...variant, expected: 'holds' })),
    ...bugs.map((bug) => ({ ...bug, flags: [...bug.flags, 'BUG_' + bug.name], expected: 'breaks ' + bug.breaks })),
  ].filter(isWanted)
  if (!jobs.length) throw new Error('No variant or bug is named so.')
  const programs = { spin: await requireProgram('spin'), gcc: await requireProgram('gcc') }
  const surprises = []
  const next = jobs.values()
  const total = { states: 0, from: performance.now() }
  console.log('     states  seconds  variant or bug                          verdict')
  async function work() {
    for (const job of next) {
      const { verdict, states, seconds } = read(await search(programs, job, 'breaks' in job))
      const isExpected = verdict === job.expected
      if (!isExpected) surprises.push(job.name)
      total.states += states
      const figures = `${String(states).padStart(11)}  ${seconds.toFixed(1).padStart(7)}`
      console.log(`${figures}  ${job.name.padEnd(38)}  ${verdict}${isExpected ? '' : `  (SURPRISE: ${job.expected})`}`)
    }
  }
  // Each takes up to 300 MB.
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, work))
  const seconds = ((performance.now() - total.from) / 1_000).toFixed(0)
  console.log(`model: ${jobs.length} searches, ${total.states} states, ${seconds} s, ${surprises.length} surprises`)
  if (surprises.length) process.exitCode = 1
}

await main().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
