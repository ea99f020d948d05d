// What the numbered stream has shown: how many came, how many are missing, how many came twice or too late.

export interface Numbers {
  readonly last: number
  readonly tiles: readonly { name: string; amount: number; isBad: boolean }[]
}

const show = (last: number, received: number, missing: number, wrong: number): Numbers => ({
  last,
  tiles: [
    { name: 'received', amount: received, isBad: false },
    { name: 'missing', amount: missing, isBad: missing > 0 },
    { name: 'doubled or late', amount: wrong, isBad: wrong > 0 },
  ],
})

export const begin: Numbers = show(0, 0, 0, 0)

/** The first number is where the stream was when the page came. */
export function take({ last, tiles }: Numbers, n: number): Numbers {
  const [received, missing, wrong] = tiles.map(({ amount }) => amount) as [number, number, number]
  const skipped = last === 0 ? 0 : Math.max(n - last - 1, 0)
  return show(Math.max(last, n), received + 1, missing + skipped, wrong + (n <= last ? 1 : 0))
}
