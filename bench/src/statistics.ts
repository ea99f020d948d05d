/** The value below which this share of the values lies, 0 to 1; between two values in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)]!
  return low + (sorted[Math.ceil(at)]! - low) * (at % 1)
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** To four digits: more would only be noise in the files. */
export const rounded = (value: number): number => Number(value.toPrecision(4))
