// docs/benchmarks.md and its plots, made of results/ alone: the same results give the same page, to the byte.
import { formulas } from '../formulas.ts'
import { parts, type Part, type PartName, type Row } from '../results.ts'
import { median } from '../statistics.ts'
import { barPlot, linePlot, type Bar } from './plots.ts'
import { losses } from './losses.ts'
import { targetsOf, type Results, type Target } from './targets.ts'
import { closing, headings, method, opening, reasons } from './words.ts'

export interface Page {
  markdown: string
  /** By file name, below docs/images. */
  plots: Record<string, string>
}

const figure = (value: number): string => value.toLocaleString('en-US', { maximumSignificantDigits: 3 })

/** Clients a second that the spread announced to 100,000 of them asks for: packages/server/src/options.ts. */
export const STORM_MEAN = 1_000
const STORM_SECONDS = 180
const OUTAGE_SECONDS = 30

function cell({ values }: Row): string {
  if (values.length === 0) return 'never'
  if (values.length === 1) return figure(values[0]!)
  return `${figure(median(values))} (${figure(Math.min(...values))}–${figure(Math.max(...values))})`
}

/** Measures down, contestants across. */
function table({ rows }: Part): string {
  const names = [...new Set(rows.map(({ contestant }) => contestant))]
  const measures = [...new Set(rows.map(({ measure }) => measure))]
  const line = (measure: string): string => {
    const own = rows.filter((row) => row.measure === measure)
    const cells = names.map((name) => {
      const row = own.find(({ contestant }) => contestant === name)
      return row ? cell(row) : '-'
    })
    return `| ${measure}, ${own[0]!.unit} | ${cells.join(' | ')} |`
  }
  return [`| | ${names.join(' | ')} |`, `| --- | ${names.map(() => '---:').join(' | ')} |`, ...measures.map(line)].join(
    '\n',
  )
}

/** One line for each figure, where there is nobody to compare with. */
function list({ rows }: Part): string {
  const lines = rows.map((row) => `| ${row.contestant} | ${row.measure} | ${cell(row)} ${row.unit} |`)
  return ['| | | |', '| --- | --- | ---: |', ...lines].join('\n')
}

function bars(part: Part, measure: string): Bar[] {
  return part.rows
    .filter((row) => row.measure === measure && row.values.length)
    .map(({ contestant, values }) => ({
      name: contestant,
      value: median(values),
      low: Math.min(...values),
      high: Math.max(...values),
    }))
}

const drawn: readonly [part: PartName, measure: string, file: string, title: string][] = [
  ['node', 'pipelined 64 B', 'bench-acknowledged-node.svg', 'Acknowledged sends in Node, 64 B, messages per second'],
  [
    'chromium',
    'pipelined 64 B',
    'bench-acknowledged-chromium.svg',
    'Acknowledged sends in Chromium, 64 B, messages per second',
  ],
  ['node', 'receive 64 B', 'bench-receive-node.svg', 'Receiving in Node, 64 B, messages per second'],
  ['chromium', 'receive 64 B', 'bench-receive-chromium.svg', 'Receiving in Chromium, 64 B, messages per second'],
  ['heap', 'heap per idle client', 'bench-heap.svg', 'Heap of an idle client in Node, KB'],
  ['recovery', 'black hole: to the next message', 'bench-black-hole.svg', 'From a black hole to the next message, ms'],
]

function draw(results: Results): Record<string, string> {
  const plots: Record<string, string> = {}
  for (const [part, measure, file, title] of drawn) {
    const result = results[part]
    if (result && bars(result, measure).length) plots[file] = barPlot(title, bars(result, measure))
  }
  const series = results.storm?.series
  if (series)
    plots['bench-storm.svg'] = linePlot(
      'Attempts in each second, 100,000 clients, server back after 30 s',
      series,
      STORM_SECONDS,
      OUTAGE_SECONDS,
    )
  return plots
}

const verdict = ({ holds }: Target): string => (holds === null ? 'not measured' : holds ? 'yes' : '**no**')

function targetTable(targets: readonly Target[]): string {
  const line = (target: Target): string =>
    `| ${target.claim} | ${target.wanted} | ${target.measured === null ? '-' : figure(target.measured)} | ${verdict(target)} |`
  return [
    '| what was set out for | wanted | measured | holds |',
    '| --- | --- | ---: | --- |',
    ...targets.map(line),
  ].join('\n')
}

function machine(results: Results): string {
  const all = parts.flatMap((name) => results[name] ?? [])
  if (!all.length) return 'Nothing has been measured.'
  const { machine: own, versions } = all[0]!
  const chromium = all.find((part) => part.machine.chromium)?.machine.chromium
  const dates = [...new Set(all.map(({ date }) => date))].sort()
  const loads = all.map((part) => part.machine.load)
  return [
    `${own.cpu}, ${own.cores} cores, ${own.memory}; Node ${own.node.slice(1)}${chromium ? `, Chromium ${chromium}` : ''}; ${dates.join(', ')}. `,
    `Processes that wanted a processor when the parts began (load): ${Math.min(...loads)} to ${Math.max(...loads)}. `,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('')
}

function section(results: Results, plots: Record<string, string>, part: PartName): string[] {
  const result = results[part]
  if (!result) return []
  const images = drawn
    .filter(([of, , file]) => of === part && file in plots)
    .map(([, , file, title]) => `![${title}](images/${file})`)
  if (part === 'storm' && 'bench-storm.svg' in plots) images.push('![Attempts in each second](images/bench-storm.svg)')
  const { title, text } = headings[part]
  const rounds = result.rounds > 1 && part !== 'size' ? `Rounds: ${result.rounds}.` : ''
  return [`## ${title}`, `${text} ${rounds}`.trim(), ...images, part === 'load' ? list(result) : table(result)]
}

export function pageOf(results: Results): Page {
  const plots = draw(results)
  const cited = Object.entries(formulas).map(([name, place]) => `- ${name}: ${place}`)
  const markdown = [
    opening,
    machine(results),
    '## What was set out for, and what was reached',
    targetTable(targetsOf(results, STORM_MEAN)),
    '## Where Holdfast loses',
    losses(results),
    reasons,
    ...method,
    ...parts.flatMap((part) => section(results, plots, part)),
    'The formulas of the storm, as installed:',
    cited.join('\n'),
    ...closing,
  ].join('\n\n')
  return { markdown: `${markdown}\n`, plots }
}
