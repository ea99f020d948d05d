// The promise, as figures: what was observed at both ends, and what follows from it.
import { byId, count, make, plural, say } from './dom.ts'

/** Faults of the two directions; all of them should be 0. */
interface Verdict {
  up: { lost: number; doubled: number; reordered: number; misreported: number }
  down: { lost: number; doubled: number; reordered: number }
}

interface Counted {
  up: Record<string, number>
  down: Record<string, number>
}

export interface VerdictCard {
  show(verdict: Verdict, counted: Counted, told: { checked: number; strikes: number; missing: number }): void
}

const faults = ['lost', 'doubled', 'reordered'] as const

export function createVerdictCard(): VerdictCard {
  const card = byId('verdict', HTMLElement)
  const title = byId('verdict-title', HTMLElement)
  const text = byId('verdict-text', HTMLElement)
  const tiles = faults.map((fault) => createTile(fault))
  byId('verdict-tiles', HTMLElement).append(...tiles.map(({ element }) => element))
  const up = createCounters('Up: this page to the server')
  const down = createCounters('Down: the server to this page')
  byId('counters', HTMLElement).append(up.element, down.element)

  return {
    show(verdict, counted, { checked, strikes, missing }) {
      faults.forEach((fault, index) => tiles[index]!.show(verdict.up[fault], verdict.down[fault]))
      const wrong = faults.reduce((sum, fault) => sum + verdict.up[fault] + verdict.down[fault], verdict.up.misreported)
      card.classList.toggle('broken', wrong > 0)
      say(
        title,
        wrong > 0
          ? 'The promise is broken.'
          : strikes > 0
            ? 'Nothing lost, doubled or reordered.'
            : 'Break the network.',
      )
      say(text, strikes === 0 && wrong === 0 ? invitation : summary(verdict, checked, strikes, missing))
      up.show(counted.up)
      down.show(counted.down)
    },
  }
}

const invitation =
  'Every message, both ways, is numbered and checked at both ends. Press any weather button, or its key.'

function summary({ up }: Verdict, checked: number, strikes: number, missing: number): string {
  const parts = [`${plural(checked, 'message')} checked at both ends, through ${plural(strikes, 'weather event')}.`]
  if (missing > 0) parts.push(`${plural(missing, 'message')} went down with a server, announced as a gap.`)
  if (up.misreported > 0) parts.push(`${plural(up.misreported, 'outcome')} told wrongly.`)
  return parts.join(' ')
}

function createTile(fault: (typeof faults)[number]): { element: HTMLElement; show(up: number, down: number): void } {
  const sign = make('span', { className: 'sign' })
  sign.setAttribute('aria-hidden', 'true')
  const figure = make('strong', { id: `total-${fault}` })
  const parts = make('span', { className: 'parts' })
  const element = make(
    'div',
    { className: 'tile' },
    sign,
    figure,
    make('span', { className: 'what', textContent: fault }),
    parts,
  )
  return {
    element,
    show(up, down) {
      element.classList.toggle('bad', up + down > 0)
      say(sign, up + down > 0 ? '✕' : '✓')
      say(figure, count(up + down))
      say(parts, `${count(up)} up, ${count(down)} down`)
    },
  }
}

function createCounters(title: string): { element: HTMLElement; show(values: Record<string, number>): void } {
  const list = make('dl')
  const shown = new Map<string, HTMLElement>()
  const element = make('div', {}, make('h2', { textContent: title }), list)
  return {
    element,
    show(values) {
      for (const [name, value] of Object.entries(values)) {
        let figure = shown.get(name)
        if (!figure) {
          figure = make('dd')
          figure.dataset.count = name
          shown.set(name, figure)
          list.append(make('div', {}, make('dt', { textContent: name }), figure))
        }
        say(figure, count(value))
      }
    },
  }
}
