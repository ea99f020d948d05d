// Small time series on the timeline's axis.
import { byId, make, say } from './dom.ts'
import { paint, SMALL, type Surface } from './canvas.ts'
import { SPAN } from './timeline.ts'

export interface Plot {
  add(series: number, at: number, value: number): void
  /** The figure beside the title. */
  figure(text: string): void
  draw(now: number): void
}

export interface PlotOptions {
  title: string
  series: { name: string; color: string; shape: 'area' | 'line' | 'dots' | 'bars' }[]
  scale: 'linear' | 'log'
  /** Values as they stand on the axis. */
  format(value: number): string
}

type Point = readonly [at: number, value: number]

/** Points kept per series: ten a second for the whole span, and some. */
const MAX_POINTS = 1_600
const PAD = { top: 8, bottom: 6, left: 52 } as const

export function createPlot({ title, series, scale, format }: PlotOptions): Plot {
  const points: Point[][] = series.map(() => [])
  const figure = make('span', { className: 'figure' })
  const canvas = make('canvas', { height: 110 })
  canvas.setAttribute('role', 'img')
  canvas.setAttribute('aria-label', `${title} over the last two minutes`)
  const legend = make('ul', { className: 'legend' })
  for (const { name, color } of series) legend.append(make('li', {}, make('i', { className: color }), name))
  const head = make('div', { className: 'head' }, make('h2', { textContent: title }), figure)
  byId('plots', HTMLElement).append(make('section', { className: 'card plot' }, head, canvas, legend))

  return {
    figure: (text) => say(figure, text),
    add(index, at, value) {
      const list = points[index]!
      list.push([at, value])
      if (list.length > 2 * MAX_POINTS) list.splice(0, list.length - MAX_POINTS)
    },
    draw(now) {
      const shown = points.map((list) => list.filter(([at]) => at > now - SPAN))
      paint(canvas, (surface) => {
        const axis = axisOf(scale, Math.max(...shown.flat().map(([, value]) => value), 0))
        const y = (value: number): number => PAD.top + (1 - axis.share(value)) * (surface.height - PAD.top - PAD.bottom)
        const x = (at: number): number => PAD.left + (1 - (now - at) / SPAN) * (surface.width - PAD.left)
        drawAxis(surface, axis.ticks, y, format)
        shown.forEach((list, index) => {
          const { color, shape } = series[index]!
          shapes[shape](
            surface,
            list.map(([at, value]) => [x(at), y(value)]),
            y(0),
            surface.color(`--${color}`),
          )
        })
      })
    },
  }
}

interface Axis {
  ticks: number[]
  share(value: number): number
}

function axisOf(scale: PlotOptions['scale'], top: number): Axis {
  if (scale === 'log') {
    const powers = Math.max(3, Math.ceil(Math.log10(Math.max(top, 1))))
    const ticks = Array.from({ length: powers + 1 }, (_, power) => 10 ** power)
    return { ticks, share: (value) => Math.max(0, Math.log10(Math.max(value, 1)) / powers) }
  }
  const step = 10 ** Math.floor(Math.log10(Math.max(top, 10)))
  const limit = [1, 2, 5, 10].map((factor) => factor * step).find((value) => value >= top) ?? 10 * step
  return { ticks: [0, limit / 2, limit], share: (value) => value / limit }
}

function drawAxis(
  surface: Surface,
  ticks: number[],
  y: (value: number) => number,
  format: (value: number) => string,
): void {
  const { context, width, color } = surface
  context.font = SMALL
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  context.strokeStyle = color('--line')
  context.fillStyle = color('--muted')
  context.lineWidth = 1
  for (const tick of ticks) {
    const at = Math.round(y(tick)) + 0.5
    context.beginPath()
    context.moveTo(PAD.left, at)
    context.lineTo(width, at)
    context.stroke()
    context.fillText(format(tick), PAD.left - 6, at)
  }
}

type Draw = (surface: Surface, points: Point[], floor: number, color: string) => void

function line(context: CanvasRenderingContext2D, points: Point[]): void {
  context.beginPath()
  for (const [x, y] of points) context.lineTo(x, y)
}

const shapes: Record<PlotOptions['series'][number]['shape'], Draw> = {
  line({ context }, points, _floor, color) {
    line(context, points)
    context.strokeStyle = color
    context.lineWidth = 1.75
    context.lineJoin = 'round'
    context.stroke()
  },
  area(surface, points, floor, color) {
    const { context } = surface
    const [first, last] = [points[0], points.at(-1)]
    if (!first || !last) return
    line(context, points)
    context.lineTo(last[0], floor)
    context.lineTo(first[0], floor)
    context.fillStyle = color
    context.globalAlpha = 0.18
    context.fill()
    context.globalAlpha = 1
    shapes.line(surface, points, floor, color)
  },
  dots({ context }, points, _floor, color) {
    context.fillStyle = color
    for (const [x, y] of points) context.fillRect(x - 1, y - 1, 2.25, 2.25)
  },
  bars({ context, width }, points, floor, color) {
    const bar = Math.max(1, ((width - PAD.left) / (SPAN / 1_000)) * 0.8)
    context.fillStyle = color
    for (const [x, y] of points) context.fillRect(Math.max(PAD.left, x - bar), y, bar, floor - y)
  },
}
