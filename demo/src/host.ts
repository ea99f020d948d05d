// The host's metrics. A cut leaves no hole in these lines: what was missed is replayed, and drawn in the colour of replayed data.
import type { HostSample } from '../shared/contract.ts'
import { paint, type Surface } from './canvas.ts'
import { byId, make, say } from './dom.ts'
import { metrics, type Metric } from './metrics.ts'

export interface HostCards {
  take(sample: HostSample, replayed: boolean): void
  draw(): void
}

/** One minute at two samples per second. */
const KEPT = 120

interface Kept {
  sample: HostSample
  replayed: boolean
}

export function createHostCards(): HostCards {
  const kept: Kept[] = []
  let changed = false
  const cards = metrics.map((metric) => {
    const figure = make('strong')
    const canvas = make('canvas', { height: 44 })
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', `${metric.name} over the last minute`)
    const element = make('div', { className: 'host-card' }, make('span', { textContent: metric.name }), figure, canvas)
    return { metric, figure, canvas, element }
  })
  byId('host-cards', HTMLElement).append(...cards.map(({ element }) => element))
  const note = byId('host-note', HTMLElement)
  note.append(make('i', { className: 'key' }), 'filled in by replay')

  return {
    take(sample, replayed) {
      kept.push({ sample, replayed })
      if (kept.length > KEPT) kept.shift()
      changed = true
    },
    draw() {
      const last = kept.at(-1)?.sample
      if (!changed || !last) return
      changed = false
      for (const { metric, figure, canvas } of cards) {
        say(figure, metric.text(last))
        paint(canvas, (surface) => drawLine(surface, metric, kept))
      }
    },
  }
}

function drawLine({ context, width, height, color }: Surface, { value, top }: Metric, kept: readonly Kept[]): void {
  const last = kept.at(-1)!.sample
  const highest = Math.max(...kept.map(({ sample }) => value(sample)), top?.(last) ?? 0) || 1
  const x = ({ n }: HostSample): number => width - ((last.n - n) / KEPT) * width
  const y = (sample: HostSample): number => height - 2 - (value(sample) / highest) * (height - 6)
  context.lineWidth = 1.75
  context.lineJoin = 'round'
  for (let i = 1; i < kept.length; i++) {
    const [before, point] = [kept[i - 1]!, kept[i]!]
    // What was missed for good leaves a hole: no line across what nobody knows.
    if (point.sample.n !== before.sample.n + 1) continue
    context.strokeStyle = color(point.replayed ? '--weather' : '--accent')
    context.beginPath()
    context.moveTo(x(before.sample), y(before.sample))
    context.lineTo(x(point.sample), y(point.sample))
    context.stroke()
  }
}
