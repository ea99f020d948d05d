// The server's half of every measure, the same for all: counts what comes, pushes bursts when told to.
import { BURST, ORDER, createTally, textsOf } from './contract.ts'

/** What the server says of one client. `push` sends it a message; the result takes each message that has come from it. */
export type Attend = (push: (text: string) => void) => (text: string) => void

export const attend: Attend = (push) => {
  let tally = createTally(false)
  let expected = Infinity
  let prepared: string[] = []

  const tell = (): void => {
    expected = Infinity
    push(`${ORDER}${JSON.stringify({ count: tally.count, bytes: tally.bytes, ordered: tally.ordered })}`)
  }
  function burst(from: number): void {
    const to = Math.min(from + BURST, prepared.length)
    for (let n = from; n < to; n++) push(prepared[n]!)
    if (to < prepared.length) setImmediate(burst, to)
  }
  function obey(order: string): void {
    const [word = '', count, bytes, strict] = order.split(' ')
    switch (word) {
      case 'expect':
        tally = createTally(strict === 'strict')
        expected = Number(count)
        return push(ORDER)
      case 'told':
        return tell()
      case 'prepare':
        prepared = textsOf(Number(count), Number(bytes))
        return push(ORDER)
      case 'burst':
        return burst(0)
    }
  }
  return (text) => {
    if (text.startsWith(ORDER)) return obey(text.slice(ORDER.length))
    tally.add(text)
    if (tally.count === expected) tell()
  }
}
