// What is told of the host, in words and as numbers.
import type { HostSample } from '../shared/contract.ts'
import { bytes, milliseconds } from './dom.ts'

export interface Metric {
  name: string
  /** What the line shows. */
  value(sample: HostSample): number
  text(sample: HostSample): string
  /** Top of the scale; without it the highest value seen. */
  top?(sample: HostSample): number
}

const GIB = 2 ** 30
export const metrics: readonly Metric[] = [
  {
    name: 'CPU',
    value: ({ cpu }) => cpu,
    text: ({ cpu, cores }) => `${Math.round(cpu * 100)} % of ${cores}`,
    top: () => 1,
  },
  {
    name: 'Memory',
    value: ({ memoryUsed }) => memoryUsed,
    text: ({ memoryUsed, memoryTotal }) => `${(memoryUsed / GIB).toFixed(1)} of ${(memoryTotal / GIB).toFixed(1)} GiB`,
    top: ({ memoryTotal }) => memoryTotal,
  },
  { name: 'Load, 1 min', value: ({ load }) => load, text: ({ load }) => load.toFixed(2), top: ({ cores }) => cores },
  { name: 'Event loop late', value: ({ loopDelay }) => loopDelay, text: ({ loopDelay }) => milliseconds(loopDelay) },
  { name: 'Server process', value: ({ rss }) => rss, text: ({ rss }) => bytes(rss) },
]
