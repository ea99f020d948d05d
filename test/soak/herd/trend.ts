/** Whether something grows, by least squares, and how sure that is. Pure. */

/** When, in hours, how much, and how much of a load that is known to weigh something there was. */
export type Sample = readonly [at: number, value: number, load: number]

export interface Trend {
  /** Growth an hour, at equal load. */
  readonly slope: number
  /** The true slope lies within so much of it, in 19 cases of 20. */
  readonly margin: number
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
const product = (a: readonly number[], b: readonly number[]): number => sumOf(a.map((value, n) => value * b[n]!))

function centred(values: readonly number[]): number[] {
  const mean = sumOf(values) / values.length
  return values.map((value) => value - mean)
}
/** What is left of the values once the part that follows the load is taken away (Frisch and Waugh). Both centred. */
function without(values: readonly number[], load: readonly number[]): number[] {
  const spread = product(load, load)
  const share = spread ? product(values, load) / spread : 0
  return values.map((value, n) => value - share * load[n]!)
}

/**
 * A heap holds the connections that happen to be open, which faults make come and go by hundreds: growth is that of a heap with equally many.
 * And a heap that is high now is high in ten seconds, too, so that its samples tell less than as many independent ones would: the margin is
 * widened by how alike neighbours are (noise of first order, whose likeness a line through few samples shows too small: Kendall's correction).
 */
export function trendOf(samples: readonly Sample[]): Trend {
  if (samples.length < 5) return { slope: 0, margin: Infinity }
  const load = centred(samples.map(([, , value]) => value))
  const [x, y] = ([0, 1] as const).map((n) => without(centred(samples.map((sample) => sample[n])), load)) as [
    number[],
    number[],
  ]
  const spread = product(x, x)
  const slope = product(x, y) / spread
  const rest = y.map((value, n) => value - slope * x[n]!)
  const noise = product(rest, rest)
  const shown = noise ? product(rest.slice(1), rest) / noise : 0
  const alike = Math.min(0.98, Math.max(0, shown + (2 + 4 * shown) / samples.length))
  const widened = Math.sqrt((1 + alike) / (1 - alike))
  return { slope, margin: 2 * Math.sqrt(noise / (samples.length - 3) / spread) * widened }
}
