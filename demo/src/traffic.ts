// How much is sent each way. The stream down is the service's and shared by all tabs; the sends up are this page's own.
import { byId, count, say } from './dom.ts'

export interface Traffic {
  /** The service's rate, unless somebody is moving the slider here. */
  show(rate: number): void
  burst(): void
}

const TOP = { rate: 1_000, pace: 200 } as const
/** Sends are due in runs; a tab that was asleep does not make up for more than this, in ms. */
const EVERY = 50
const LONGEST_RUN = 1_000

export function createTraffic(setRate: (perSecond: number) => void, send: (amount: number) => void): Traffic {
  const rate = createSlider('rate', TOP.rate)
  const pace = createSlider('pace', TOP.pace)
  const size = byId('burst-size', HTMLInputElement)
  let settled = -Infinity
  const burst = (): void => {
    if (size.checkValidity()) send(size.valueAsNumber)
  }

  rate.input.addEventListener('input', () => {
    settled = performance.now() + 1_500
    rate.label()
  })
  rate.input.addEventListener('change', () => setRate(rate.value()))
  pace.input.addEventListener('input', pace.label)
  pace.set(10)
  byId('burst', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    burst()
  })
  keepSending(pace.value, send)

  return {
    burst,
    show(perSecond) {
      if (performance.now() > settled) rate.set(perSecond)
    },
  }
}

function keepSending(pace: () => number, send: (amount: number) => void): void {
  let last = performance.now()
  let due = 0
  setInterval(() => {
    const now = performance.now()
    due += (pace() * Math.min(now - last, LONGEST_RUN)) / 1_000
    last = now
    const whole = Math.floor(due)
    due -= whole
    if (whole > 0) send(whole)
  }, EVERY)
}

interface Slider {
  input: HTMLInputElement
  value(): number
  set(perSecond: number): void
  label(): void
}

/** Equal steps multiply: 1 to 1,000 a second needs fine control at the low end. The leftmost position is 0. */
function createSlider(id: string, top: number): Slider {
  const input = byId(id, HTMLInputElement)
  const output = byId(`${id}-value`, HTMLOutputElement)
  const steps = Number(input.max)
  const value = (): number => {
    const position = input.valueAsNumber
    return position === 0 ? 0 : round(top ** ((position - 1) / (steps - 1)))
  }
  const label = (): void => {
    const text = `${count(value())} per second`
    say(output, text)
    input.setAttribute('aria-valuetext', text)
  }
  return {
    input,
    value,
    label,
    set(perSecond) {
      const position = perSecond < 1 ? 0 : 1 + (Math.log(perSecond) / Math.log(top)) * (steps - 1)
      input.valueAsNumber = Math.round(position)
      label()
    },
  }
}

/** To two digits. */
function round(n: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1)
  return Math.round(n / unit) * unit
}
