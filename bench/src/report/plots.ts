// Plots as small SVG files, readable on a light page and on a dark one.

const WIDTH = 720
const LEFT = 150
const RIGHT = 110
const ROW = 26
const TOP = 44

const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.minor { fill: #57606a }
.bar { fill: #8c959f }
.own { fill: #1a7f64 }
.line { fill: none; stroke-width: 1.5; stroke: #8c959f }
.spread { stroke: #24292f }
.grid { stroke: #d0d7de }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.minor { fill: #9198a1 }
.bar { fill: #6e7681 }
.own { fill: #3fb68b }
.line { stroke: #6e7681 }
.spread { stroke: #e6edf3 }
.grid { stroke: #30363d }
}
</style>`

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const figure = (value: number): string => value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
const px = (value: number): string => value.toFixed(1)

function frame(title: string, height: number, body: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    style,
    `<text class="title" x="8" y="22">${escaped(title)}</text>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')
}

export interface Bar {
  name: string
  /** The median, and the least and the most of the rounds. */
  value: number
  low: number
  high: number
}

/** One bar for each contestant, its length in proportion, with a line from the least to the most. */
export function barPlot(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ high }) => high))
  const scale = (value: number): number => (value / most) * (WIDTH - LEFT - RIGHT)
  const rows = bars.flatMap(({ name, value, low, high }, n) => {
    const y = TOP + n * ROW
    return [
      `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>`,
      `<rect class="${name === 'holdfast' ? 'own' : 'bar'}" x="${LEFT}" y="${y}" width="${px(Math.max(1, scale(value)))}" height="17" rx="2"/>`,
      `<line class="spread" x1="${px(LEFT + scale(low))}" x2="${px(LEFT + scale(high))}" y1="${y + 8.5}" y2="${y + 8.5}"/>`,
      `<text class="minor" x="${px(LEFT + scale(high) + 8)}" y="${y + 13}">${figure(value)}</text>`,
    ]
  })
  return frame(title, TOP + bars.length * ROW + 10, rows)
}

const CHART = 200
/** Room for the figures of the scale. */
const MARGIN = 80

/** A line for each contestant over the seconds; the scale of values is logarithmic, for they differ by a thousand. */
export function linePlot(
  title: string,
  series: Readonly<Record<string, readonly number[]>>,
  seconds: number,
  mark: number,
): string {
  const most = 6
  const x = (second: number): number => MARGIN + (second / seconds) * (WIDTH - MARGIN - 120)
  const y = (value: number): number => TOP + CHART * (1 - Math.log10(Math.max(1, value)) / most)
  const grid = [1, 100, 10_000, 1_000_000].flatMap((value) => [
    `<line class="grid" x1="${MARGIN}" x2="${WIDTH - 120}" y1="${px(y(value))}" y2="${px(y(value))}"/>`,
    `<text class="minor" x="${MARGIN - 6}" y="${px(y(value) + 4)}" text-anchor="end">${figure(value)}</text>`,
  ])
  const axis = [0, mark, seconds].map(
    (second) =>
      `<text class="minor" x="${px(x(second))}" y="${TOP + CHART + 18}" text-anchor="middle">${second} s</text>`,
  )
  const back = `<line class="grid" x1="${px(x(mark))}" x2="${px(x(mark))}" y1="${TOP}" y2="${TOP + CHART}" stroke-dasharray="4 4"/>`
  const colours = ['#1a7f64', '#bf5b04', '#8250df', '#0969da', '#cf222e', '#9a6700']
  const lines = Object.entries(series).flatMap(([name, counts], n) => {
    const points = Array.from(
      { length: seconds },
      (_, second) => `${px(x(second + 0.5))},${px(y(counts[second] ?? 0))}`,
    )
    const colour = colours[n % colours.length]!
    return [
      `<polyline class="line" style="stroke: ${colour}" points="${points.join(' ')}"/>`,
      `<text x="${WIDTH - 108}" y="${TOP + 14 + n * 20}" style="fill: ${colour}">${escaped(name)}</text>`,
    ]
  })
  return frame(title, TOP + CHART + 30, [...grid, ...axis, back, ...lines])
}
