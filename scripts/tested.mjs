// docs/tested.md, from scripts/tested/map.mjs and the figures of the last soaks and of the last run in real browsers: `node scripts/tested.mjs`
// says what is wrong with it, `--write` writes it. Every title in the map has to stand in its file.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { herdText } from './soak/herd-table.mjs'
import { cases, inBrowsers, promises, untested } from './tested/map.mjs'

const root = new URL('../', import.meta.url)
const at = (path) => fileURLToPath(new URL(path, root))
const PAGE = 'docs/tested.md'
const SOAK = 'docs/soak.json'
const HERD = 'docs/herd.json'
const BROWSERS = 'docs/browsers.json'

const proofs = [
  ...promises.map(([, list]) => list),
  ...cases.map(([, , list]) => list),
  ...inBrowsers.map(([, list]) => list),
].flatMap((list) => (typeof list === 'string' ? [] : list))

/** Whether a file has a literal with exactly this text. Rows of tables of tests are literals, too. */
export function hasTitle(file, title) {
  if (!existsSync(at(file))) return false
  const text = readFileSync(at(file), 'utf8').replaceAll("\\'", "'")
  return ["'", '"', '`'].some((quote) => text.includes(quote + title + quote))
}

/** What the map names and is not there. */
export const missing = () =>
  proofs.filter(([file, title]) => !hasTitle(file, title)).map(([file, title]) => `${file}: ${title}`)

/** Cases of real browsers that the map does not name. */
export function unnamed() {
  const named = new Set(inBrowsers.flatMap(([, list]) => list.map(([, title]) => title)))
  const folder = at('test/browsers/cases/')
  const titles = readdirSync(folder).flatMap((name) =>
    [...readFileSync(folder + name, 'utf8').matchAll(/^ +title:\s*(["'`])(.*)\1,$/gm)].map(([, , title]) => title),
  )
  return titles.filter((title) => !named.has(title))
}

const cell = (text) => text.replaceAll('|', '\\|')
/** What a table of tests puts into its titles. */
const filled = (title) => title.replaceAll(/ ?\(\$\w+\)| ?%#/g, '').replaceAll(/%[sdi]|\$\{\w+\}|\$\w+/g, '…')
const link = ([file, title]) => `[${cell(filled(title))}](../${file})`
const told = (list) => (typeof list === 'string' ? list : list.map(link).join('<br>'))
const figure = (value) => Math.round(value).toLocaleString('en-US')

function soakText() {
  if (!existsSync(at(SOAK))) return 'No soak has been recorded. `npm run test:soak -- 200000 --record` records one.'
  const { date, seeds, from, seconds, cores, violations, faults } = JSON.parse(readFileSync(at(SOAK), 'utf8'))
  const all = Object.values(faults).reduce((sum, times) => sum + times, 0)
  const rows = Object.entries(faults).map(([fault, times]) => `| ${fault} | ${figure(times)} |`)
  return [
    `The last one, of ${date}: ${figure(seeds)} seeds from ${figure(from)} on, in ${figure(seconds / 60)} minutes on ${cores} core${cores > 1 ? 's' : ''}.`,
    `**${figure(violations)} violations.** ${figure(all)} faults took effect, ${(all / seeds).toFixed(0)} in each run:`,
    '',
    '| fault | times |',
    '| --- | --- |',
    ...rows,
  ].join('\n')
}

function lastHerd() {
  if (!existsSync(at(HERD))) return 'No herd has been recorded. `npm run test:soak -- herd --record` records one.'
  const figures = JSON.parse(readFileSync(at(HERD), 'utf8'))
  return `The last one, of ${figures.date}: ${herdText(figures)}`
}
/** What came of a case in a browser, in the run that was recorded. */
function outcome({ result, ms, reason } = { result: 'not run' }) {
  if (result === 'passed') return ms === null ? 'held' : `held, ${(ms / 1_000).toFixed(1)} s`
  return result === 'skipped' ? `– (${cell(reason)})` : result
}
function browsersText() {
  const run = existsSync(at(BROWSERS)) ? JSON.parse(readFileSync(at(BROWSERS), 'utf8')) : { versions: {}, results: [] }
  const names = Object.keys(run.versions)
  const of = (browser, title) => run.results.find((result) => result.browser === browser && result.case === title)
  const row = (promise, [file, title], first) =>
    [first ? promise : '', link([file, title]), ...names.map((name) => outcome(of(name, title)))].join(' | ')
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`)
  return [
    run.date
      ? `The run of ${run.date}, with ${versions.join(', ')}. A time is what it took until all was well again.`
      : 'No run has been recorded. `npm run test:browsers -- --record` records one.',
    '',
    `| promise | ${['case', ...names].join(' | ')} |`,
    `|${' --- |'.repeat(names.length + 2)}`,
    ...inBrowsers.flatMap(([promise, list]) => list.map((proof, n) => `| ${row(promise, proof, n === 0)} |`)),
  ].join('\n')
}

const text = () => `# What is tested, and what is not

Made by \`node scripts/tested.mjs --write\` from [a map](../scripts/tested/map.mjs) of promises and hard cases to the tests that show them. A test fails when a title named here is gone, or when
this page is older than the map. \`npm test\` runs all of them but the real browsers under network faults, the soak, the model and the mutants: those have commands of their own ([CONTRIBUTING](../CONTRIBUTING.md)).

Scenarios of \`test/promises\` run in Node **and** in Chromium, on all three transports where it makes sense, against a real server behind a proxy that breaks connections. "Seeded runs" are whole clients and servers in virtual
time, with [all these faults](../test/simulation/faults.ts), judged by [these oracles](../test/simulation/oracles.ts). That these tests can fail is shown by [mutants](../test/mutants/mutants.mjs): guards removed on purpose, each of which some test must notice.

## Promises

Those of the [README](../README.md#the-promise).

| promise | shown by |
| --- | --- |
${promises.map(([promise, list]) => `| ${cell(promise)} | ${told(list)} |`).join('\n')}

## Hard cases

What breaks such connections in the wild.

| # | case | shown by |
| --- | --- | --- |
${cases.map(([number, what, list]) => `| ${number} | ${cell(what)} | ${told(list)} |`).join('\n')}

## In real browsers

[Under faults of the network itself](../test/browsers/README.md). In every case messages go both ways: none is lost, doubled or out of order, and no outcome is untrue.

${browsersText()}

## The last soak

${soakText()}

## The last herd

A server, a fault proxy and a crowd of clients, each in a process of its own, and a fault a second (\`npm run test:soak -- herd\`).

${lastHerd()}

## What is not tested

| what | |
| --- | --- |
${untested.map(([what, why]) => `| ${cell(what)} | ${cell(why)} |`).join('\n')}
`

/** The page as it should be. */
export async function pageText() {
  return format(text(), { ...(await resolveConfig(at(PAGE))), filepath: PAGE })
}

/** Whether the page is what the map and the soak make of it. */
export const isCurrent = async () => existsSync(at(PAGE)) && readFileSync(at(PAGE), 'utf8') === (await pageText())

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const gone = missing()
  for (const title of gone) console.error(`no such test: ${title}`)
  const left = unnamed()
  for (const title of left) console.error(`not in the map: ${title}`)
  if (process.argv.includes('--write')) writeFileSync(at(PAGE), await pageText())
  const current = await isCurrent()
  if (!current) console.error(`${PAGE} is stale: node scripts/tested.mjs --write`)
  process.exitCode = gone.length > 0 || left.length > 0 || !current ? 1 : 0
}
