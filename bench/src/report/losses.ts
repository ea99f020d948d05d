// "Where Holdfast loses": every measure in which somebody did better, from the results and not from memory.
import type { PartName, Row } from '../results.ts'
import { parts } from '../results.ts'
import { median } from '../statistics.ts'
import type { Results } from './targets.ts'

/** What is better the more there is of it; of everything else, less is better. */
const moreIsBetter = (unit: Row['unit']): boolean => unit === 'messages/s'

/** Differences below this are noise of a machine that does other things, too. */
const NOISE = 1.05

const places: Record<PartName, string> = {
  node: 'Node',
  chromium: 'Chromium',
  heap: 'Node',
  size: '',
  recovery: '',
  storm: '',
  load: '',
}

interface Loss {
  what: string
  by: string[]
}

/** Attempts and recovery of the storm are two ends of one balance; the load is Holdfast's alone. */
const compared: readonly PartName[] = parts.filter((part) => part !== 'load')

function lossesOf(part: PartName, rows: readonly Row[]): Loss[] {
  const own = rows.filter(({ contestant, values }) => contestant === 'holdfast' && values.length)
  return own.flatMap(({ measure, unit, values }) => {
    const mine = median(values)
    const by = rows
      .filter((row) => row.measure === measure && !row.contestant.startsWith('holdfast') && row.values.length)
      .map((row) => ({ name: row.contestant, value: median(row.values) }))
      .map(({ name, value }) => ({ name, factor: moreIsBetter(unit) ? value / mine : mine / value }))
      .filter(({ factor }) => factor > NOISE)
      .sort((a, b) => b.factor - a.factor)
      .map(({ name, factor }) => `${name} ${Number.isFinite(factor) ? `× ${factor.toPrecision(2)}` : '(none)'}`)
    const place = places[part]
    return by.length ? [{ what: place ? `${place}: ${measure}` : measure, by }] : []
  })
}

export function losses(results: Results): string {
  const all = compared.flatMap((part) => lossesOf(part, results[part]?.rows ?? []))
  if (!all.length) return 'Nowhere in these measures.'
  return [
    'Every measure in which somebody did better by more than 5 percent, and how many times better:',
    ['| measure | better |', '| --- | --- |', ...all.map(({ what, by }) => `| ${what} | ${by.join(', ')} |`)].join(
      '\n',
    ),
  ].join('\n\n')
}
