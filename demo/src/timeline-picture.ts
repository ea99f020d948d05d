// Draws the timeline. Colours are never alone: every band is labelled where it fits, and what is not "open" is hatched.
import type { WeatherEvent } from '../shared/contract.ts'
import { byId, make } from './dom.ts'
import { paint, SMALL, type Surface } from './canvas.ts'
import { SPAN, type Band, type History } from './timeline.ts'
import { transportNames, weatherName } from './words.ts'

const LABELS = 76
const LANES = { status: 6, transport: 36, weather: 68 } as const
const BAND = 22
const ROW = 18

const statusColors: Readonly<Record<string, string>> = {
  open: '--accent',
  connecting: '--warn',
  reconnecting: '--warn',
  offline: '--idle',
  idle: '--idle',
  closed: '--idle',
}
const transportColors: Readonly<Record<string, string>> = {
  webSocket: '--accent',
  eventSource: '--second',
  longPolling: '--third',
}

export function createTimelinePicture(history: Readonly<History>): (now: number) => void {
  const canvas = byId('timeline-canvas', HTMLCanvasElement)
  const legend: [string, string][] = [
    ['open', 'accent'],
    ['reconnecting', 'warn hatched'],
    ['offline, closed', 'idle hatched'],
    ['weather', 'weather'],
  ]
  for (const [text, kind] of legend) {
    byId('timeline-legend', HTMLElement).append(make('li', {}, make('i', { className: kind }), text))
  }
  return (now) => paint(canvas, (surface) => draw(surface, history, now))
}

function draw(surface: Surface, history: Readonly<History>, now: number): void {
  const { context, width, height, color } = surface
  const left = width < 500 ? 4 : LABELS
  const x = (at: number): number => Math.max(left, left + ((at - now + SPAN) / SPAN) * (width - left))
  context.font = SMALL
  context.textBaseline = 'middle'
  drawGrid(surface, left)
  if (left === LABELS) {
    context.fillStyle = color('--muted')
    context.textAlign = 'left'
    for (const [lane, y] of Object.entries(LANES)) context.fillText(lane, 0, y + BAND / 2)
  }
  for (const { value, from, to } of history.status) {
    drawBand(
      surface,
      x(from),
      x(Math.min(to, now)),
      LANES.status,
      value,
      color(statusColors[value] ?? '--idle'),
      value !== 'open',
    )
  }
  for (const { value, from, to } of history.transport) {
    const fill = color(transportColors[value] ?? '--idle')
    drawBand(surface, x(from), x(Math.min(to, now)), LANES.transport, transportNames[value] ?? value, fill, false)
  }
  drawWeather(surface, history, x, now, height)
}

function drawGrid({ context, width, height, color }: Surface, left: number): void {
  context.strokeStyle = color('--line')
  context.fillStyle = color('--muted')
  context.lineWidth = 1
  for (let ago = 120; ago >= 0; ago -= width < 500 ? 60 : 30) {
    const at = Math.round(left + (1 - (ago * 1_000) / SPAN) * (width - left)) - (ago === 0 ? 1 : 0) + 0.5
    context.beginPath()
    context.moveTo(at, 0)
    context.lineTo(at, height - 16)
    context.stroke()
    context.textAlign = ago === 120 ? 'left' : ago === 0 ? 'right' : 'center'
    context.fillText(ago === 0 ? 'now' : `${ago} s ago`, at, height - 7)
  }
}

function drawBand(
  { context, color }: Surface,
  from: number,
  to: number,
  y: number,
  label: string,
  fill: string,
  hatched: boolean,
): void {
  const width = Math.max(to - from, 1.5)
  context.fillStyle = fill
  context.fillRect(from, y, width, BAND)
  context.save()
  context.beginPath()
  context.rect(from, y, width, BAND)
  context.clip()
  if (hatched) hatch(context, from, y, width, color('--card'))
  if (width > context.measureText(label).width + 12 && !hatched) {
    context.fillStyle = color('--on-band')
    context.textAlign = 'left'
    context.fillText(label, from + 6, y + BAND / 2)
  }
  context.restore()
}

function hatch(context: CanvasRenderingContext2D, from: number, y: number, width: number, stroke: string): void {
  context.strokeStyle = stroke
  context.globalAlpha = 0.55
  context.lineWidth = 2
  context.beginPath()
  for (let at = from - BAND; at < from + width; at += 7) {
    context.moveTo(at, y + BAND)
    context.lineTo(at + BAND, y)
  }
  context.stroke()
  context.globalAlpha = 1
}

interface Item extends Band {
  mark: boolean
  /** Part of a storm: shown, but not named. */
  gust: boolean
}

function itemsOf({ weather, marks }: Readonly<History>): Item[] {
  const storms = weather.filter(({ value }) => value === 'storm')
  const isGust = (value: string, at: number): boolean =>
    value !== 'storm' && storms.some(({ from, to }) => at >= from && at <= to)
  return [
    ...weather.map((band) => ({ ...band, mark: false, gust: isGust(band.value, band.from) })),
    ...marks.map(({ at, weather }) => ({ value: weather, from: at, to: at, mark: true, gust: isGust(weather, at) })),
  ].sort((a, b) => a.from - b.from)
}

/** Strokes are lines from their name up, conditions bars. A name takes the first row where it covers nothing, or is left out. */
function drawWeather(
  surface: Surface,
  history: Readonly<History>,
  x: (at: number) => number,
  now: number,
  height: number,
): void {
  const { context, color, width } = surface
  const ends = Array.from({ length: Math.max(1, Math.floor((height - LANES.weather - 18) / ROW)) }, () => -Infinity)
  context.textAlign = 'left'
  for (const { value, from, to, mark, gust } of itemsOf(history)) {
    const label = gust ? '' : weatherName(value as WeatherEvent['weather'])
    const [start, end] = [x(from), Math.max(x(Math.min(to, now)), x(from) + 2)]
    const textWidth = context.measureText(label).width
    const labelAt = Math.min(start + 5, width - textWidth - 2)
    const free = ends.findIndex((taken) => taken < Math.min(start, labelAt) - 4)
    const row = free === -1 ? ends.indexOf(Math.min(...ends)) : free
    const y = LANES.weather + row * ROW
    ends[row] = Math.max(end, gust ? 0 : labelAt + textWidth)
    context.fillStyle = color('--weather')
    context.globalAlpha = mark ? 0.85 : 0.28
    if (mark) context.fillRect(start - 0.75, 0, 1.5, y + ROW - 3)
    else context.fillRect(start, y, end - start, ROW - 3)
    context.globalAlpha = 1
    context.fillStyle = color('--text')
    if (free !== -1) context.fillText(label, labelAt, y + (ROW - 3) / 2)
  }
}
