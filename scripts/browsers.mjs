// `npm run test:browsers`: real browsers under real network faults (test/browsers/README.md). `npm run test:browsers -- firefox hole` takes the
// cases whose browser and title have these words; `--record` keeps what came of them for docs/tested.md. Everything runs in namespaces of its own, which the kernel takes back with their last
// process: however this ends, no interface, rule, process or file is left.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, buildSync } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/** Seconds. */
const MOST = 2_400
const OUT = 'test/browsers/dist'
const RECORD = 'docs/browsers.json'
const UNSHARE = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc']

/** The oldest Node that we support does not read TypeScript. */
async function fromSource(path) {
  const { outputFiles } = buildSync({
    entryPoints: [path],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
  })
  return import('data:text/javascript,' + encodeURIComponent(outputFiles[0].text))
}
const { findProgram, installPackage } = await fromSource('scripts/debian.ts')
const { findBrowser } = await fromSource('scripts/browser.ts')
const { findMiniBrowser } = await fromSource('test/browsers/drivers/webkit.ts')

/** Path, or why there is none. */
async function obtain(find, ...packages) {
  if (!find()) for (const name of packages) await installPackage(name)
  const path = find()
  return path ? { path } : { missing: `not installed, and could not be: ${packages.join(', ')} (Debian, as root)` }
}

function findWebKit() {
  return findMiniBrowser() && findProgram('Xvfb') ? findProgram('WebKitWebDriver') : undefined
}

/** Installs what is missing, each thing only if it is wanted. */
async function programs() {
  const tools = await Promise.all([
    obtain(() => findProgram('ip') && findProgram('ss') && findProgram('tc'), 'iproute2'),
    obtain(() => findProgram('nft'), 'nftables'),
    obtain(() => findProgram('unshare') && findProgram('nsenter'), 'util-linux'),
  ])
  return {
    lacks: tools.flatMap(({ missing }) => missing ?? []),
    Chromium: await findBrowser().then(
      (path) => ({ path }),
      ({ message }) => ({ missing: message }),
    ),
    Firefox: await obtain(() => findProgram('firefox-esr', 'firefox'), 'firefox-esr'),
    WebKitGTK: await obtain(findWebKit, 'webkit2gtk-driver', 'xvfb'),
  }
}

/** As root directly; else as root of a user namespace, where the system allows that. */
function rights() {
  for (const more of [[], ['--map-root-user']]) {
    if (spawnSync('unshare', [...more, ...UNSHARE, 'true'], { stdio: 'ignore' }).status === 0)
      return [...more, ...UNSHARE]
  }
  return null
}

function bundle() {
  if (spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
    process.exit(1)
  rmSync(OUT, { recursive: true, force: true })
  const common = { bundle: true, outdir: OUT, logLevel: 'warning' }
  const entry = (name) => [{ in: `test/browsers/${name}.ts`, out: name }]
  return Promise.all([
    // The built packages: what users get.
    build({ ...common, entryPoints: entry('page'), format: 'iife', target: 'es2020' }),
    build({
      ...common,
      entryPoints: [...entry('run'), ...entry('server')],
      platform: 'node',
      format: 'esm',
      external: ['ws'],
      outExtension: { '.js': '.mjs' },
    }),
  ])
}

/** For docs/tested.md. */
function record() {
  const { startedAt, versions, results } = JSON.parse(readFileSync(`${OUT}/results.json`, 'utf8'))
  const told = results.map(({ browser, case: title, result, ms, reason }) =>
    Object.assign({ browser, case: title, result, ms: ms && Math.round(ms) }, result === 'skipped' && { reason }),
  )
  // A case that was run by itself takes the place of its row.
  const former = existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')) : { results: [] }
  const rowOf = ({ browser, case: title }) => `${browser}: ${title}`
  const fresh = new Map(told.map((row) => [rowOf(row), row]))
  const rows = [...new Map([...former.results.map((row) => [rowOf(row), row]), ...fresh]).values()]
  const figures = { date: startedAt.slice(0, 10), versions: { ...former.versions, ...versions }, results: rows }
  writeFileSync(RECORD, JSON.stringify(figures, null, 2) + '\n')
  spawnSync(process.execPath, ['scripts/tested.mjs', '--write'], { stdio: 'inherit' })
}

const words = process.argv.slice(2).filter((word) => word !== '--record')
const isRecord = words.length < process.argv.length - 2
const { lacks, ...found } = await programs()
const unshare = rights()
if (lacks.length || !unshare) {
  console.error(`Every case skipped: ${lacks.join('; ') || 'no right to make network namespaces (root has it)'}`)
  process.exit(1)
}
await bundle()
const folder = mkdtempSync(join(tmpdir(), 'holdfast-browsers-'))
const order = {
  programs: found,
  words: words.map((word) => word.toLowerCase()),
  folder,
  server: `${OUT}/server.mjs`,
  script: `${OUT}/page.js`,
  results: `${OUT}/results.json`,
}
// A shell as the first process: it takes in what browsers leave behind.
const args = [...unshare, 'sh', '-c', '"$@"; exit $?', 'sh', process.execPath, `${OUT}/run.mjs`, JSON.stringify(order)]
const child = spawn('unshare', args, { stdio: ['ignore', 'inherit', 'inherit'] })
const stop = () => child.kill('SIGKILL')
const timer = setTimeout(() => {
  console.error(`Not done within ${MOST} s.`)
  stop()
}, MOST * 1_000)
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, stop)
child.on('close', (code) => {
  clearTimeout(timer)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.exitCode = code ?? 1
  if (isRecord) record()
})
