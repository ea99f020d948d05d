// docs/tested.md, from scripts/tested/map.mjs and the figures of the last soaks: `node scripts/tested.mjs` says what is wrong with it,
// `--write` writes it. Every title in the map has to stand in its file.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { herdText } from './soak/herd-table.mjs'
import { cases, promises, untested } from './tested/map.mjs'

const root = new URL('../', import.meta.url)
const at = (path) => fileURLToPath(new URL(path, root))
const PAGE = 'docs/tested.md'
const SOAK = 'docs/soak.json'
const HERD = 'docs/herd.json'

const proofs = [...promises.map(([, list]) => list), ...cases.map(([, , list]) => list)].flatMap((list) =>
  typeof list === 'string' ? [] : list,
)

/** Whether a file has a literal with exactly this text. Rows of tables of tests are literals, too. */
export function hasTitle(file, title) {
  if (!existsSync(at(file))) return false
  const text = readFileSync(at(file), 'utf8').replaceAll("\\'", "'")
  return ["'", '"', '`'].some((quote) => text.includes(quote + title + quote))
}

/** What the map names and is not there. */
export const missing = () =>
  proofs.filter(([file, title]) => !hasTitle(file, title)).map(([file, title]) => `${file}: ${title}`)

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
  if (process.argv.includes('--write')) writeFileSync(at(PAGE), await pageText())
  const current = await isCurrent()
  if (!current) console.error(`${PAGE} is stale: node scripts/tested.mjs --write`)
  process.exitCode = gone.length > 0 || !current ? 1 : 0
}
